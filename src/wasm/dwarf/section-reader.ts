import { WherryError } from '../../errors/index.ts';
import { debug_name_bytes_max } from '../../limits/index.ts';
import type { Budget } from './budget.ts';

const leb_bytes_max = 10;
const utf8 = new TextDecoder('utf-8');

/** One section of debug information. */
export interface DebugSection {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * A position in a section that never leaves it. Numbers are little-endian; those of 64 bits become JavaScript's, exact
 * up to 2^53. Every read throws InvalidArgument where the section, or the part that is read, has ended.
 */
export class SectionReader {
  readonly section: DebugSection;
  readonly budget: Budget;
  readonly end: number;
  at: number;
  readonly #view: DataView;

  constructor(section: DebugSection, budget: Budget, at: number = 0, end: number = section.bytes.length) {
    this.section = section;
    this.budget = budget;
    this.end = Math.min(end, section.bytes.length);
    this.at = at;
    this.#view = new DataView(section.bytes.buffer, section.bytes.byteOffset, section.bytes.length);
    if (!(at >= 0 && at <= this.end)) throw this.error(`has no byte ${at}`);
  }

  get left(): number {
    return this.end - this.at;
  }

  error(reason: string): WherryError<'InvalidArgument'> {
    const { name } = this.section;
    return new WherryError('InvalidArgument', `Cannot read the debug information: ${name} ${reason}.`);
  }

  /** Steps over `count` bytes and gives where they began. */
  skip(count: number): number {
    if (!(count <= this.left)) throw this.error(`ends within what begins at byte ${this.at}`);
    const start = this.at;
    this.at += count;
    return start;
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1));
  }

  i8(): number {
    return this.#view.getInt8(this.skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), true);
  }

  u24(): number {
    const at = this.skip(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.skip(8), true));
  }

  /** An offset into a section: 4 bytes, or 8 in the 64-bit format. */
  offset(offset_bytes: number): number {
    return offset_bytes === 8 ? this.u64() : this.u32();
  }

  address(address_bytes: number): number {
    if (address_bytes === 4) return this.u32();
    if (address_bytes === 8) return this.u64();
    throw this.error(`has addresses of ${address_bytes} bytes`);
  }

  /** An unsigned LEB128 number, which may be padded to the length of one of 64 bits. */
  uleb(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < leb_bytes_max; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw this.error('has a number that does not end');
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < leb_bytes_max; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
    throw this.error('has a number that does not end');
  }

  /** Steps over a text that ends with a 0, and gives where it began. */
  skipText(): number {
    const start = this.at;
    const zero = this.section.bytes.indexOf(0, start);
    if (zero < 0 || zero >= this.end) throw this.error(`has a text at byte ${start} that does not end`);
    this.at = zero + 1;
    this.budget.spend((this.at - start) >> 6);
    return start;
  }

  /** The text that begins here, cut where it is too long for a name. */
  text(): string {
    const start = this.at;
    const cut = this.section.bytes.subarray(start, Math.min(this.end, start + debug_name_bytes_max));
    const zero = cut.indexOf(0);
    this.budget.spend(cut.length >> 6);
    return utf8.decode(zero < 0 ? cut : cut.subarray(0, zero));
  }

  /**
   * The length that a unit begins with (DWARF 5, 7.4): where the unit ends, and whether its offsets have 4 or 8 bytes.
   */
  unitLength(): { readonly end: number; readonly offset_bytes: number } {
    let length = this.u32();
    let offset_bytes = 4;
    if (length === 0xffffffff) {
      length = this.u64();
      offset_bytes = 8;
    } else if (length >= 0xfffffff0) throw this.error(`has a unit of the reserved length ${length}`);
    if (!(length <= this.left)) throw this.error(`ends within the unit at byte ${this.at}`);
    return { end: this.at + length, offset_bytes };
  }
}
