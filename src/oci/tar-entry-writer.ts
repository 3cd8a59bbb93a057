import { encodeUtf8, noBytes } from './bytes.ts';
import { entryType } from './layer-index-format.ts';
import { block_bytes } from './tar-header.ts';
import { tarPadding } from './tar-writer.ts';

/** An entry as it is written: what a `TarEntry` has, without where it stands. */
export interface NewTarEntry {
  /** The path, without a slash at the start; of a directory with one at the end. */
  readonly name: Uint8Array;
  readonly type: 1 | 2 | 3 | 4 | 5 | 6 | 8;
  readonly link?: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of data that follow, of a file. */
  readonly size?: number;
  /** Whole seconds since the epoch. */
  readonly mtime_s: number;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

const flags: Readonly<Record<NewTarEntry['type'], string>> = {
  [entryType.directory]: '5',
  [entryType.file]: '0',
  [entryType.symlink]: '2',
  [entryType.characterDevice]: '3',
  [entryType.blockDevice]: '4',
  [entryType.fifo]: '6',
  [entryType.hardlink]: '1',
};

const octal_7_max = 0o777_7777;
const octal_11_max = 0o777_7777_7777;

/**
 * The headers of one entry: a pax header where ustar's fields are too small, then the ustar one. Nothing but what is
 * given goes in, so equal entries give equal bytes. POSIX.1-2017, pax.
 */
export function tarEntryHeader(entry: NewTarEntry): Uint8Array {
  const { name, link = noBytes, uid, gid, size = 0, mtime_s, xattrs } = entry;
  const records: Uint8Array[] = [];
  const record = (key: string, value: Uint8Array | string): void => {
    records.push(paxRecord(key, typeof value === 'string' ? encodeUtf8(value) : value));
  };
  if (name.length > 100) record('path', name);
  if (link.length > 100) record('linkpath', link);
  if (size > octal_11_max) record('size', String(size));
  if (uid > octal_7_max) record('uid', String(uid));
  if (gid > octal_7_max) record('gid', String(gid));
  if (mtime_s < 0 || mtime_s > octal_11_max) record('mtime', String(mtime_s));
  for (const [key, value] of [...(xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    record(`SCHILY.xattr.${key}`, value);
  }
  const main = ustar(entry, flags[entry.type], name, link, size);
  if (records.length === 0) return main;
  const body = concatenated(records);
  const plain = { ...entry, mode: 0o644, uid: 0, gid: 0, mtime_s: 0 };
  const head = ustar(plain, 'x', encodeUtf8('PaxHeaders/entry'), noBytes, body.length);
  return concatenated([head, body, tarPadding(body.length), main]);
}

function ustar(entry: NewTarEntry, flag: string, name: Uint8Array, link: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(block_bytes);
  const octal = (at: number, length: number, value: number): void => {
    bytes.set(encodeUtf8(value.toString(8).padStart(length - 1, '0')), at);
  };
  const small = (value: number, most: number): number => (value < 0 || value > most ? 0 : value);
  bytes.set(name.subarray(0, 100), 0);
  octal(100, 8, entry.mode & 0o7777);
  octal(108, 8, small(entry.uid, octal_7_max));
  octal(116, 8, small(entry.gid, octal_7_max));
  octal(124, 12, small(size, octal_11_max));
  octal(136, 12, small(entry.mtime_s, octal_11_max));
  bytes.fill(0x20, 148, 156);
  bytes.set(encodeUtf8(flag), 156);
  bytes.set(link.subarray(0, 100), 157);
  bytes.set(encodeUtf8('ustar\x0000'), 257);
  octal(329, 8, entry.device?.major ?? 0);
  octal(337, 8, entry.device?.minor ?? 0);
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.set(encodeUtf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return bytes;
}

function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = encodeUtf8(` ${key}=`);
  const without = rest.length + value.length + 1;
  let length = without + String(without).length;
  if (without + String(length).length > length) length++;
  return concatenated([encodeUtf8(String(length)), rest, value, encodeUtf8('\n')]);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
