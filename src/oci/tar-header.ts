import { noBytes } from './bytes.ts';
import { LayerError } from './layer-error.ts';

export const block_bytes: number = 512;

/** The fields of one 512-byte tar header (POSIX ustar, GNU, or the form before both), numbers checked. */
export interface TarHeader {
  /** The type flag as a character; NUL, which old tars write for files, is '0'. */
  readonly flag: string;
  readonly name: Uint8Array;
  readonly link: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  /** Of a device: `major * 2^20 + minor`, as far as the kernel has numbers. */
  readonly device: number;
}

const device_major_max = 0xfff;
const device_minor_max = 0xf_ffff;

/** Whether a block has only zeros, which is how a tar ends. */
export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + block_bytes; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * Reads the header at `bytes[at]`. `offset` is where it stands in the tar, for messages. Names are copies. Throws a
 * `LayerError` of `InvalidArgument` for a wrong checksum, a number that is none, negative or beyond 2^53.
 */
export function parseHeader(bytes: Uint8Array, at: number, offset: number): TarHeader {
  checkSum(bytes, at, offset);
  const name = text(bytes, at, 100);
  const number = (what: string, start: number, length: number, signed = false): number =>
    parseNumber(bytes, at + start, length, what, offset, signed);
  const flagByte = bytes[at + 156]!;
  // Only POSIX has the prefix; GNU's magic ("ustar" and two spaces) keeps times there, older tars nothing.
  const hasPrefix = isPosix(bytes, at + 257);
  const flag = flagByte === 0 ? '0' : String.fromCharCode(flagByte);
  const prefix = hasPrefix ? text(bytes, at + 345, 155) : noBytes;
  return {
    flag,
    name: prefix.length > 0 ? joined(prefix, name) : name,
    link: bytes[at + 157] === 0 ? noBytes : text(bytes, at + 157, 100),
    mode: number('mode', 100, 8) & 0o7777,
    uid: number('uid', 108, 8),
    gid: number('gid', 116, 8),
    size: number('size', 124, 12),
    mtime: number('mtime', 136, 12, true),
    // Elsewhere the fields mean nothing, and may hold anything.
    device: flag === '3' || flag === '4' ? deviceOf(number('major', 329, 8), number('minor', 337, 8), offset) : 0,
  };
}

function deviceOf(major: number, minor: number, offset: number): number {
  if (major > device_major_max || minor > device_minor_max) {
    throw badHeader(`its device has the number ${major}:${minor}, which no kernel has`, offset);
  }
  return major * (device_minor_max + 1) + minor;
}

/** A `LayerError` for a header that cannot be right. */
export function badHeader(problem: string, offset: number, entry?: string): LayerError {
  return new LayerError('InvalidArgument', problem, { offset, ...(entry === undefined ? {} : { entry }) });
}

function checkSum(bytes: Uint8Array, at: number, offset: number): void {
  let unsigned = 8 * 0x20;
  let high = 0;
  for (let i = at; i < at + block_bytes; i++) {
    const byte = bytes[i]!;
    unsigned += byte;
    high += byte >>> 7;
  }
  for (let i = at + 148; i < at + 156; i++) {
    const byte = bytes[i]!;
    unsigned -= byte;
    high -= byte >>> 7;
  }
  const stored = parseNumber(bytes, at + 148, 8, 'checksum', offset, false);
  // Some old tars summed signed characters.
  if (stored !== unsigned && stored !== unsigned - 256 * high) {
    throw badHeader('a header has a wrong checksum: it is not a tar, or it is damaged', offset);
  }
}

/** Octal between spaces and NULs, or GNU's base-256 when the first bit is set. An empty field is 0. */
function parseNumber(
  bytes: Uint8Array,
  start: number,
  length: number,
  what: string,
  offset: number,
  signed: boolean,
): number {
  if (bytes[start]! >= 0x80) return parseBase256(bytes, start, length, what, offset, signed);
  let from = start;
  let to = start + length;
  while (from < to && isPadding(bytes[from]!)) from++;
  while (to > from && isPadding(bytes[to - 1]!)) to--;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 7) throw badHeader(`the ${what} in a header is not an octal number`, offset);
    value = value * 8 + digit;
  }
  return value;
}

function parseBase256(
  bytes: Uint8Array,
  start: number,
  length: number,
  what: string,
  offset: number,
  signed: boolean,
): number {
  const negative = (bytes[start]! & 0x40) !== 0;
  if (negative && !signed) throw badHeader(`the ${what} in a header is negative`, offset);
  let value = negative ? (bytes[start]! | 0x80) - 256 : bytes[start]! & 0x3f;
  for (let i = start + 1; i < start + length; i++) {
    value = value * 256 + bytes[i]!;
    if (!Number.isSafeInteger(value)) throw badHeader(`the ${what} in a header is too large`, offset);
  }
  return value;
}

function isPadding(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

/** A copy of a field up to its first NUL. */
function text(bytes: Uint8Array, start: number, length: number): Uint8Array {
  let end = start;
  while (end < start + length && bytes[end] !== 0) end++;
  return bytes.slice(start, end);
}

const posixMagic: readonly number[] = [0x75, 0x73, 0x74, 0x61, 0x72, 0];

function isPosix(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < posixMagic.length; i++) if (bytes[at + i] !== posixMagic[i]) return false;
  return true;
}

function joined(prefix: Uint8Array, name: Uint8Array): Uint8Array {
  const path = new Uint8Array(prefix.length + 1 + name.length);
  path.set(prefix);
  path[prefix.length] = 0x2f;
  path.set(name, prefix.length + 1);
  return path;
}
