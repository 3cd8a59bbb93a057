import { WasmError } from './error.ts';

// The core specification makes a name that is not UTF-8 malformed and knows no byte order mark.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A position in the bytes of a module that never leaves `[at, end)`. `place` names the part being read ("the import
 * section") and stands in every error.
 */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly place: string;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number, place: string) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.place = place;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** The error that `reason` is, at `offset` or where the cursor stands. */
  error(reason: string, offset: number = this.at): WasmError {
    return new WasmError(`${this.place} ${reason}`, offset);
  }

  /** One byte; `what` it is stands in the error when there is none. */
  u8(what: string): number {
    if (this.at >= this.end) throw this.error(`ends where ${what} should be`);
    return this.bytes[this.at++] as number;
  }

  /** Steps over `count` bytes and gives where they began. */
  skip(count: number, what: string): number {
    if (count > this.left) throw this.error(`has ${this.left} bytes left where ${what} takes ${count}`);
    const start = this.at;
    this.at += count;
    return start;
  }

  /** An unsigned LEB128 number of 32 bits (core spec, 5.2.2): at most 5 bytes, the unused bits of the last are 0. */
  u32(what: string): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8(what);
      if (shift === 28 && byte > 0x0f) throw this.tooLong(what, byte, 32, start);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** An unsigned LEB128 number of 64 bits: at most 10 bytes. */
  u64(what: string): bigint {
    const start = this.at;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8(what);
      if (shift === 63n && byte > 1) throw this.tooLong(what, byte, 64, start);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  /** A signed LEB128 number of 33 bits, as a heap type is written: an index, or one of the negative codes. */
  s33(what: string): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8(what);
      const bits = byte & 0x7f;
      // Of the fifth byte five bits are the number's; the two above repeat the sign.
      if (shift === 28 && (byte >= 0x80 || (bits > 0x0f && bits < 0x70))) throw this.tooLong(what, byte, 33, start);
      value += bits * 2 ** shift;
      if (byte < 0x80) return bits & 0x40 ? value - 2 ** (shift + 7) : value;
    }
  }

  /** Steps over a signed LEB128 number of 32 or 64 bits, as constants are written. */
  skipSigned(bits: 32 | 64, what: string): void {
    const start = this.at;
    const bytesMax = bits === 32 ? 5 : 10;
    for (let count = 1; ; count++) {
      const byte = this.u8(what);
      if (count === bytesMax) {
        // The sign bit and the unused ones above it must be all the same: 4 bits are left of 32, 1 of 64.
        const rest = ((byte << 25) >> 25) >> (bits === 32 ? 3 : 0);
        if (byte >= 0x80 || (rest !== 0 && rest !== -1)) throw this.tooLong(what, byte, bits, start);
      }
      if (byte < 0x80) return;
    }
  }

  /** A name: its length in bytes, then UTF-8. */
  name(what: string): string {
    const length = this.u32(`the length of ${what}`);
    const start = this.skip(length, what);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      throw this.error(`has ${what} that is not UTF-8`, start);
    }
  }

  private tooLong(what: string, byte: number, bits: number, start: number): WasmError {
    const reason = byte >= 0x80 ? 'a number that does not end' : 'a number too large';
    return this.error(`has ${reason} for ${bits} bits where ${what} should be`, start);
  }
}

/**
 * Goes through the entries of a vector: `read` is called for each with its number. A count that lies, or is above
 * `entriesMax`, is an error before anything is made for the entries that are not there.
 */
export function readVector(cursor: Cursor, entriesMax: number, read: (index: number) => void): void {
  const start = cursor.at;
  const count = cursor.u32('the number of its entries');
  if (count > entriesMax) throw cursor.error(`says ${count} entries and ${entriesMax} are allowed`, start);
  for (let index = 0; index < count; index++) {
    if (cursor.left === 0) throw cursor.error(`says ${count} entries but ends after ${index}`);
    read(index);
  }
}
