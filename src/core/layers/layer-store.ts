import { closeSync, fstatSync, openSync, readdirSync, renameSync, statSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { chainID, isDigest, type LayerIndex, mergeIndexes, openIndex, verifyIndex } from '../../oci/index.ts';
import { type Mapped, mapFile } from '../../os/index.ts';
import type { Blobs } from '../content/blobs.ts';
import { digester } from '../digester.ts';
import { syncFolder, temporaryName, writeDurably } from '../durable.ts';
import type { Layers } from '../model.ts';
import type { Paths } from '../paths.ts';
import { no_namespace, type Tables } from '../store/tables.ts';
import type { Store } from '../store/store.ts';
import { fromSystem, isCode } from '../system-error.ts';
import { type BuiltLayer, buildLayer, placeLayer } from './build-layer.ts';

interface Running {
  readonly done: Promise<Made>;
  readonly listeners: Set<(bytes: number) => void>;
}

interface Made {
  readonly diff_id: string;
  readonly size: number;
}

export interface OpenIndex {
  readonly index: LayerIndex;
  close(): void;
}

export interface LayerStoreOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
  readonly blobs: Blobs;
}

/**
 * Layers as they are read: the uncompressed tar and its index, in a folder under the diffID, and for each chain the
 * merged index. A folder that is there is whole, because it was renamed into place.
 */
export class LayerStore implements Layers {
  readonly #paths: Paths;
  readonly #store: Store;
  readonly #tables: Tables;
  readonly #blobs: Blobs;
  readonly #present: Set<string>;
  readonly #chains: Set<string>;
  readonly #building = new Map<string, Running>();
  readonly #chaining = new Map<string, Promise<string>>();

  constructor({ paths, store, tables, blobs }: LayerStoreOptions) {
    this.#paths = paths;
    this.#store = store;
    this.#tables = tables;
    this.#blobs = blobs;
    this.#present = new Set(names(paths.layers));
    this.#chains = new Set(names(paths.chains));
  }

  has(diff_id: string): boolean {
    return isDigest(diff_id) && this.#present.has(hexName(diff_id));
  }

  size(diff_id: string): number {
    return statSync(join(this.#folder(diff_id), 'tar')).size;
  }

  async fromBlob(
    digest: string,
    _media_type: string,
    expected: string | null,
    onProgress?: (bytes: number) => void,
  ): Promise<Made> {
    const made = this.#known(digest) ?? (await this.#build(digest, onProgress));
    if (expected !== null && made.diff_id !== expected) {
      throw new WherryError(
        'DataLoss',
        `Cannot use layer ${digest}: it expands to ${made.diff_id}, and the image's config says ${expected}. The image is wrong; pull another.`,
      );
    }
    return made;
  }

  chain(diff_ids: readonly string[]): Promise<string> {
    const chain_id = chainID(diff_ids, digester);
    if (this.#chains.has(chainName(chain_id))) return Promise.resolve(chain_id);
    let running = this.#chaining.get(chain_id);
    if (running === undefined) {
      running = this.#merge(diff_ids, chain_id).finally(() => this.#chaining.delete(chain_id));
      this.#chaining.set(chain_id, running);
    }
    return running;
  }

  /**
   * Makes sure that the layers and their chain are there, from their blobs if need be.
   *
   * @throws WherryError DataLoss when a layer and its blob are both gone
   */
  async restore(diff_ids: readonly string[]): Promise<void> {
    await this.restoreLayers(diff_ids);
    await this.chain(diff_ids);
  }

  /**
   * Makes sure that the layers are there, from their blobs if need be.
   *
   * @throws WherryError DataLoss when a layer and its blob are both gone
   */
  async restoreLayers(diff_ids: readonly string[]): Promise<void> {
    for (const diff_id of diff_ids) {
      if (this.has(diff_id)) continue;
      const source = this.#tables.layers.all().find(({ key, value }) => isDigest(key) && value.diff_id === diff_id);
      const digest = source?.key ?? (this.#blobs.has(diff_id) ? diff_id : null);
      if (digest === null) {
        throw new WherryError(
          'DataLoss',
          `Cannot use layer ${diff_id}: it is not there and no blob makes it. Pull the image again.`,
        );
      }
      await this.fromBlob(digest, '', diff_id);
    }
  }

  /** Takes over a layer that is whole and durable under a temporary name. */
  async adopt(built: BuiltLayer): Promise<Made> {
    const { diff_id, size } = built;
    await placeLayer(built, this.#paths.layers, this.#paths.layer(diff_id));
    this.#present.add(hexName(diff_id));
    return { diff_id, size };
  }

  /** The index of a layer that is there, checked and mapped until it is closed. */
  openIndex(diff_id: string): OpenIndex {
    const map = mapWhole(join(this.#folder(diff_id), 'index'));
    try {
      verifyIndex(map.bytes, digester);
      return { index: openIndex(map.bytes), close: () => map.unmap() };
    } catch (error) {
      map.unmap();
      throw error;
    }
  }

  /** The path of the uncompressed tar of a layer that is there. */
  tarPath(diff_id: string): string {
    return join(this.#folder(diff_id), 'tar');
  }

  /** Layers and chains that are there, by the hex of their names. */
  present(): { readonly layers: readonly string[]; readonly chains: readonly string[] } {
    return { layers: [...this.#present], chains: [...this.#chains] };
  }

  /** Bytes that the layer of this folder name has alone: a tar that is a blob's own file is counted there. */
  bytesOf(name: string): number {
    const stat = statSync(join(this.#paths.layers, name, 'tar'), { throwIfNoEntry: false });
    return stat === undefined || stat.nlink > 1 ? 0 : stat.size;
  }

  /** Takes a layer out of use at once, by its name; its files go behind the caller's back. */
  discardLayer(name: string): void {
    if (this.#present.delete(name)) this.#discard(this.#paths.layers, name);
  }

  discardChain(name: string): void {
    if (this.#chains.delete(name)) this.#discard(this.#paths.chains, name);
  }

  /** Whether a layer or chain is being made: what it is made of must stay. */
  get busy(): boolean {
    return this.#building.size > 0 || this.#chaining.size > 0;
  }

  #discard(folder: string, name: string): void {
    const away = join(folder, temporaryName());
    renameSync(join(folder, name), away);
    // What a crash leaves of it is removed at boot.
    rm(away, { recursive: true, force: true }).catch(() => {});
  }

  #known(digest: string): Made | null {
    const row = this.#tables.layers.find(no_namespace, digest);
    return row !== null && this.has(row.diff_id) ? row : null;
  }

  async #build(digest: string, onProgress: ((bytes: number) => void) | undefined): Promise<Made> {
    let running = this.#building.get(digest);
    if (running === undefined) {
      const listeners = new Set<(bytes: number) => void>();
      const done = this.#make(digest, listeners).finally(() => this.#building.delete(digest));
      running = { done, listeners };
      this.#building.set(digest, running);
    }
    if (onProgress !== undefined) running.listeners.add(onProgress);
    return await running.done;
  }

  async #make(digest: string, listeners: ReadonlySet<(bytes: number) => void>): Promise<Made> {
    const built: BuiltLayer = await buildLayer({
      digest,
      path: this.#paths.blob(digest),
      size: this.#blobs.size(digest),
      layers: this.#paths.layers,
      onProgress: (bytes) => {
        for (const listener of listeners) listener(bytes);
      },
    });
    const { diff_id, size } = await this.adopt(built);
    // Lost by a crash, it is found again by making the layer once more.
    this.#store.actNow(() => {
      if (this.#blobs.has(digest)) this.#tables.layers.put(no_namespace, digest, { diff_id, size });
    });
    return { diff_id, size };
  }

  async #merge(diff_ids: readonly string[], chain_id: string): Promise<string> {
    const maps: Mapped[] = [];
    const beside = join(this.#paths.chains, temporaryName());
    try {
      const indexes = diff_ids.map((diff_id) => {
        const map = mapWhole(join(this.#folder(diff_id), 'index'));
        maps.push(map);
        verifyIndex(map.bytes, digester);
        return openIndex(map.bytes);
      });
      const merged = mergeIndexes(indexes, digester);
      await mkdir(beside, { mode: 0o700 });
      await writeDurably(join(beside, 'index'), merged);
      await syncFolder(beside);
      await rename(beside, this.#paths.chain(chain_id));
      await syncFolder(this.#paths.chains);
    } catch (thrown) {
      await rm(beside, { recursive: true, force: true });
      throw fromSystem(thrown, `Cannot put the layers of ${chain_id} together`);
    } finally {
      for (const map of maps) map.unmap();
    }
    this.#chains.add(chainName(chain_id));
    return chain_id;
  }

  #folder(diff_id: string): string {
    if (!this.has(diff_id)) throw new WherryError('NotFound', `layer ${diff_id.slice(0, 200)}: not found`);
    return this.#paths.layer(diff_id);
  }
}

/** The name of a layer's folder. */
export function hexName(diff_id: string): string {
  return diff_id.slice(diff_id.indexOf(':') + 1);
}

/** The name of a chain's folder. */
export function chainName(chain_id: string): string {
  return chain_id === '' ? 'empty' : hexName(chain_id);
}

function mapWhole(path: string): Mapped {
  const fd = openSync(path, 'r');
  try {
    return mapFile(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return [];
    throw thrown;
  }
}
