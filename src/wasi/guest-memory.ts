import { iovecs_max } from '../limits/index.ts';
import { fail } from './errno.ts';

const iovec_bytes = 8;
const empty = new Uint8Array(0);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The guest's memory, seen through checks: every pointer and length a guest gives is compared with the memory's size
 * of that moment. The views are kept between calls and taken again when the memory grew, which detaches them.
 */
export class GuestMemory {
  #memory: WebAssembly.Memory | null = null;
  #bytes: Uint8Array<ArrayBuffer> = empty;
  #view: DataView = new DataView(empty.buffer);
  /** The last single buffer handed out; a guest's stdio uses one buffer again and again. */
  #last: [Uint8Array] = [empty];
  #last_at = 0;

  set(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#take();
  }

  #take(): void {
    if (this.#memory === null) throw fail('FAULT');
    const buffer = this.#memory.buffer as ArrayBuffer;
    if (this.#bytes.buffer === buffer && this.#bytes.length === buffer.byteLength) return;
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    this.#last = [empty];
  }

  /** The whole memory as a `DataView`, with `length` bytes at `pointer` known to be inside. FAULT if they are not. */
  at(pointer: number, length: number): DataView {
    if (pointer + length > this.#bytes.length) {
      this.#take();
      if (pointer + length > this.#bytes.length) throw fail('FAULT');
    }
    return this.#view;
  }

  /** A view on `length` bytes at `pointer`. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    this.at(pointer, length);
    return this.#bytes.subarray(pointer, pointer + length);
  }

  set8(pointer: number, value: number): void {
    this.at(pointer, 1).setUint8(pointer, value);
  }

  set32(pointer: number, value: number): void {
    this.at(pointer, 4).setUint32(pointer, value, true);
  }

  set64(pointer: number, value: bigint): void {
    this.at(pointer, 8).setBigUint64(pointer, value, true);
  }

  /** Text of a guest, which must be UTF-8 (ILSEQ). */
  text(pointer: number, length: number): string {
    const bytes = this.bytes(pointer, length);
    try {
      // A decoder refuses shared memory, whose bytes may change while it reads them.
      return decoder.decode(bytes.buffer instanceof ArrayBuffer ? bytes : Uint8Array.from(bytes));
    } catch {
      throw fail('ILSEQ');
    }
  }

  /**
   * The buffers of `count` iovecs at `pointer`, without the empty ones. More than `iovecs_max` of them, or lengths
   * whose sum is no u32, are INVAL.
   */
  buffers(pointer: number, count: number): readonly Uint8Array[] {
    if (count > iovecs_max) throw fail('INVAL');
    const view = this.at(pointer, count * iovec_bytes);
    let sum = 0;
    let filled = 0;
    let only = 0;
    for (let i = 0; i < count; i++) {
      const entry = pointer + i * iovec_bytes;
      const length = view.getUint32(entry + 4, true);
      if (length === 0) continue;
      sum += length;
      if (sum > 0xffff_ffff) throw fail('INVAL');
      this.at(view.getUint32(entry, true), length);
      filled++;
      only = entry;
    }
    if (filled === 1) return this.#single(view.getUint32(only, true), view.getUint32(only + 4, true));
    const buffers: Uint8Array[] = [];
    for (let i = 0; i < count && filled > 0; i++) {
      const entry = pointer + i * iovec_bytes;
      const length = view.getUint32(entry + 4, true);
      if (length > 0) buffers.push(this.bytes(view.getUint32(entry, true), length));
    }
    return buffers;
  }

  #single(pointer: number, length: number): readonly Uint8Array[] {
    if (this.#last[0].length !== length || this.#last_at !== pointer) {
      this.#last = [this.bytes(pointer, length)];
      this.#last_at = pointer;
    }
    return this.#last;
  }
}
