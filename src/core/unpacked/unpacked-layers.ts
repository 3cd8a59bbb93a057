import { createHash } from 'node:crypto';
import { closeSync, openSync, readdirSync, renameSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { unpacked_kept_ms } from '../../limits/index.ts';
import { chainIDs, entryType, type LayerIndex, mergeIndexes, openIndex } from '../../oci/index.ts';
import { syncFilesystem } from '../../os/index.ts';
import { digester } from '../digester.ts';
import { syncFolder, temporaryName } from '../durable.ts';
import type { LayerStore, OpenIndex } from '../layers/layer-store.ts';
import type { Log } from '../log.ts';
import type { Paths } from '../paths.ts';
import { removeTree } from '../remove-tree.ts';
import { fromSystem } from '../system-error.ts';
import { differenceOf } from './difference.ts';
import { type TreeSource, writeTree } from './tree-writer.ts';

export interface UnpackedLayersOptions {
  readonly paths: Paths;
  readonly layers: LayerStore;
  readonly log: Log;
}

/** A layer that is to be unpacked. */
interface Due {
  readonly name: string;
  readonly at: number;
  /** Whether what it changes depends on what lies below it. */
  readonly depends: boolean;
}

/**
 * Layers as the kernel mounts them: directories in overlayfs's form, made from tar and index when somebody first wants
 * to mount. One that is there is whole, because it was renamed into place after it was durable. All are derived: what
 * is thrown away comes back.
 */
export class UnpackedLayers {
  readonly #paths: Paths;
  readonly #layers: LayerStore;
  readonly #log: Log;
  readonly #present: Set<string>;
  /** The name of the topmost layer of each chain that was asked for. */
  readonly #names = new Map<string, string>();
  /** When each was last asked for, in ms since 1970. */
  readonly #used_ms = new Map<string, number>();
  readonly #opened_ms = Date.now();
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;

  constructor({ paths, layers, log }: UnpackedLayersOptions) {
    this.#paths = paths;
    this.#layers = layers;
    this.#log = log;
    this.#present = new Set(readdirSync(paths.unpacked).filter((name) => isLayerName(name)));
  }

  /**
   * Unpacks those of the layers that are not; gives the names of all their directories under `paths.unpacked`, base
   * first. One call after the other: it is the disk that is waited for.
   *
   * @throws WherryError DataLoss when a layer is gone, ResourceExhausted when the disk is full
   */
  async ensure(diff_ids: readonly string[]): Promise<readonly string[]> {
    const names = await this.#ensure(diff_ids);
    for (const name of names) this.#used_ms.set(name, Date.now());
    return names;
  }

  async #ensure(diff_ids: readonly string[]): Promise<readonly string[]> {
    const chains = chainIDs(diff_ids, digester);
    const known = this.#known(chains);
    if (known !== null) return known;
    this.#running++;
    const turn = this.#last.then(() => this.#known(chains) ?? this.#make(diff_ids, chains));
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#running--;
    }
  }

  /** Whether layers are being unpacked: what they are made of must stay. */
  get busy(): boolean {
    return this.#running > 0;
  }

  /** The names of those that are there. */
  present(): readonly string[] {
    return [...this.#present];
  }

  /** Whether nobody has asked for one for so long that it may go though its layer stays. */
  isStale(name: string): boolean {
    return Date.now() - (this.#used_ms.get(name) ?? this.#opened_ms) > unpacked_kept_ms;
  }

  /** The names that the layers of a chain have or would have, whichever of its two each layer took. */
  static namesOf(diff_ids: readonly string[]): readonly string[] {
    return [
      ...diff_ids.map((diff_id) => layerName('d', diff_id)),
      ...chainIDs(diff_ids, digester).map((chain) => layerName('c', chain)),
    ];
  }

  /** Takes one out of use at once; its files go behind the caller's back, and with a boot if not before. */
  discard(name: string): void {
    if (!this.#present.delete(name)) return;
    this.#used_ms.delete(name);
    const away = join(this.#paths.unpacked, temporaryName());
    renameSync(join(this.#paths.unpacked, name), away);
    removeTree(away).catch((error: Error) => this.#log.warn(`cannot remove ${away}: ${error.message}`));
  }

  #known(chains: readonly string[]): readonly string[] | null {
    const names: string[] = [];
    for (const chain of chains) {
      const name = this.#names.get(chain);
      if (name === undefined || !this.#present.has(name)) return null;
      names.push(name);
    }
    return names;
  }

  async #make(diff_ids: readonly string[], chains: readonly string[]): Promise<readonly string[]> {
    await this.#layers.restoreLayers(diff_ids);
    const opened: OpenIndex[] = [];
    try {
      for (const diff_id of diff_ids) opened.push(this.#layers.openIndex(diff_id));
      const indexes = opened.map(({ index }) => index);
      const all = namedLayers(diff_ids, chains, indexes);
      const due = all.filter(({ name }) => !this.#present.has(name));
      await this.#unpack(due, diff_ids, indexes);
      for (const [i, { name }] of all.entries()) this.#names.set(chains[i]!, name);
      return all.map(({ name }) => name);
    } catch (thrown) {
      throw fromSystem(thrown, 'Cannot unpack the layers to mount them');
    } finally {
      for (const one of opened) one.close();
    }
  }

  async #unpack(due: readonly Due[], diff_ids: readonly string[], indexes: readonly LayerIndex[]): Promise<void> {
    if (due.length === 0) return;
    const made: { readonly beside: string; readonly name: string }[] = [];
    const tars = new Map<string, number>();
    const tar = (diff_id: string): number => {
      const fd = tars.get(diff_id) ?? openSync(this.#layers.tarPath(diff_id), 'r');
      tars.set(diff_id, fd);
      return fd;
    };
    try {
      for (const layer of due) {
        const beside = join(this.#paths.unpacked, temporaryName());
        made.push({ beside, name: layer.name });
        await mkdir(beside, { mode: 0o700 });
        const folder = await open(beside, 'r');
        try {
          await writeTree(sourceOf(layer, diff_ids, indexes, tar), folder.fd);
        } finally {
          await folder.close();
        }
      }
      const folder = await open(this.#paths.unpacked, 'r');
      try {
        await syncFilesystem(folder.fd);
      } finally {
        await folder.close();
      }
      for (const { beside, name } of made) await rename(beside, join(this.#paths.unpacked, name));
      await syncFolder(this.#paths.unpacked);
      for (const { name } of made) this.#present.add(name);
    } catch (thrown) {
      for (const { beside } of made) await removeTree(beside);
      throw thrown;
    } finally {
      for (const fd of tars.values()) closeSync(fd);
    }
  }
}

function sourceOf(
  { at, depends }: Due,
  diff_ids: readonly string[],
  indexes: readonly LayerIndex[],
  tar: (diff_id: string) => number,
): TreeSource {
  if (!depends) {
    const index = indexes[at]!;
    return { index, wanted: () => true, removed: () => [], tar: () => tar(diff_ids[at]!) };
  }
  const newer = openIndex(mergeIndexes(indexes.slice(0, at + 1), digester));
  const older = openIndex(mergeIndexes(indexes.slice(0, at), digester));
  return { index: newer, ...differenceOf(newer, older), tar: (layer) => tar(diff_ids[layer]!) };
}

/** What each layer of a chain is called when it is unpacked: by itself, or by all that it lies on. */
function namedLayers(diff_ids: readonly string[], chains: readonly string[], indexes: readonly LayerIndex[]): Due[] {
  let plain_root = true;
  return indexes.map((index, at) => {
    const depends = dependsOnBelow(index, at === 0, plain_root);
    if (!index.synthesised(index.root)) plain_root = hasPlainRoot(index);
    return { at, depends, name: depends ? layerName('c', chains[at]!) : layerName('d', diff_ids[at]!) };
  });
}

/**
 * Whether an overlay of this layer alone would show something else than the layer extracted over those below: folders
 * it says nothing of but that things lie in them, links to files it has not, and in the lowest layer whiteouts.
 */
function dependsOnBelow(index: LayerIndex, lowest: boolean, plain_root: boolean): boolean {
  if (!lowest && index.synthesised(index.root) && !plain_root) return true;
  if (!lowest && index.opaque(index.root)) return true;
  for (let e = 1; e < index.entryCount; e++) {
    const type = index.type(e);
    if (type === entryType.hardlink) return true;
    if (lowest ? type === entryType.whiteout : type === entryType.directory && index.synthesised(e)) return true;
  }
  return false;
}

/** Whether the root is what it is when no layer says anything of it. */
function hasPlainRoot(index: LayerIndex): boolean {
  const { root } = index;
  return index.mode(root) === 0o755 && index.uid(root) === 0 && index.gid(root) === 0 && index.xattrs(root).size === 0;
}

/** 138 bits of a hash: overlayfs takes the names of a whole chain in one page. */
function layerName(kind: 'd' | 'c', digest: string): string {
  return kind + createHash('sha256').update(digest).digest('base64url').slice(0, 23);
}

function isLayerName(name: string): boolean {
  return /^[dc][A-Za-z0-9_-]{23}$/.test(name);
}
