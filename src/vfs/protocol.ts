import { name_bytes_max, path_bytes_max } from '../limits/index.ts';
import { type DirectoryEntry, fail, type Filetype, type OpenOptions, type Stat, type Times } from '../wasi/index.ts';
import { Breach } from './breach.ts';
import type { Reader, Writer } from './codec.ts';

/**
 * What a guest process asks its broker. Little-endian; a text is UTF-8 behind a length of 16 bits.
 *
 *     request  u8 operation, then its operands
 *     reply    u16 errno of preview 1, u8 number of touched directories, their paths, then the result if errno is 0
 *
 * A place is `u16 mount, text path`: the path below the mount, names joined by `/`, without `.`, `..` and empty ones;
 * empty for the mount itself. Mount 0 is the root filesystem: the image and what was changed in it.
 */
export const operation = {
  /** place, u16 how many of its names were gone through before → walked */
  walk: 1,
  /** place → stat */
  stat: 2,
  /** place, u64 cookie → entries up to the end of the reply */
  list: 3,
  /** place, u16 open flags → opened, with a descriptor unless the file is the image's */
  open: 4,
  /** place */
  make_directory: 5,
  remove_directory: 6,
  unlink: 7,
  /** place, text target */
  symlink: 8,
  /** place → text target */
  readlink: 9,
  /** place, place → u8 1 when what moved is a directory */
  rename: 10,
  /** place, place */
  link: 11,
  /** place, times */
  set_times: 12,
  /** place */
  sync: 13,
} as const;

export const root_mount = 0;

/** Writes the paths of touched directories; a reply starts with them, a notice is nothing else. */
export function writeTouched(writer: Writer, touched: readonly string[]): void {
  writer.u8(touched.length);
  for (const path of touched) writer.text(path);
}

export function readTouched(reader: Reader): string[] {
  return Array.from({ length: reader.u8() }, () => reader.text());
}

/** A path that a guest named: checked names below a mount. */
export interface Place {
  readonly mount: number;
  readonly names: readonly string[];
}

export function readPlace(reader: Reader): Place {
  const mount = reader.u16();
  const path = reader.text();
  if (path === '') return { mount, names: [] };
  const names = path.split('/');
  let tooLong = path.length > path_bytes_max;
  for (const name of names) {
    checkName(name);
    if (Buffer.byteLength(name) > name_bytes_max) tooLong = true;
  }
  if (tooLong) throw fail('NAMETOOLONG');
  return { mount, names };
}

function checkName(name: string): void {
  if (name === '' || name === '.' || name === '..') throw new Breach(`a path has the name ${JSON.stringify(name)}`);
  if (name.includes('\0')) throw new Breach('a path has a NUL');
}

const openFlags: readonly (keyof OpenOptions)[] = ['read', 'write', 'create', 'exclusive', 'truncate', 'append'];

export function writeOpenOptions(writer: Writer, options: OpenOptions): void {
  let bits = 0;
  for (const [i, flag] of openFlags.entries()) if (options[flag]) bits |= 1 << i;
  writer.u16(bits);
}

/** nonblock, dsync and sync stay with the guest's end, which has the descriptor. */
export function readOpenOptions(reader: Reader): OpenOptions {
  const bits = reader.u16();
  if (bits >= 1 << openFlags.length) throw new Breach('a file is opened with flags that do not exist');
  const has = (i: number): boolean => (bits & (1 << i)) !== 0;
  return {
    read: has(0),
    write: has(1),
    create: has(2),
    exclusive: has(3),
    truncate: has(4),
    append: has(5),
    nonblock: false,
    dsync: false,
    sync: false,
  };
}

/** What opening gave: a descriptor beside the reply, or an entry of the image, whose layers the guest reads itself. */
export type Opened = { readonly descriptor: number; readonly type: Filetype } | { readonly entry: number };

export function writeOpened(writer: Writer, opened: Opened): void {
  if ('entry' in opened) writer.u8(1).u32(opened.entry);
  else writer.u8(0).u8(opened.type);
}

/** `descriptor` is what came beside the reply. */
export function readOpened(reader: Reader, descriptor: number | null): Opened {
  if (reader.u8() === 1) return { entry: reader.u32() };
  if (descriptor === null) throw new Breach('a file was opened and no descriptor came');
  return { descriptor, type: reader.u8() as Filetype };
}

export function writeStat(writer: Writer, stat: Stat): void {
  writer.u64(stat.dev).u64(stat.ino).u8(stat.type).u64(stat.nlink).u64(stat.size);
  writer.u64(stat.atim).u64(stat.mtim).u64(stat.ctim);
}

export function readStat(reader: Reader): Stat {
  return {
    dev: reader.u64(),
    ino: reader.u64(),
    type: reader.u8() as Filetype,
    nlink: reader.u64(),
    size: reader.u64(),
    atim: reader.i64(),
    mtim: reader.i64(),
    ctim: reader.i64(),
  };
}

/** How far a walk came among the names it was asked for; see `Walked` of the host. */
export interface Reached {
  readonly taken: number;
  readonly stopped?: { readonly type: Filetype; readonly target?: string } | null;
}

export function writeReached(writer: Writer, { taken, stopped }: Reached): void {
  writer.u16(taken);
  if (stopped === undefined) writer.u8(0);
  else if (stopped === null) writer.u8(1);
  else
    writer
      .u8(2)
      .u8(stopped.type)
      .text(stopped.target ?? '');
}

export function readReached(reader: Reader): Reached {
  const taken = reader.u16();
  const state = reader.u8();
  if (state === 0) return { taken };
  if (state === 1) return { taken, stopped: null };
  const type = reader.u8() as Filetype;
  const target = reader.text();
  return { taken, stopped: target === '' ? { type } : { type, target } };
}

/** Writes an entry, or gives false when it does not fit any more. */
export function writeEntry(writer: Writer, entry: DirectoryEntry): boolean {
  if (19 + Buffer.byteLength(entry.name) > writer.room) return false;
  writer.u64(entry.ino).u8(entry.type).u64(entry.next).text(entry.name);
  return true;
}

export function readEntry(reader: Reader): DirectoryEntry {
  const ino = reader.u64();
  const type = reader.u8() as Filetype;
  const next = reader.u64();
  return { ino, type, next, name: reader.text() };
}

const time = { keep: 0, now: 1, given: 2 } as const;

function writeTime(writer: Writer, value: bigint | 'now' | undefined): void {
  if (value === undefined) writer.u8(time.keep);
  else if (value === 'now') writer.u8(time.now);
  else writer.u8(time.given).u64(value);
}

function readTime(reader: Reader): bigint | 'now' | undefined {
  switch (reader.u8()) {
    case time.keep:
      return undefined;
    case time.now:
      return 'now';
    case time.given:
      return reader.i64();
    default:
      throw new Breach('a time is neither kept, now nor given');
  }
}

export function writeTimes(writer: Writer, times: Times): void {
  writeTime(writer, times.atim);
  writeTime(writer, times.mtim);
}

export function readTimes(reader: Reader): Times {
  const atim = readTime(reader);
  const mtim = readTime(reader);
  return { ...(atim === undefined ? {} : { atim }), ...(mtim === undefined ? {} : { mtim }) };
}
