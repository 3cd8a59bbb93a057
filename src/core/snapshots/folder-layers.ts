import { closeSync, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { LayerIndexer } from '../../oci/index.ts';
import { FileWriter } from '../content/file-writer.ts';
import { changesOf } from '../diff/changes.ts';
import { writeChanges } from '../diff/write-changes.ts';
import { digester } from '../digester.ts';
import { syncFolder, temporaryName, writeDurably } from '../durable.ts';
import type { BuiltLayer } from '../layers/build-layer.ts';
import type { LayerStore } from '../layers/layer-store.ts';
import type { Paths } from '../paths.ts';
import type { Store } from '../store/store.ts';
import type { SnapshotPiece } from '../store/rows.ts';
import { no_namespace, type Tables } from '../store/tables.ts';
import { fromSystem } from '../system-error.ts';
import { folderOf, isFolder, ownPath } from './pieces.ts';

export interface FolderLayersOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
  readonly layers: LayerStore;
}

/**
 * Committed snapshots whose content is a directory, as layers: for what reads layers in place, or has to put layers on
 * top. Each is made when it is first needed, and again when it was evicted.
 */
export class FolderLayers {
  readonly #paths: Paths;
  readonly #store: Store;
  readonly #tables: Tables;
  readonly #layers: LayerStore;
  readonly #making = new Map<string, Promise<string>>();

  constructor({ paths, store, tables, layers }: FolderLayersOptions) {
    this.#paths = paths;
    this.#store = store;
    this.#tables = tables;
    this.#layers = layers;
  }

  /** The diffIDs of what a snapshot lies on. */
  async layersOf(pieces: readonly SnapshotPiece[]): Promise<readonly string[]> {
    const diff_ids: string[] = [];
    for (const piece of pieces) diff_ids.push(isFolder(piece) ? await this.#layerOf(piece) : piece);
    return diff_ids;
  }

  #layerOf(piece: SnapshotPiece): Promise<string> {
    const known = this.#tables.layers.find(no_namespace, piece);
    if (known !== null && this.#layers.has(known.diff_id)) return Promise.resolve(known.diff_id);
    let making = this.#making.get(piece);
    if (making === undefined) {
      making = this.#make(piece).finally(() => this.#making.delete(piece));
      this.#making.set(piece, making);
    }
    return making;
  }

  async #make(piece: SnapshotPiece): Promise<string> {
    const beside = join(this.#paths.layers, temporaryName());
    try {
      await mkdir(beside, { mode: 0o700 });
      const { diff_id, size } = await this.#layers.adopt(await this.#write(folderOf(piece), beside));
      await this.#store.transact(() => this.#tables.layers.put(no_namespace, piece, { diff_id, size }));
      return diff_id;
    } catch (thrown) {
      await rm(beside, { recursive: true, force: true });
      if (thrown instanceof WherryError) throw thrown;
      throw fromSystem(thrown, 'Cannot make a layer of the committed snapshot');
    }
  }

  async #write(folder: string, beside: string): Promise<BuiltLayer> {
    const indexer = new LayerIndexer({ digester });
    const directory = openSync(ownPath(this.#paths, folder), 'r');
    const tar = openSync(join(beside, 'tar'), 'wx', 0o600);
    try {
      const writer = new FileWriter(tar, 0, null);
      await writeChanges(changesOf(directory, { kind: 'overlay' }), {
        time_max_s: null,
        write: async (bytes) => {
          indexer.write(bytes);
          const behind = writer.append(bytes);
          if (behind !== null) await behind;
        },
      });
      await writer.finish();
    } finally {
      closeSync(tar);
      closeSync(directory);
    }
    const { index, diffID, size } = indexer.finish();
    await writeDurably(join(beside, 'index'), index);
    await syncFolder(beside);
    return { folder: beside, diff_id: diffID, size };
  }
}
