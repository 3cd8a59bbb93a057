import { closeSync, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { LayerIndexer } from '../../oci/index.ts';
import { FileWriter } from '../content/file-writer.ts';
import { type Change, changesOf } from '../diff/changes.ts';
import { writeChanges, type WriteChangesOptions } from '../diff/write-changes.ts';
import { guestChanges, recordedAttributes } from './guest-changes.ts';
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

interface Written extends Pick<WriteChangesOptions, 'attributesOf'> {
  changes(directory: number): AsyncIterable<Change>;
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

  /**
   * Makes a layer of what guests of ours wrote to the snapshot with this folder: it has whiteouts as a layer has them,
   * and what the host does not show of its files stands in their attributes.
   */
  async layerOfGuests(folder: string): Promise<string> {
    return await this.#build(async (beside) => {
      const path = join(this.#paths.active, folder);
      return await this.#write(path, beside, {
        changes: (directory) => guestChanges(changesOf(directory, { kind: 'tree', lower: -1 })),
        attributesOf: recordedAttributes,
      });
    });
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
    const diff_id = await this.#build(
      async (beside) =>
        await this.#write(ownPath(this.#paths, folderOf(piece)), beside, {
          changes: (directory) => changesOf(directory, { kind: 'overlay' }),
        }),
    );
    const size = this.#layers.size(diff_id);
    await this.#store.transact(() => this.#tables.layers.put(no_namespace, piece, { diff_id, size }));
    return diff_id;
  }

  async #build(make: (beside: string) => Promise<BuiltLayer>): Promise<string> {
    const beside = join(this.#paths.layers, temporaryName());
    try {
      await mkdir(beside, { mode: 0o700 });
      return (await this.#layers.adopt(await make(beside))).diff_id;
    } catch (thrown) {
      await rm(beside, { recursive: true, force: true });
      if (thrown instanceof WherryError) throw thrown;
      throw fromSystem(thrown, 'Cannot make a layer of the committed snapshot');
    }
  }

  async #write(path: string, beside: string, { changes, attributesOf }: Written): Promise<BuiltLayer> {
    const indexer = new LayerIndexer({ digester });
    const directory = openSync(path, 'r');
    const tar = openSync(join(beside, 'tar'), 'wx', 0o600);
    try {
      const writer = new FileWriter(tar, 0, null);
      await writeChanges(changes(directory), {
        time_max_s: null,
        ...(attributesOf === undefined ? {} : { attributesOf }),
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
