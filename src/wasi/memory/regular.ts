import { fail } from '../errno.ts';
import { type Buffers, type File, filetype, type OpenOptions, type Stat, type Times } from '../files.ts';
import { Inode, inode_bytes, type Volume } from './volume.ts';

const capacity_bytes_min = 512;

/** The bytes of a regular file. What was never written takes no memory, but counts for the volume's bound. */
export class Regular extends Inode {
  readonly type: typeof filetype.regular_file = filetype.regular_file;
  #data: Uint8Array = new Uint8Array(0);
  #size = 0;
  #opened = 0;
  #released = false;

  constructor(volume: Volume, content?: Uint8Array) {
    super(volume, content?.length);
    if (content === undefined) return;
    this.#data = content;
    this.#size = content.length;
  }

  override get size(): bigint {
    return BigInt(this.#size);
  }

  get length(): number {
    return this.#size;
  }

  opened(): void {
    this.#opened++;
  }

  closed(): void {
    this.#opened--;
    this.releaseIfUnused();
  }

  override releaseIfUnused(): void {
    if (this.nlink > 0n || this.#opened > 0 || this.#released) return;
    this.#released = true;
    this.volume.take(-(this.#size + inode_bytes));
    this.#data = new Uint8Array(0);
  }

  readAt(into: Buffers, offset: number): number {
    let at = offset;
    for (const buffer of into) {
      const count = Math.min(buffer.length, this.#size - at);
      if (count <= 0) break;
      const stored = Math.max(0, Math.min(count, this.#data.length - at));
      if (stored > 0) buffer.set(this.#data.subarray(at, at + stored));
      buffer.fill(0, stored, count);
      at += count;
    }
    return at - offset;
  }

  /** As many bytes as fit on the volume; NOSPC when none does. */
  writeAt(from: Buffers, offset: number): number {
    let wanted = 0;
    for (const buffer of from) wanted += buffer.length;
    if (wanted === 0) return 0;
    const end = Math.min(offset + wanted, this.#size + this.volume.bytes_left);
    if (end <= offset) throw fail('NOSPC');
    if (end > this.#size) this.setLength(end);
    this.#reserve(end);
    let at = offset;
    for (const buffer of from) {
      const part = buffer.length > end - at ? buffer.subarray(0, end - at) : buffer;
      this.#data.set(part, at);
      at += part.length;
    }
    this.touch();
    return at - offset;
  }

  setLength(size: number): void {
    this.volume.take(size - this.#size);
    if (size < this.#data.length) this.#data = this.#data.slice(0, size);
    this.#size = size;
    this.touch();
  }

  #reserve(size: number): void {
    if (size <= this.#data.length) return;
    const bytes = Math.min(this.#size, Math.max(size, this.#data.length * 2, capacity_bytes_min));
    const data = new Uint8Array(Math.max(bytes, size));
    data.set(this.#data);
    this.#data = data;
  }
}

/** A descriptor on a regular file. */
export class OpenRegular implements File {
  readonly type: typeof filetype.regular_file = filetype.regular_file;
  readonly seekable = true;
  readonly terminal = false;
  readonly #inode: Regular;
  readonly #read: boolean;
  readonly #write: boolean;
  #append: boolean;
  #position = 0;

  constructor(inode: Regular, options: Pick<OpenOptions, 'read' | 'write' | 'append'>) {
    this.#inode = inode;
    this.#read = options.read;
    this.#write = options.write;
    this.#append = options.append;
    inode.opened();
  }

  read(into: Buffers): number {
    const count = this.pread(into, BigInt(this.#position));
    this.#position += count;
    return count;
  }

  write(from: Buffers): number {
    this.#mustWrite();
    if (this.#append) this.#position = this.#inode.length;
    const count = this.#inode.writeAt(from, this.#position);
    this.#position += count;
    return count;
  }

  pread(into: Buffers, offset: bigint): number {
    if (!this.#read) throw fail('BADF');
    return offset >= this.#inode.size ? 0 : this.#inode.readAt(into, Number(offset));
  }

  pwrite(from: Buffers, offset: bigint): number {
    this.#mustWrite();
    // As on Linux: what is appended goes to the end, wherever it was meant to go.
    return this.#inode.writeAt(from, this.#append ? this.#inode.length : toLength(offset));
  }

  seek(offset: bigint, whence: 0 | 1 | 2): bigint {
    const base = whence === 0 ? 0n : whence === 1 ? BigInt(this.#position) : this.#inode.size;
    const position = base + offset;
    if (position < 0n || position > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('INVAL');
    this.#position = Number(position);
    return position;
  }

  stat(): Stat {
    return this.#inode.stat();
  }

  setSize(size: bigint): void {
    if (!this.#write) throw fail('INVAL');
    this.#inode.setLength(toLength(size));
  }

  allocate(offset: bigint, length: bigint): void {
    this.#mustWrite();
    const end = toLength(offset + length);
    if (end > this.#inode.length) this.#inode.setLength(end);
    // On Linux it is a change of the file, whether it gets longer or not.
    else this.#inode.touch();
  }

  setTimes(times: Times): void {
    this.#inode.setTimes(times);
  }

  setFlags(flags: { append: boolean }): void {
    this.#append = flags.append;
  }

  sync(): void {
    // Memory is as safe as it gets.
  }

  dataSync(): void {
    // As sync.
  }

  close(): void {
    this.#inode.closed();
  }

  #mustWrite(): void {
    if (!this.#write) throw fail('BADF');
  }
}

function toLength(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw fail('FBIG');
  return Number(size);
}
