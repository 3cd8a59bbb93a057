import { fail } from '../wasi/index.ts';
import { Breach } from './breach.ts';

/** Writes little-endian numbers and texts into one buffer that is used again for each message. */
export class Writer {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  reset(): this {
    this.#at = 0;
    return this;
  }

  /** Bytes still free. */
  get room(): number {
    return this.#bytes.length - this.#at;
  }

  #take(length: number): number {
    if (length > this.room) throw fail('NAMETOOLONG');
    const at = this.#at;
    this.#at += length;
    return at;
  }

  u8(value: number): this {
    this.#bytes.writeUInt8(value, this.#take(1));
    return this;
  }

  u16(value: number): this {
    this.#bytes.writeUInt16LE(value, this.#take(2));
    return this;
  }

  u32(value: number): this {
    this.#bytes.writeUInt32LE(value, this.#take(4));
    return this;
  }

  u64(value: bigint): this {
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#take(8));
    return this;
  }

  /** A text as UTF-8 behind its length in 16 bits. */
  text(value: string): this {
    const length = Buffer.byteLength(value);
    if (length > 0xffff) throw fail('NAMETOOLONG');
    this.u16(length);
    this.#bytes.write(value, this.#take(length));
    return this;
  }

  /** The message so far: a view that is valid until the next `reset`. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads what a `Writer` wrote, from somebody who may lie: whatever does not fit throws a `Breach`. */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new Breach('a message ends before what it announces');
    this.#at += length;
    return at;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    try {
      return utf8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw new Breach('a text is not UTF-8');
    }
  }

  /** Whether all was read. */
  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }
}
