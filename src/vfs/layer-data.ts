import { hash } from 'node:crypto';

import { chunk_bytes } from '../limits/index.ts';
import { type LayerIndex, openIndex } from '../oci/index.ts';
import { pread } from '../os/index.ts';
import { fail } from '../wasi/index.ts';
import { translated } from './errno.ts';

/** A layer as it is read: its uncompressed tar (or bare module) and its index. */
export interface Layer {
  readonly tar_fd: number;
  readonly index: LayerIndex;
  /** What to call it when it is found damaged, e.g. its diffID. */
  readonly name?: string;
}

/** Bytes of a layer that are not what was pulled. */
export interface Damage {
  readonly layer: string;
  /** Where the damaged chunk starts in the uncompressed tar, in bytes. */
  readonly offset: number;
}

// One chunk for all layers of the process: the last one that was verified, so that small reads of it cost no call.
let scratch: Uint8Array<ArrayBuffer> | null = null;
let held: { readonly layer: LayerData; readonly chunk: number } | null = null;

/**
 * Reads a layer's tar so that no flipped byte gets out: each chunk is checked against the SHA-256 in the index when
 * it is first read. A chunk that does not match, or that is not there, is an EIO each time it is asked for.
 */
export class LayerData {
  /** Its place among the layers of its image, from 0. */
  readonly number: number;
  readonly #layer: Layer;
  readonly #name: string;
  readonly #verified: Uint8Array;
  readonly #damaged: ((damage: Damage) => void) | undefined;

  constructor(layer: Layer, number: number, damaged?: (damage: Damage) => void) {
    this.number = number;
    this.#layer = layer;
    this.#name = layer.name ?? `layer ${number + 1}`;
    this.#verified = new Uint8Array((layer.index.chunkCount + 7) >>> 3);
    this.#damaged = damaged;
  }

  /** Fills `into` from `offset` of the tar. Throws IO for damage, and where the tar ends before. */
  read(into: Uint8Array, offset: number): void {
    if (offset + into.length > this.#layer.index.tarSize) this.#fault(offset);
    for (let done = 0; done < into.length;) {
      const at = offset + done;
      const chunk = Math.floor(at / chunk_bytes);
      const rest = into.length - done;
      if (held?.layer === this && held.chunk === chunk) {
        const start = at - chunk * chunk_bytes;
        const part = scratch!.subarray(start, Math.min(start + rest, chunk_bytes));
        into.set(part, done);
        done += part.length;
      } else if (this.#isVerified(chunk)) {
        const part = Math.min(rest, this.#verifiedFrom(chunk, at + rest) - at);
        this.#readWhole(into.subarray(done, done + part), at);
        done += part;
      } else {
        this.#verify(chunk);
      }
    }
  }

  #isVerified(chunk: number): boolean {
    return (this.#verified[chunk >>> 3]! & (1 << (chunk & 7))) !== 0;
  }

  /** Where the run of verified chunks that starts with `chunk` ends, looking no further than `end`. */
  #verifiedFrom(chunk: number, end: number): number {
    let next = chunk + 1;
    while (next * chunk_bytes < end && this.#isVerified(next)) next++;
    return next * chunk_bytes;
  }

  #verify(chunk: number): void {
    const start = chunk * chunk_bytes;
    const length = Math.min(chunk_bytes, this.#layer.index.tarSize - start);
    scratch ??= new Uint8Array(chunk_bytes);
    held = null;
    const bytes = scratch.subarray(0, length);
    this.#readWhole(bytes, start);
    const found = hash('sha256', bytes, 'buffer');
    if (found.compare(this.#layer.index.chunkHash(chunk)) !== 0) this.#fault(start);
    this.#verified[chunk >>> 3]! |= 1 << (chunk & 7);
    held = { layer: this, chunk };
  }

  #readWhole(into: Uint8Array, offset: number): void {
    for (let done = 0; done < into.length;) {
      const n = translated(() => pread(this.#layer.tar_fd, into.subarray(done), BigInt(offset + done)));
      if (n === 0) this.#fault(offset + done);
      done += n;
    }
  }

  #fault(offset: number): never {
    this.#damaged?.({ layer: this.#name, offset: Math.floor(offset / chunk_bytes) * chunk_bytes });
    throw fail('IO');
  }
}

/**
 * Bytes of a layer, each chunk of them checked.
 *
 * @throws Errno IO when they are damaged or not there
 */
export function readLayer(
  layer: { tar_fd: number; index: Uint8Array; name: string },
  offset: number,
  size: number,
): Uint8Array {
  const bytes = new Uint8Array(size);
  new LayerData({ tar_fd: layer.tar_fd, index: openIndex(layer.index), name: layer.name }, 0).read(bytes, offset);
  return bytes;
}
