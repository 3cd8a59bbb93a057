import type { Cursor } from './cursor.ts';
import type { ExternKind, GlobalType, Limits, MemoryType, TableType } from './types.ts';
import { readMutable, readReferenceType, readValueType } from './value-types.ts';

const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const;

const hasMaximum = 1;
const isShared = 2;
const is64 = 4;
const hasPageSize = 8;

/** The kind byte of an import or export. */
export function readKind(cursor: Cursor): ExternKind {
  const start = cursor.at;
  const code = cursor.u8('a kind');
  const kind = kinds[code];
  if (kind === undefined) throw cursor.error(`has 0x${code.toString(16)} where a kind should be`, start);
  return kind;
}

/** A memory type (core spec, 5.3.14): limits, and the logarithm of the page size where the flags announce one. */
export function readMemoryType(cursor: Cursor): MemoryType {
  const start = cursor.at;
  const { flags, limits } = readLimits(cursor, hasMaximum | isShared | is64 | hasPageSize, 'a memory');
  if (limits.shared && limits.maximum === undefined) {
    throw cursor.error('has a shared memory without a maximum', start);
  }
  if (!(flags & hasPageSize)) return { ...limits, page_bytes: 65_536 };
  const at = cursor.at;
  const logarithm = cursor.u32('the page size of a memory');
  if (logarithm !== 0 && logarithm !== 16)
    throw cursor.error('has a memory with pages of neither 1 nor 65536 bytes', at);
  return { ...limits, page_bytes: 2 ** logarithm };
}

/** A table type (core spec, 5.3.15). */
export function readTableType(cursor: Cursor): TableType {
  const element = readReferenceType(cursor);
  return { element, ...readLimits(cursor, hasMaximum | is64, 'a table').limits };
}

/** A global's type (core spec, 5.3.16). */
export function readGlobalType(cursor: Cursor): GlobalType {
  const value = readValueType(cursor);
  return { value, mutable: readMutable(cursor) };
}

/** A tag's type (core spec, 5.3.17) is an attribute that must be 0, then the index of a function type. */
export function readTagTypeIndex(cursor: Cursor): number {
  const start = cursor.at;
  const attribute = cursor.u8('the attribute of a tag');
  if (attribute !== 0) throw cursor.error(`has a tag with the attribute 0x${attribute.toString(16)}`, start);
  return cursor.u32('the type of a tag');
}

function readLimits(cursor: Cursor, known: number, what: string): { flags: number; limits: Limits } {
  const start = cursor.at;
  const flags = cursor.u8(`the limits of ${what}`);
  if (flags & ~known) throw cursor.error(`has ${what} with the limits flags 0x${flags.toString(16)}`, start);
  const wide = (flags & is64) !== 0;
  const minimum = readSize(cursor, wide, `the minimum of ${what}`);
  const maximum = flags & hasMaximum ? readSize(cursor, wide, `the maximum of ${what}`) : undefined;
  if (maximum !== undefined && maximum < minimum) {
    throw cursor.error(`has ${what} with the minimum ${minimum} above its maximum ${maximum}`, start);
  }
  const limits: Limits = {
    minimum,
    maximum,
    address: wide ? 'i64' : 'i32',
    shared: (flags & isShared) !== 0,
    encoded: { start, end: cursor.at },
  };
  return { flags, limits };
}

function readSize(cursor: Cursor, wide: boolean, what: string): number {
  return wide ? Number(cursor.u64(what)) : cursor.u32(what);
}
