import type { Cursor } from './cursor.ts';
import { heapTypes, type HeapType, type NumberType, type ReferenceType, type ValueType } from './types.ts';

const numberTypes: Record<number, NumberType> = { 0x7f: 'i32', 0x7e: 'i64', 0x7d: 'f32', 0x7c: 'f64', 0x7b: 'v128' };
const abstractTypes: Record<number, (typeof heapTypes)[keyof typeof heapTypes] | undefined> = heapTypes;

/** A value type (core spec, 5.3.5). */
export function readValueType(cursor: Cursor): ValueType {
  const start = cursor.at;
  const code = cursor.u8('a value type');
  return numberTypes[code] ?? referenceType(cursor, code, start, 'a value type');
}

/** A reference type (core spec, 5.3.4). */
export function readReferenceType(cursor: Cursor): ReferenceType {
  const start = cursor.at;
  return referenceType(cursor, cursor.u8('a reference type'), start, 'a reference type');
}

/** What follows `(ref`: an index, or an abstract type (core spec, 5.3.3). */
export function readHeapType(cursor: Cursor): HeapType {
  const start = cursor.at;
  const index = cursor.s33('a heap type');
  if (index >= 0) return `${index}`;
  const name = index >= -0x40 ? abstractTypes[index + 0x80] : undefined;
  if (name === undefined) throw cursor.error('has a heap type that is not known', start);
  return name;
}

/** The type of a field of a structure or array: a value type or a packed integer, then whether it is mutable. */
export function skipFieldType(cursor: Cursor): void {
  const packed = cursor.left > 0 && (cursor.bytes[cursor.at] === 0x78 || cursor.bytes[cursor.at] === 0x77);
  if (packed) cursor.at++;
  else readValueType(cursor);
  readMutable(cursor);
}

/** 1 for mutable, 0 for not. */
export function readMutable(cursor: Cursor): boolean {
  const start = cursor.at;
  const flag = cursor.u8('a mutability');
  if (flag > 1) throw cursor.error(`has 0x${flag.toString(16)} where 0 or 1 says whether a value can change`, start);
  return flag === 1;
}

function referenceType(cursor: Cursor, code: number, start: number, what: string): ReferenceType {
  if (code === 0x63) return nullable(readHeapType(cursor));
  if (code === 0x64) return `(ref ${readHeapType(cursor)})`;
  const name = abstractTypes[code];
  if (name === undefined) throw cursor.error(`has 0x${code.toString(16)} where ${what} should be`, start);
  return nullable(name);
}

/** The two references of Wasm 2 have one name, however they are written. */
function nullable(type: HeapType): ReferenceType {
  return type === 'func' || type === 'extern' ? `${type}ref` : `(ref null ${type})`;
}
