import type { LayerIndex } from '../../oci/index.ts';
import { type Buffers, fail, type File, filetype, type Filetype, type Stat, type Times } from '../../wasi/index.ts';
import type { LayerData } from '../layer-data.ts';
import { statOfEntry } from '../stat.ts';

/** A file of the image, open for reading: bytes of a layer's tar. */
export class ImageFile implements File {
  readonly type: Filetype = filetype.regular_file;
  readonly seekable = true;
  readonly terminal = false;
  readonly #index: LayerIndex;
  readonly #entry: number;
  readonly #data: LayerData;
  readonly #start: number;
  readonly #size: number;
  readonly #setTimes: (times: Times) => void;
  #offset = 0n;
  #times: Times = {};

  /** `setTimes` changes the times under the file's name, which copies it out of the image. */
  constructor(index: LayerIndex, entry: number, data: LayerData, setTimes: (times: Times) => void) {
    this.#index = index;
    this.#entry = entry;
    this.#data = data;
    this.#start = index.offset(entry);
    this.#size = index.size(entry);
    this.#setTimes = setTimes;
  }

  /** Where in which layer its bytes are. */
  get place(): { readonly layer: number; readonly offset: number; readonly size: number } {
    return { layer: this.#data.number, offset: this.#start, size: this.#size };
  }

  /** Bytes between the offset and the end. */
  get remaining(): bigint {
    const rest = BigInt(this.#size) - this.#offset;
    return rest > 0n ? rest : 0n;
  }

  read(into: Buffers): number {
    const n = this.pread(into, this.#offset);
    this.#offset += BigInt(n);
    return n;
  }

  pread(into: Buffers, offset: bigint): number {
    if (offset >= BigInt(this.#size)) return 0;
    const start = Number(offset);
    let at = start;
    for (const buffer of into) {
      const part = Math.min(buffer.length, this.#size - at);
      if (part === 0) continue;
      this.#data.read(part === buffer.length ? buffer : buffer.subarray(0, part), this.#start + at);
      at += part;
    }
    return at - start;
  }

  seek(offset: bigint, whence: 0 | 1 | 2): bigint {
    const from = [0n, this.#offset, BigInt(this.#size)][whence]!;
    const to = from + offset;
    if (to < 0n) throw fail('INVAL');
    if (to > 0x7fff_ffff_ffff_ffffn) throw fail('OVERFLOW');
    this.#offset = to;
    return to;
  }

  stat(): Stat {
    const stat = statOfEntry(this.#index, this.#entry);
    const now = BigInt(Date.now()) * 1_000_000n;
    const pick = (time: bigint | 'now' | undefined, or: bigint): bigint => (time === 'now' ? now : (time ?? or));
    return { ...stat, atim: pick(this.#times.atim, stat.atim), mtim: pick(this.#times.mtim, stat.mtim) };
  }

  setTimes(times: Times): void {
    this.#setTimes(times);
    this.#times = { ...this.#times, ...times };
  }

  setFlags(): void {}

  sync(): void {}

  dataSync(): void {}

  close(): void {}

  write(): number {
    throw fail('BADF');
  }

  pwrite(): number {
    throw fail('BADF');
  }

  setSize(): void {
    throw fail('BADF');
  }

  allocate(): void {
    throw fail('BADF');
  }
}

/** Where in which layer of the image the bytes of a file are; null for one that is not of the image. */
export function placeInImage(file: File): ImageFile['place'] | null {
  return file instanceof ImageFile ? file.place : null;
}
