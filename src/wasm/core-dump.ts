import { Cursor } from './cursor.ts';
import { signed, unsigned } from './leb128.ts';
import { sectionId } from './sections.ts';
import type { MemoryType, Module, ValueType } from './types.ts';

/** A function on the stack: where it stands, in bytes from the start of its body. */
export interface DumpedFrame {
  readonly function: number;
  readonly offset: number;
}

export interface DumpedMemory {
  readonly type: MemoryType;
  readonly bytes: Uint8Array;
}

export interface DumpedGlobal {
  readonly type: ValueType;
  /** Null where it cannot be read from outside: of references and vectors. */
  readonly value: number | bigint | null;
}

/** What is known of a guest at its end. */
export interface CoreDump {
  /** The path of its program. */
  readonly program: string;
  /** Innermost first. */
  readonly frames: readonly DumpedFrame[];
  readonly memories: readonly DumpedMemory[];
  readonly globals: readonly DumpedGlobal[];
}

/** A dump as a file: the pieces to be written one after the other, most of them views of memory itself. */
export interface CoreFile {
  readonly pieces: readonly Uint8Array[];
  readonly size_bytes: number;
  /** How much of memory that is not zero was left out. */
  readonly left_out_bytes: number;
}

/** Memory is looked through by blocks of so many bytes; those that are all zero are not written. */
const block_bytes = 4096;
const wasm_page_bytes = 65_536;

const value_types: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const funcref = 0x70;
const externref = 0x6f;
const end = 0x0b;

/** Where the body of each defined function begins, from the module's start, behind the size of the body. */
export function bodyStarts({ bytes, sections }: Module): Uint32Array {
  const code = sections.find(({ id }) => id === sectionId.code);
  if (code === undefined) return new Uint32Array();
  const cursor = new Cursor(bytes, code.start, code.end, 'the code section');
  const count = cursor.u32('the number of functions');
  // Each takes a byte at the least.
  const starts = new Uint32Array(Math.min(count, cursor.left));
  for (let i = 0; i < starts.length; i++) starts[i] = cursor.skip(cursor.u32('the size of a body'), 'a body');
  return starts;
}

/**
 * A core dump in the form of WebAssembly's tool conventions (Coredump.md): a module that nobody instantiates, with
 * sections for memories, globals and data, and custom ones for process, module, instance and stack. Values of locals
 * are not known here, so frames have none. A global that cannot be read is null or zero. Of memory that is not zero at
 * most `memory_bytes_max` are in it, lower addresses first.
 */
export function coreFile(dump: CoreDump, memory_bytes_max: number): CoreFile {
  const { runs, left_out_bytes } = usedMemory(dump.memories, memory_bytes_max);
  const named = name(dump.program);
  const one_instance = [1, 0, 0, ...indices(dump.memories), ...indices(dump.globals)];
  const pieces = [
    Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]),
    section(sectionId.memory, [...unsigned(dump.memories.length), ...dump.memories.flatMap(memoryType)]),
    section(sectionId.global, [...unsigned(dump.globals.length), ...dump.globals.flatMap(constant)]),
    ...dataSection(dump.memories, runs),
    custom('core', [0, ...named]),
    custom('coremodules', [1, 0, ...named]),
    custom('coreinstances', one_instance),
    custom('corestack', [0, ...name('main'), ...unsigned(dump.frames.length), ...dump.frames.flatMap(frame)]),
  ];
  return { pieces, size_bytes: pieces.reduce((sum, { length }) => sum + length, 0), left_out_bytes };
}

interface Run {
  readonly memory: number;
  readonly start: number;
  readonly end: number;
}

function usedMemory(
  memories: readonly DumpedMemory[],
  bytes_max: number,
): { readonly runs: readonly Run[]; readonly left_out_bytes: number } {
  const runs: Run[] = [];
  let left_bytes = bytes_max;
  let left_out_bytes = 0;
  for (const [memory, { bytes }] of memories.entries()) {
    let start: number | null = null;
    for (let at = 0; at < bytes.length; at += block_bytes) {
      const size = Math.min(block_bytes, bytes.length - at);
      const used = !isZero(bytes, at, size);
      if (used && size > left_bytes) left_out_bytes += size;
      if (used && size <= left_bytes) {
        left_bytes -= size;
        start ??= at;
      } else if (start !== null) {
        runs.push({ memory, start, end: at });
        start = null;
      }
    }
    if (start !== null) runs.push({ memory, start, end: bytes.length });
  }
  return { runs, left_out_bytes };
}

function isZero(bytes: Uint8Array, at: number, size: number): boolean {
  const whole = size & ~3;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + at, whole / 4);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  for (let i = whole; i < size; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

function dataSection(memories: readonly DumpedMemory[], runs: readonly Run[]): Uint8Array[] {
  const pieces: Uint8Array[] = [Uint8Array.from(unsigned(runs.length))];
  for (const { memory, start, end: until } of runs) {
    const { type, bytes } = memories[memory]!;
    const active = memory === 0 ? [0] : [2, ...unsigned(memory)];
    const address =
      type.address === 'i64' ? [0x42, ...signed(BigInt(start))] : [0x41, ...signed(BigInt.asIntN(32, BigInt(start)))];
    pieces.push(
      Uint8Array.from([...active, ...address, end, ...unsigned(until - start)]),
      bytes.subarray(start, until),
    );
  }
  const size = pieces.reduce((sum, { length }) => sum + length, 0);
  return [Uint8Array.from([sectionId.data, ...unsigned(size)]), ...pieces];
}

/** The memory as it is: its size then becomes its minimum. */
function memoryType({ type, bytes }: DumpedMemory): number[] {
  const { maximum, shared, address, page_bytes } = type;
  const own_pages = page_bytes !== wasm_page_bytes;
  const flags = (maximum === undefined ? 0 : 1) | (shared ? 2 : 0) | (address === 'i64' ? 4 : 0) | (own_pages ? 8 : 0);
  return [
    flags,
    ...unsigned(bytes.length / page_bytes),
    ...(maximum === undefined ? [] : unsigned(maximum)),
    ...(own_pages ? unsigned(Math.log2(page_bytes)) : []),
  ];
}

function constant({ type, value }: DumpedGlobal): number[] {
  const code = value_types[type] ?? (type === 'funcref' ? funcref : externref);
  return [code, 0, ...expression(type, code, value), end];
}

function expression(type: ValueType, code: number, value: number | bigint | null): number[] {
  switch (type) {
    case 'i32':
      return [0x41, ...signed(BigInt(value ?? 0))];
    case 'i64':
      return [0x42, ...signed(BigInt(value ?? 0))];
    case 'f32': {
      const bits = new DataView(new ArrayBuffer(4));
      bits.setFloat32(0, Number(value), true);
      return [0x43, ...new Uint8Array(bits.buffer)];
    }
    case 'f64': {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setFloat64(0, Number(value), true);
      return [0x44, ...new Uint8Array(bits.buffer)];
    }
    case 'v128':
      return [0xfd, 0x0c, ...new Uint8Array(16)];
    default:
      return [0xd0, code];
  }
}

/** Of instance 0, without locals and without values on its stack. */
function frame({ function: index, offset }: DumpedFrame): number[] {
  return [0, 0, ...unsigned(index), ...unsigned(offset), 0, 0];
}

function indices(of: readonly unknown[]): number[] {
  return [...unsigned(of.length), ...of.flatMap((_, i) => unsigned(i))];
}

function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

function custom(title: string, content: readonly number[]): Uint8Array {
  return section(sectionId.custom, [...name(title), ...content]);
}

function section(id: number, content: readonly number[]): Uint8Array {
  return Uint8Array.from([id, ...unsigned(content.length), ...content]);
}
