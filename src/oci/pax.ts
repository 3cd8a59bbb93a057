import { decodeUtf8 } from './bytes.ts';
import { badHeader } from './tar-header.ts';

/** What a pax extended header says about the entry after it, numbers checked; what it does not say is undefined. */
export interface PaxRecords {
  readonly path: Uint8Array | undefined;
  readonly linkpath: Uint8Array | undefined;
  readonly size: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mtime: { readonly s: number; readonly nsec: number } | undefined;
  readonly xattrs: ReadonlyMap<string, Uint8Array> | undefined;
  /** The entry is stored sparsely (GNU.sparse keys). */
  readonly sparse: boolean;
}

const xattrPrefix = 'SCHILY.xattr.';
const meaningful = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime']);

/**
 * Reads the records of a pax header (`x`), each "length key=value" and a newline, length counting itself. A later
 * record for a key replaces an earlier one, an empty value takes it back. `offset` is where the records start in the
 * tar. Throws a `LayerError` of `InvalidArgument`. POSIX.1-2017, pax, "pax Extended Header".
 */
export function parsePax(bytes: Uint8Array, offset: number): PaxRecords {
  const found = new Map<string, Uint8Array>();
  const xattrs = new Map<string, Uint8Array>();
  let sparse = false;
  for (const { key, value } of records(bytes, offset)) {
    if (key.startsWith('GNU.sparse.')) sparse = true;
    else if (key.startsWith(xattrPrefix)) keepXattr(xattrs, key.slice(xattrPrefix.length), value);
    else if (meaningful.has(key)) found.set(key, value);
  }
  const path = (key: string): Uint8Array | undefined => {
    const value = found.get(key);
    if (value?.includes(0)) throw badHeader(`the pax record ${key} contains a NUL`, offset);
    return value === undefined || value.length === 0 ? undefined : value;
  };
  const whole = (key: string): number | undefined => {
    const value = found.get(key);
    return value === undefined || value.length === 0 ? undefined : parseWhole(key, decodeUtf8(value), offset);
  };
  const mtime = found.get('mtime');
  return {
    path: path('path'),
    linkpath: path('linkpath'),
    size: whole('size'),
    uid: whole('uid'),
    gid: whole('gid'),
    mtime: mtime === undefined || mtime.length === 0 ? undefined : parseTime(decodeUtf8(mtime), offset),
    xattrs: xattrs.size === 0 ? undefined : xattrs,
    sparse,
  };
}

/**
 * Checks a global pax header (`g`). Tools differ in whether they obey one, so only what changes no entry (comments)
 * is taken.
 */
export function checkGlobalPax(bytes: Uint8Array, offset: number): void {
  for (const { key } of records(bytes, offset)) {
    if (meaningful.has(key) || key.startsWith('GNU.sparse.') || key.startsWith(xattrPrefix)) {
      throw badHeader(`a global pax header sets ${JSON.stringify(key)}, which tools read differently`, offset);
    }
  }
}

function* records(bytes: Uint8Array, offset: number): Generator<{ key: string; value: Uint8Array }> {
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let digits = at;
    for (; digits < bytes.length && bytes[digits]! >= 0x30 && bytes[digits]! <= 0x39; digits++) {
      length = length * 10 + bytes[digits]! - 0x30;
      if (length > bytes.length) break;
    }
    const end = at + length;
    const wellFormed =
      digits > at && bytes[digits] === 0x20 && end <= bytes.length && end > digits + 1 && bytes[end - 1] === 0x0a;
    if (!wellFormed) throw badHeader('a pax header has a malformed record', offset + at);
    const equals = bytes.indexOf(0x3d, digits + 1);
    if (equals <= digits + 1 || equals >= end) throw badHeader('a pax header has a record without a key', offset + at);
    const key = bytes.subarray(digits + 1, equals);
    if (key.includes(0)) throw badHeader('a key of a pax header contains a NUL', offset + at);
    yield { key: decodeUtf8(key), value: bytes.slice(equals + 1, end - 1) };
    at = end;
  }
}

/**
 * Attributes that a layer may carry: users' own, and file capabilities (recorded, never honoured). Not `trusted.` and
 * `system.`, which steer overlay filesystems and access lists, and not what this program keeps there for itself.
 */
function keepXattr(xattrs: Map<string, Uint8Array>, name: string, value: Uint8Array): void {
  const allowed = (name.startsWith('user.') && !name.startsWith('user.wherry.')) || name === 'security.capability';
  if (allowed && name.length <= 255) xattrs.set(name, value);
}

function parseWhole(key: string, text: string, offset: number): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value)) {
    throw badHeader(`the pax record ${key} is not a whole number that fits`, offset);
  }
  return value;
}

function parseTime(text: string, offset: number): { s: number; nsec: number } {
  const match = /^(-?)([0-9]{1,16})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw badHeader('the pax record mtime is not a time', offset);
  const s = Number(match[2]);
  const nsec = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (!Number.isSafeInteger(s + 1)) throw badHeader('the pax record mtime is too large', offset);
  if (match[1] === '') return { s, nsec };
  return nsec === 0 ? { s: 0 - s, nsec: 0 } : { s: -s - 1, nsec: 1_000_000_000 - nsec };
}
