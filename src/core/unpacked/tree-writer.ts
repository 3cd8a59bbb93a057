import { setImmediate as nextTurn } from 'node:timers/promises';

import { unpack_piece_bytes, unpack_turn_ms } from '../../limits/index.ts';
import { entryType, type LayerIndex } from '../../oci/index.ts';
import {
  close,
  copyRange,
  deviceNumber,
  linkNode,
  makeDirectoryNode,
  makeNode,
  makeSymlinkNode,
  O,
  openNode,
  pread,
  pwrite,
  S,
  setMode,
  setNodeAttribute,
  setNodeMode,
  setNodeOwner,
  setNodeTime,
  setOwner,
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

const here = Buffer.from('.');
const opaque_attribute = 'trusted.overlay.opaque';
const opaque_value = Buffer.from('y');
const whiteout_mode = S.IFCHR;

/**
 * Writes a tree into the empty directory `root` as overlayfs wants a layer: whiteouts are devices 0:0, opaque
 * directories have its attribute. Every name is made in a directory that this made itself and holds open, and must be
 * new there, so nothing that a layer says can lead elsewhere. Long work is cut into turns. Needs root.
 */
export async function writeTree(source: TreeSource, root: number): Promise<void> {
  await new TreeWriter(source, root).write();
}

class TreeWriter {
  readonly #source: TreeSource;
  readonly #index: LayerIndex;
  readonly #root: number;
  /** Where the first name of a file with several was put, by inode. */
  readonly #links = new Map<number, Uint8Array>();
  #turn_ends_ms = performance.now() + unpack_turn_ms;
  #buffer: Buffer | null = null;

  constructor(source: TreeSource, root: number) {
    this.#source = source;
    this.#index = source.index;
    this.#root = root;
  }

  async write(): Promise<void> {
    await this.#fill(this.#index.root, this.#root, []);
  }

  /** Puts into an open directory what belongs there, then gives it its attributes: its times are to last. */
  async #fill(entry: number, directory: number, path: readonly Uint8Array[]): Promise<void> {
    const index = this.#index;
    for (const name of this.#source.removed(entry)) makeNode(directory, name, whiteout_mode, 0n);
    const count = index.childCount(entry);
    for (let i = 0; i < count; i++) {
      const child = index.childAt(entry, i);
      if (!this.#source.wanted(child)) continue;
      const name = index.nameBytes(child);
      if (index.type(child) === entryType.directory) {
        makeDirectoryNode(directory, name, 0o700);
        const inner = openNode(directory, name, O.RDONLY | O.DIRECTORY);
        try {
          await this.#fill(child, inner, [...path, name]);
        } finally {
          close(inner);
        }
      } else {
        await this.#put(child, directory, name, path);
      }
      if (performance.now() > this.#turn_ends_ms) await this.#rest();
    }
    setOwner(directory, index.uid(entry), index.gid(entry));
    setMode(directory, index.mode(entry));
    this.#attributes(entry, directory, here);
    if (!index.merged && index.opaque(entry)) setNodeAttribute(directory, here, opaque_attribute, opaque_value);
    setNodeTime(directory, here, index.mtime_ns(entry));
  }

  async #put(entry: number, directory: number, name: Uint8Array, path: readonly Uint8Array[]): Promise<void> {
    const index = this.#index;
    const type = index.type(entry);
    if (type === entryType.whiteout) {
      makeNode(directory, name, whiteout_mode, 0n);
      return;
    }
    const first = this.#links.get(index.ino(entry));
    if (first !== undefined) {
      linkNode(this.#root, first, directory, name);
      return;
    }
    if (index.nlink(entry) > 1) this.#links.set(index.ino(entry), joined([...path, name]));
    if (type === entryType.file) {
      await this.#file(entry, directory, name);
      return;
    }
    if (type === entryType.symlink) {
      makeSymlinkNode(index.targetBytes(entry), directory, name);
    } else {
      const kind = type === entryType.fifo ? S.IFIFO : type === entryType.blockDevice ? S.IFBLK : S.IFCHR;
      const number = type === entryType.fifo ? 0 : index.offset(entry);
      makeNode(directory, name, kind | 0o600, deviceNumber(Math.floor(number / 2 ** 20), number % 2 ** 20));
    }
    setNodeOwner(directory, name, index.uid(entry), index.gid(entry));
    if (type !== entryType.symlink) {
      setNodeMode(directory, name, index.mode(entry));
      this.#attributes(entry, directory, name);
    }
    setNodeTime(directory, name, index.mtime_ns(entry));
  }

  async #file(entry: number, directory: number, name: Uint8Array): Promise<void> {
    const index = this.#index;
    const fd = openNode(directory, name, O.WRONLY | O.CREAT | O.EXCL, 0o600);
    try {
      await this.#copy(this.#source.tar(index.layer(entry)), index.offset(entry), fd, index.size(entry));
      setOwner(fd, index.uid(entry), index.gid(entry));
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
    for (const [attribute, value] of this.#index.xattrs(entry)) setNodeAttribute(directory, name, attribute, value);
  }

  async #rest(): Promise<void> {
    await nextTurn();
    this.#turn_ends_ms = performance.now() + unpack_turn_ms;
  }
}

function joined(path: readonly Uint8Array[]): Uint8Array {
  const parts = path.flatMap((name, i) => (i === 0 ? [name] : [Buffer.from('/'), name]));
  return Buffer.concat(parts);
}
