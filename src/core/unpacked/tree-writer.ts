import { setImmediate as nextTurn } from 'node:timers/promises';

import { WherryError } from '../../errors/index.ts';
import { unpack_piece_bytes, unpack_turn_ms } from '../../limits/index.ts';
import { entryType, type LayerIndex } from '../../oci/index.ts';
import {
  close,
  copyRange,
  deviceNumber,
  errno,
  linkNode,
  listNodes,
  makeDirectoryNode,
  makeNode,
  makeSymlinkNode,
  O,
  openBeneath,
  openNode,
  pread,
  pwrite,
  removeDirectoryNode,
  RESOLVE,
  S,
  setMode,
  setNodeAttribute,
  setNodeMode,
  setNodeOwner,
  setNodeTime,
  setOwner,
  statNode,
  SystemError,
  unlinkNode,
  userId,
} from '../../os/index.ts';

/** What is to be written of an index, and where its files' bytes are. */
export interface TreeSource {
  readonly index: LayerIndex;
  /** Whether an entry is written; a directory that is not wanted has nothing wanted in it. */
  wanted(entry: number): boolean;
  /** Names in a directory that hide what the layers below have there, besides those that the index says. */
  removed(entry: number): readonly Uint8Array[];
  /** An open descriptor of the tar of a layer. */
  tar(layer: number): number;
}

const slash = 0x2f;
const here = Buffer.from('.');
const is_root = userId() === 0;
/** Where others than root mount layers, it is in a namespace whose root may not write the first of these. */
const opaque_attribute = is_root ? 'trusted.overlay.opaque' : 'user.overlay.opaque';
const opaque_value = Buffer.from('y');
const whiteout_mode = S.IFCHR;

/**
 * Extracts a layer over the tree that is in the directory `root`, as whoever unpacks layers one over another does:
 * whiteouts remove, folders that the layer only passes through may be symlinks there, which are followed inside `root`.
 * Without root all is its user's, devices are left out, and attributes that only root may write.
 *
 * @throws WherryError InvalidArgument for a layer that does not fit what is there
 */
export async function extractOver(source: TreeSource, root: number): Promise<void> {
  await new TreeWriter(source, root, true).write();
}

/**
 * Writes a tree into the empty directory `root` as overlayfs wants a layer: whiteouts are devices 0:0, opaque
 * directories have its attribute. Every name is made in a directory that this made itself and holds open, and must be
 * new there, so nothing that a layer says can lead elsewhere. Long work is cut into turns. Needs root.
 */
export async function writeTree(source: TreeSource, root: number): Promise<void> {
  await new TreeWriter(source, root, false).write();
}

class TreeWriter {
  readonly #source: TreeSource;
  readonly #index: LayerIndex;
  readonly #root: number;
  /** Whether something may be there already. */
  readonly #over: boolean;
  /** Where the first name of a file with several was put, by inode. */
  readonly #links = new Map<number, Uint8Array>();
  #turn_ends_ms = performance.now() + unpack_turn_ms;
  #buffer: Buffer | null = null;

  constructor(source: TreeSource, root: number, over: boolean) {
    this.#source = source;
    this.#index = source.index;
    this.#root = root;
    this.#over = over;
  }

  async write(): Promise<void> {
    const { index } = this.#source;
    if (this.#over && index.opaque(index.root)) emptyDirectory(this.#root);
    await this.#fill(index.root, this.#root, []);
    if (!this.#over || !index.synthesised(index.root)) this.#finish(index.root, this.#root);
  }

  /** Puts into an open directory what belongs there. */
  async #fill(entry: number, directory: number, path: readonly Uint8Array[]): Promise<void> {
    const index = this.#index;
    for (const name of this.#source.removed(entry)) makeNode(directory, name, whiteout_mode, 0n);
    const count = index.childCount(entry);
    for (let i = 0; i < count; i++) {
      const child = index.childAt(entry, i);
      if (!this.#source.wanted(child)) continue;
      const name = index.nameBytes(child);
      if (index.type(child) === entryType.directory) {
        await this.#directory(child, directory, name, path);
      } else {
        await this.#put(child, directory, name, path);
      }
      if (performance.now() > this.#turn_ends_ms) await this.#rest();
    }
  }

  async #directory(entry: number, directory: number, name: Uint8Array, path: readonly Uint8Array[]): Promise<void> {
    const kept = this.#over ? this.#keep(entry, directory, name, path) : null;
    if (kept === null) makeDirectoryNode(directory, name, 0o700);
    const inner = kept ?? openNode(directory, name, O.RDONLY | O.DIRECTORY);
    try {
      await this.#fill(entry, inner, [...path, name]);
      if (kept === null || !this.#index.synthesised(entry)) this.#finish(entry, inner);
    } finally {
      close(inner);
    }
  }

  /** Opens the directory that is there already and stays; else makes room for a new one. */
  #keep(entry: number, directory: number, name: Uint8Array, path: readonly Uint8Array[]): number | null {
    const found = statNode(directory, name);
    if (found === null) return null;
    if (found.isDirectory()) {
      const inner = openNode(directory, name, O.RDONLY | O.DIRECTORY);
      if (this.#index.opaque(entry)) emptyDirectory(inner);
      return inner;
    }
    if (found.isSymbolicLink() && this.#index.synthesised(entry))
      return openInRoot(this.#root, joined([...path, name]));
    unlinkNode(directory, name);
    return null;
  }

  /** Gives a directory its attributes, when all that lies in it is there: its times are to last. */
  #finish(entry: number, directory: number): void {
    const index = this.#index;
    if (is_root) setOwner(directory, index.uid(entry), index.gid(entry));
    setMode(directory, index.mode(entry));
    this.#attributes(entry, directory, here);
    if (!this.#over && !index.merged && index.opaque(entry)) {
      setNodeAttribute(directory, here, opaque_attribute, opaque_value);
    }
    setNodeTime(directory, here, index.mtime_ns(entry));
  }

  async #put(entry: number, directory: number, name: Uint8Array, path: readonly Uint8Array[]): Promise<void> {
    const index = this.#index;
    const type = index.type(entry);
    if (this.#over) removeNode(directory, name);
    if (type === entryType.whiteout) {
      if (!this.#over) makeNode(directory, name, whiteout_mode, 0n);
      return;
    }
    const first = this.#links.get(index.ino(entry));
    if (first !== undefined) {
      // What this made itself has no symlink in its path; what was there may have.
      if (this.#over) this.#linkBelow(first, directory, name);
      else linkNode(this.#root, first, directory, name);
      return;
    }
    if (index.nlink(entry) > 1) this.#links.set(index.ino(entry), joined([...path, name]));
    if (type === entryType.hardlink) {
      this.#linkBelow(index.targetBytes(entry), directory, name);
      return;
    }
    if (type === entryType.file) {
      await this.#file(entry, directory, name);
      return;
    }
    if (type === entryType.symlink) {
      makeSymlinkNode(index.targetBytes(entry), directory, name);
    } else {
      const kind = type === entryType.fifo ? S.IFIFO : type === entryType.blockDevice ? S.IFBLK : S.IFCHR;
      const number = type === entryType.fifo ? 0 : index.offset(entry);
      if (!is_root && type !== entryType.fifo) return;
      makeNode(directory, name, kind | 0o600, deviceNumber(Math.floor(number / 2 ** 20), number % 2 ** 20));
    }
    if (is_root) setNodeOwner(directory, name, index.uid(entry), index.gid(entry));
    if (type !== entryType.symlink) {
      setNodeMode(directory, name, index.mode(entry));
      this.#attributes(entry, directory, name);
    }
    setNodeTime(directory, name, index.mtime_ns(entry));
  }

  /** A hard link to a file in the tree as it is by now. */
  #linkBelow(target: Uint8Array, directory: number, name: Uint8Array): void {
    const at = target.lastIndexOf(slash);
    const parent = openInRoot(this.#root, target.subarray(0, Math.max(0, at)));
    try {
      linkNode(parent, target.subarray(at + 1), directory, name);
    } finally {
      close(parent);
    }
  }

  async #file(entry: number, directory: number, name: Uint8Array): Promise<void> {
    const index = this.#index;
    const fd = openNode(directory, name, O.WRONLY | O.CREAT | O.EXCL, 0o600);
    try {
      await this.#copy(this.#source.tar(index.layer(entry)), index.offset(entry), fd, index.size(entry));
      if (is_root) setOwner(fd, index.uid(entry), index.gid(entry));
      setMode(fd, index.mode(entry));
    } finally {
      close(fd);
    }
    this.#attributes(entry, directory, name);
    setNodeTime(directory, name, index.mtime_ns(entry));
  }

  async #copy(from: number, start: number, to: number, size: number): Promise<void> {
    for (let done = 0; done < size;) {
      const length = Math.min(size - done, unpack_piece_bytes);
      let copied = copyRange(from, start + done, to, done, length);
      if (copied < 0) copied = this.#copyByHand(from, start + done, to, done, length);
      if (copied === 0) throw new Error('the tar of the layer is shorter than its index says');
      done += copied;
      if (performance.now() > this.#turn_ends_ms) await this.#rest();
    }
  }

  #copyByHand(from: number, start: number, to: number, at: number, length: number): number {
    this.#buffer ??= Buffer.allocUnsafeSlow(unpack_piece_bytes);
    const read = pread(from, this.#buffer.subarray(0, length), BigInt(start));
    for (let written = 0; written < read;) {
      written += pwrite(to, this.#buffer.subarray(written, read), BigInt(at + written));
    }
    return read;
  }

  #attributes(entry: number, directory: number, name: Uint8Array): void {
    for (const [attribute, value] of this.#index.xattrs(entry)) {
      if (is_root || attribute.startsWith('user.')) setNodeAttribute(directory, name, attribute, value);
    }
  }

  async #rest(): Promise<void> {
    await nextTurn();
    this.#turn_ends_ms = performance.now() + unpack_turn_ms;
  }
}

/** Opens a directory by a path that leads nowhere but inside `root`, whatever symlinks are on the way. */
function openInRoot(root: number, path: Uint8Array): number {
  const text = Buffer.from(path).toString('utf8');
  const exact = Buffer.from(text).equals(path);
  try {
    if (!exact) throw new SystemError('openat2', errno.EILSEQ, text);
    return openBeneath(root, text === '' ? '.' : text, O.RDONLY | O.DIRECTORY, 0, RESOLVE.IN_ROOT);
  } catch (cause) {
    const why = cause instanceof SystemError ? cause.code : String(cause);
    throw new WherryError('InvalidArgument', `Cannot extract the layer: there is no directory ${text} (${why}).`, {
      cause,
    });
  }
}

function emptyDirectory(directory: number): void {
  for (const name of listNodes(directory)) removeNode(directory, name);
}

/** Removes what stands under a name, with all that lies in it. */
function removeNode(directory: number, name: Uint8Array): void {
  const found = statNode(directory, name);
  if (found === null) return;
  if (!found.isDirectory()) {
    unlinkNode(directory, name);
    return;
  }
  const inner = openNode(directory, name, O.RDONLY | O.DIRECTORY);
  try {
    emptyDirectory(inner);
  } finally {
    close(inner);
  }
  removeDirectoryNode(directory, name);
}

function joined(path: readonly Uint8Array[]): Uint8Array {
  const parts = path.flatMap((name, i) => (i === 0 ? [name] : [Buffer.from('/'), name]));
  return Buffer.concat(parts);
}
