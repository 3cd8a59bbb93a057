import { function_values_max, module_functions_max, structure_fields_max } from '../limits/index.ts';
import { Cursor, readVector } from './cursor.ts';
import type { FunctionType, ValueType } from './types.ts';
import { readValueType, skipFieldType } from './value-types.ts';

const recursive = 0x4e;
const sub = 0x50;
const subFinal = 0x4f;
const array = 0x5e;
const structure = 0x5f;
const func = 0x60;

/**
 * Goes through the type section (core spec, 5.5.4) and gives where each type's form byte stands, the types of a
 * recursive group counted as the types they are, those declared as subtypes by the type inside.
 */
export function readTypeSection(cursor: Cursor): Uint32Array {
  const starts: number[] = [];
  readVector(cursor, module_functions_max, () => {
    if (cursor.bytes[cursor.at] !== recursive) {
      starts.push(skipSubType(cursor));
    } else {
      cursor.at++;
      readVector(cursor, module_functions_max - starts.length, () => starts.push(skipSubType(cursor)));
    }
    if (starts.length > module_functions_max) {
      throw cursor.error(`has more types than the ${module_functions_max} that are allowed`);
    }
  });
  return Uint32Array.from(starts);
}

/** The function type whose form byte stands at `start`, or undefined where a structure or an array does. */
export function readFunctionType(bytes: Uint8Array, start: number, end: number): FunctionType | undefined {
  if (bytes[start] !== func) return undefined;
  const cursor = new Cursor(bytes, start + 1, end, 'the type section');
  return { params: readValues(cursor), results: readValues(cursor) };
}

function readValues(cursor: Cursor): ValueType[] {
  const values: ValueType[] = [];
  readVector(cursor, function_values_max, () => values.push(readValueType(cursor)));
  return values;
}

function skipSubType(cursor: Cursor): number {
  const form = cursor.bytes[cursor.at];
  if (form === sub || form === subFinal) {
    cursor.at++;
    // The supertype: at most one today, and a vector in the format.
    readVector(cursor, 1, () => cursor.u32('the index of a supertype'));
  }
  return skipCompositeType(cursor);
}

function skipCompositeType(cursor: Cursor): number {
  const start = cursor.at;
  const form = cursor.u8('the form of a type');
  if (form === func) {
    readVector(cursor, function_values_max, () => readValueType(cursor));
    readVector(cursor, function_values_max, () => readValueType(cursor));
  } else if (form === structure) {
    readVector(cursor, structure_fields_max, () => skipFieldType(cursor));
  } else if (form === array) {
    skipFieldType(cursor);
  } else {
    throw cursor.error(`has 0x${form.toString(16)} where the form of a type should be`, start);
  }
  return start;
}
