import {
  chunk_bytes,
  layer_entries_max,
  layer_path_depth_max,
  layer_strings_bytes_max,
  layer_xattrs_bytes_max,
  name_bytes_max,
  path_bytes_max,
  symlinks_followed_max,
} from '../limits/index.ts';
import { decodeUtf8, encodeUtf8, noBytes } from './bytes.ts';
import { EntryTree, rootNode } from './entry-tree.ts';
import type { Digester } from './hasher.ts';
import { writeIndex } from './index-writer.ts';
import { LayerError, type LayerErrorClass } from './layer-error.ts';
import { entryFlag, entryType, hash_bytes } from './layer-index-format.ts';
import type { TarEntry } from './tar-entry.ts';

/** Bounds of one layer; the defaults stand in `limits/`. */
export interface LayerLimits {
  readonly entries_max: number;
  readonly strings_bytes_max: number;
  readonly xattrs_bytes_max: number;
  readonly path_depth_max: number;
}

export const layerLimits: LayerLimits = {
  entries_max: layer_entries_max,
  strings_bytes_max: layer_strings_bytes_max,
  xattrs_bytes_max: layer_xattrs_bytes_max,
  path_depth_max: layer_path_depth_max,
};

const slash = 0x2f;
const dot = 0x2e;
const whiteoutPrefix = encodeUtf8('.wh.');
// `.wh..wh.` starts names that AUFS kept for itself; only the opaque marker among them means anything to others.
const aufsPrefix = encodeUtf8('.wh..wh.');
const opaqueMarker = encodeUtf8('.wh..wh..opq');

/**
 * The tree that extracting a layer's tar into an empty directory would leave, built without a filesystem: links are
 * resolved in the tree itself, and its root has no outside. Later entries replace earlier ones, as when extracting.
 */
export class LayerTree {
  readonly #tree: EntryTree;
  readonly #limits: LayerLimits;

  constructor(limits: LayerLimits = layerLimits) {
    this.#limits = limits;
    this.#tree = new EntryTree(limits);
  }

  /** Takes the next entry of the tar. Throws `LayerError` naming it. */
  add(entry: TarEntry): void {
    try {
      this.#add(entry);
    } catch (error) {
      if (error instanceof LayerError && error.entry === undefined) throw this.#refusal(entry, error.message, error);
      throw error;
    }
  }

  /** Writes the index; `chunkHashes` are the SHA-256 of the tar's chunks, 32 bytes each. */
  write(tarSize: number, chunkHashes: Uint8Array, digester: Digester): Uint8Array {
    if (chunkHashes.length !== Math.ceil(tarSize / chunk_bytes) * hash_bytes) {
      throw new RangeError(`${chunkHashes.length} bytes of chunk hashes do not cover a tar of ${tarSize} bytes`);
    }
    return writeIndex(this.#tree, { layers: 1, merged: false, tarSize, chunkHashes }, digester);
  }

  #add(entry: TarEntry): void {
    const names = this.#components(entry, entry.name);
    const last = names.pop();
    if (last === undefined) {
      if (entry.type !== entryType.directory) throw this.#refusal(entry, 'it would replace the root directory');
      this.#tree.setAttributes(rootNode, entry);
      this.#tree.dropFlag(rootNode, entryFlag.synthesised);
      return;
    }
    for (const name of [...names, last]) {
      if (startsWith(name, aufsPrefix) && !(name === last && isOpaqueMarker(name))) return;
    }
    const whiteout = startsWith(last, whiteoutPrefix);
    const dir = this.#directory(entry, names, whiteout);
    if (isOpaqueMarker(last)) this.#tree.addFlag(dir, entryFlag.opaque);
    else if (whiteout) this.#addWhiteout(entry, dir, last.subarray(whiteoutPrefix.length));
    else this.#addNamed(entry, dir, last);
  }

  #addNamed(entry: TarEntry, dir: number, name: Uint8Array): void {
    const tree = this.#tree;
    if (entry.type === entryType.symlink) this.#checkTarget(entry);
    const before = tree.child(dir, name, 0, name.length);
    if (before >= 0 && entry.type === entryType.directory && tree.type(before) === entryType.directory) {
      tree.setAttributes(before, entry);
      tree.dropFlag(before, entryFlag.synthesised);
      return;
    }
    const linked = entry.type === entryType.hardlink ? this.#linkTarget(entry) : -1;
    if (linked >= 0 && linked === before) throw this.#refusal(entry, 'it is a hard link to itself');
    const node = tree.put(dir, name, 0, name.length, entry.type);
    if (linked >= 0) tree.link(node, linked);
    else tree.setAttributes(node, entry);
    // What this layer once removed from the layers below stays removed: by a whiteout, or by a file in its place.
    const isReplaced = before >= 0 && tree.type(before) !== entryType.directory;
    const hides = before >= 0 && (isReplaced || this.#isOpaque(before));
    if (hides) tree.addFlag(node, entryFlag.opaque);
  }

  #checkTarget(entry: TarEntry): void {
    if (entry.link.length === 0) throw this.#refusal(entry, 'it is a symlink without a target');
    if (entry.link.includes(0)) throw this.#refusal(entry, 'its target contains a NUL');
    if (entry.link.length > path_bytes_max) {
      throw this.#refusal(entry, `its target has more than ${path_bytes_max} bytes`, undefined, 'ResourceExhausted');
    }
  }

  #isOpaque(node: number): boolean {
    return (this.#tree.flags(node) & entryFlag.opaque) !== 0;
  }

  #addWhiteout(entry: TarEntry, dir: number, name: Uint8Array): void {
    if (name.length === 0 || isDots(name)) {
      throw this.#refusal(entry, 'it is a whiteout that names no child of its own directory');
    }
    const before = this.#tree.child(dir, name, 0, name.length);
    if (before >= 0) this.#tree.addFlag(before, entryFlag.opaque);
    else this.#tree.put(dir, name, 0, name.length, entryType.whiteout);
  }

  /**
   * The node a hard link names, or -1 when this layer does not have it (then it may be in a layer below, and the
   * merge resolves it).
   */
  #linkTarget(entry: TarEntry): number {
    const names = this.#components(entry, entry.link);
    const last = names.pop();
    if (last === undefined) throw this.#refusal(entry, 'it is a hard link to the root directory');
    const dir = resolveDirectory(this.#tree, names);
    const node = typeof dir === 'number' ? this.#tree.child(dir, last, 0, last.length) : -1;
    if (node < 0 || this.#tree.type(node) === entryType.whiteout) return -1;
    if (this.#tree.type(node) === entryType.directory) throw this.#refusal(entry, 'it is a hard link to a directory');
    return node;
  }

  /** The directory an entry lies in, through the layer's own symlinks; missing ones are made. */
  #directory(entry: TarEntry, names: readonly Uint8Array[], whiteout: boolean): number {
    for (const name of names) {
      if (startsWith(name, whiteoutPrefix)) throw this.#refusal(entry, 'it lies in a directory named like a whiteout');
    }
    const dir = resolveDirectory(this.#tree, names, {
      missing: (parent, name) => {
        const before = this.#tree.child(parent, name, 0, name.length);
        const node = this.#tree.put(parent, name, 0, name.length, entryType.directory);
        this.#tree.setAttributes(node, synthesisedDirectory);
        this.#tree.addFlag(node, before >= 0 ? entryFlag.synthesised | entryFlag.opaque : entryFlag.synthesised);
        return node;
      },
      links: whiteout ? 0 : symlinks_followed_max,
    });
    if (typeof dir === 'number') return dir;
    if (whiteout && dir.links) throw this.#refusal(entry, 'it is a whiteout that lies behind a symlink');
    throw this.#refusal(entry, dir.links ? 'it lies behind too many symlinks' : 'its path goes through a file');
  }

  /** Splits a path; `.` and empty components go, what would leave the root or passes a limit is refused. */
  #components(entry: TarEntry, path: Uint8Array): Uint8Array[] {
    if (path.length > path_bytes_max) {
      throw this.#refusal(entry, `its path has more than ${path_bytes_max} bytes`, undefined, 'ResourceExhausted');
    }
    const names = splitPath(path);
    if (names.length > this.#limits.path_depth_max) {
      const problem = `its path is more than ${this.#limits.path_depth_max} directories deep`;
      throw this.#refusal(entry, problem, undefined, 'ResourceExhausted');
    }
    for (const name of names) {
      if (name.length === 2 && isDots(name)) throw this.#refusal(entry, 'its path contains ".."');
      if (name.includes(0)) throw this.#refusal(entry, 'its path contains a NUL');
      if (name.length > name_bytes_max) {
        throw this.#refusal(entry, `a name has more than ${name_bytes_max} bytes`, undefined, 'ResourceExhausted');
      }
    }
    return names;
  }

  #refusal(
    entry: TarEntry,
    problem: string,
    cause?: LayerError,
    errorClass: LayerErrorClass = 'InvalidArgument',
  ): LayerError {
    const name = decodeUtf8(entry.name.subarray(0, 256));
    if (cause === undefined) return new LayerError(errorClass, problem, { entry: name, offset: entry.header });
    const told = cause.message.replace(/^cannot read the layer: /, '');
    return new LayerError(cause.class, told, { entry: name, offset: entry.header });
  }
}

const synthesisedDirectory = {
  type: entryType.directory,
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime_s: 0,
  mtime_nsec: 0,
  offset: 0,
  link: noBytes,
} as const;

export interface ResolveOptions {
  /** Makes the directory `name` in `parent`, where nothing is or a whiteout; without it a missing name ends the walk. */
  readonly missing?: (parent: number, name: Uint8Array) => number;
  /** How many symlinks may be followed. */
  readonly links?: number;
}

/**
 * Walks `names` down a tree from `start`, following symlinks inside it: an absolute target starts at the root, `..`
 * above the root stays there. Gives the directory's node, or why there is none: a symlink too many, or something
 * that is no directory.
 */
export function resolveDirectory(
  tree: EntryTree,
  names: readonly Uint8Array[],
  options: ResolveOptions = {},
  start: number = rootNode,
): number | { readonly links: boolean } {
  const todo = [...names].reverse();
  let links = options.links ?? symlinks_followed_max;
  let dir = start;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name.length === 2 && isDots(name)) {
      dir = tree.parent(dir);
      continue;
    }
    const node = tree.child(dir, name, 0, name.length);
    const type = node < 0 ? entryType.whiteout : tree.type(node);
    if (type === entryType.directory) {
      dir = node;
    } else if (type === entryType.symlink) {
      if (links-- === 0) return { links: true };
      // A copy: making directories may move the tree's strings.
      const target = tree.target(node).slice();
      if (target[0] === slash) dir = rootNode;
      todo.push(...splitPath(target).reverse());
    } else if (type === entryType.whiteout && options.missing !== undefined) {
      if (name.length > name_bytes_max || startsWith(name, whiteoutPrefix)) return { links: false };
      dir = options.missing(dir, name);
    } else {
      return { links: false };
    }
  }
  return dir;
}

/** The components of a path without empty ones and `.`; views into it. */
export function splitPath(path: Uint8Array): Uint8Array[] {
  const names: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i <= path.length; i++) {
    if (i < path.length && path[i] !== slash) continue;
    const isDot = i - start === 1 && path[start] === dot;
    if (i > start && !isDot) names.push(path.subarray(start, i));
    start = i + 1;
  }
  return names;
}

function isDots(name: Uint8Array): boolean {
  return name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot));
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  if (bytes.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[i] !== prefix[i]) return false;
  return true;
}

function isOpaqueMarker(name: Uint8Array): boolean {
  return name.length === opaqueMarker.length && startsWith(name, opaqueMarker);
}
