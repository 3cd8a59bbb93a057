import type { Cursor } from './cursor.ts';
import type { Span } from './types.ts';
import { readHeapType } from './value-types.ts';

const end = 0x0b;
const gcPrefix = 0xfb;
const vectorPrefix = 0xfd;
const v128Const = 0x0c;

/** What follows each opcode that may stand in a constant expression (core spec, 3.4.13). */
const operands: Record<number, (cursor: Cursor) => void> = {
  0x23: (cursor) => cursor.u32('the index of a global'),
  0x41: (cursor) => cursor.skipSigned(32, 'an i32'),
  0x42: (cursor) => cursor.skipSigned(64, 'an i64'),
  0x43: (cursor) => cursor.skip(4, 'an f32'),
  0x44: (cursor) => cursor.skip(8, 'an f64'),
  // Add, subtract and multiply of i32 and i64.
  0x6a: () => {},
  0x6b: () => {},
  0x6c: () => {},
  0x7c: () => {},
  0x7d: () => {},
  0x7e: () => {},
  0xd0: (cursor) => readHeapType(cursor),
  0xd2: (cursor) => cursor.u32('the index of a function'),
};

/** How many indices follow each garbage-collected constant: struct.new to array.new_fixed, conversions, ref.i31. */
const gcIndices: Record<number, number> = { 0: 1, 1: 1, 6: 1, 7: 1, 8: 2, 0x1a: 0, 0x1b: 0, 0x1c: 0 };

/** Steps over a constant expression and gives where it stands, its `end` included. */
export function skipConstant(cursor: Cursor): Span {
  const start = cursor.at;
  for (;;) {
    const at = cursor.at;
    const opcode = cursor.u8('a constant expression');
    if (opcode === end) return { start, end: cursor.at };
    if (opcode === gcPrefix) {
      skipGarbageCollected(cursor, at);
    } else if (opcode === vectorPrefix) {
      if (cursor.u32('an opcode') !== v128Const) throw notConstant(cursor, opcode, at);
      cursor.skip(16, 'a v128');
    } else {
      const skip = operands[opcode];
      if (skip === undefined) throw notConstant(cursor, opcode, at);
      skip(cursor);
    }
  }
}

function skipGarbageCollected(cursor: Cursor, at: number): void {
  const indices = gcIndices[cursor.u32('an opcode')];
  if (indices === undefined) throw notConstant(cursor, gcPrefix, at);
  for (let i = 0; i < indices; i++) cursor.u32('an index');
}

function notConstant(cursor: Cursor, opcode: number, at: number): Error {
  return cursor.error(`has an instruction 0x${opcode.toString(16)} that a constant cannot have`, at);
}
