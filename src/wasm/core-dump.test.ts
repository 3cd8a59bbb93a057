import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  bodyStarts,
  codePlacement,
  type CoreDump,
  coreFile,
  customSections,
  exposeState,
  limitModule,
  type MemoryType,
  type Module,
  readModule,
} from './index.ts';
import { Cursor } from './cursor.ts';
import { moduleOf, section } from './testdata/encode.ts';

const everything_max = 1 << 30;
const memory: MemoryType = {
  minimum: 1,
  maximum: undefined,
  address: 'i32',
  shared: false,
  encoded: { start: 0, end: 0 },
  page_bytes: 65_536,
};
const nothing: CoreDump = { program: '/a.wasm', frames: [], memories: [], globals: [] };

function load(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, import.meta.url)));
}

function bytesOf(dump: CoreDump, memory_bytes_max = everything_max): Uint8Array<ArrayBuffer> {
  const { pieces, size_bytes } = coreFile(dump, memory_bytes_max);
  const whole = new Uint8Array(Buffer.concat(pieces));
  assert.equal(whole.length, size_bytes);
  return whole;
}

function cursorOf(module: Module, name: string): Cursor {
  const [content] = customSections(module, name);
  return new Cursor(content!, 0, content!.length, name);
}

/** Function index and offset of each frame; every other field is checked to say what it must. */
function framesOf(module: Module): number[][] {
  const cursor = cursorOf(module, 'corestack');
  assert.equal(cursor.u8('kind'), 0);
  assert.equal(cursor.name('thread'), 'main');
  const frames = Array.from({ length: cursor.u32('count') }, () => {
    assert.deepEqual([cursor.u8('kind'), cursor.u32('instance')], [0, 0]);
    const frame = [cursor.u32('function'), cursor.u32('offset')];
    assert.deepEqual([cursor.u32('locals'), cursor.u32('stack')], [0, 0]);
    return frame;
  });
  assert.equal(cursor.left, 0);
  return frames;
}

test('a dump is a valid module, and names its process, module, instance and stack', () => {
  const bytes = new Uint8Array(65_536);
  const dump = bytesOf({
    program: '/bin/α.wasm',
    frames: [
      { function: 300, offset: 0 },
      { function: 7, offset: 70_000 },
    ],
    memories: [{ type: memory, bytes }],
    globals: [
      { type: 'i32', value: 1 },
      { type: 'i32', value: 2 },
    ],
  });
  assert.ok(WebAssembly.validate(dump));
  const module = readModule(dump);
  const core = cursorOf(module, 'core');
  assert.deepEqual([core.u8('kind'), core.name('name'), core.left], [0, '/bin/α.wasm', 0]);
  const modules = cursorOf(module, 'coremodules');
  assert.deepEqual(
    [modules.u32('count'), modules.u8('kind'), modules.name('name'), modules.left],
    [1, 0, '/bin/α.wasm', 0],
  );
  assert.deepEqual([...customSections(module, 'coreinstances')[0]!], [1, 0, 0, 1, 0, 2, 0, 1]);
  assert.deepEqual(framesOf(module), [
    [300, 0],
    [7, 70_000],
  ]);
});

test('memory is what it was: what is not zero as data, the rest by being left out', () => {
  const bytes = new Uint8Array(3 * 65_536);
  for (const [at, value] of [
    [0, 1],
    [4096, 2],
    [70_000, 3],
    [bytes.length - 1, 4],
  ] as const)
    bytes[at] = value;
  const whole = bytesOf({ ...nothing, memories: [{ type: memory, bytes }] });
  assert.ok(whole.length < 5 * 4096);
  const module = readModule(whole);
  assert.equal(module.data.length, 3);
  // Instantiated, it has the very bytes; a dump exports nothing, so what it declares is exported here.
  const exposed = exposeState(whole);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(exposed.bytes as Uint8Array<ArrayBuffer>));
  const back = new Uint8Array((exports[exposed.memories[0]!] as WebAssembly.Memory).buffer);
  assert.deepEqual(Buffer.from(back), Buffer.from(bytes));
});

test('several memories, with their own kinds of addresses', () => {
  const small = new Uint8Array(65_536).fill(5, 100, 200);
  const wide: MemoryType = { ...memory, address: 'i64', maximum: 9 };
  const dump = bytesOf({
    ...nothing,
    memories: [
      { type: memory, bytes: small },
      { type: wide, bytes: small },
    ],
  });
  assert.ok(WebAssembly.validate(dump));
  const { memories, data } = readModule(dump);
  assert.deepEqual(
    memories.map(({ minimum, maximum, address }) => [minimum, maximum, address]),
    [
      [1, undefined, 'i32'],
      [1, 9, 'i64'],
    ],
  );
  assert.deepEqual(
    data.map((segment) => segment.memory),
    [0, 1],
  );
});

test('of memory above the bound the lower addresses are kept, and the rest is told of', () => {
  const bytes = new Uint8Array(2 * 65_536).fill(7);
  const dump = { ...nothing, memories: [{ type: memory, bytes }] };
  const { left_out_bytes, size_bytes } = coreFile(dump, 100_000);
  assert.equal(left_out_bytes, 2 * 65_536 - 24 * 4096);
  assert.ok(size_bytes < 100_000);
  assert.deepEqual(
    readModule(bytesOf(dump, 100_000)).data.map(({ start, end }) => end - start),
    [24 * 4096],
  );
});

test('globals keep their values, and those without one are null or zero', () => {
  const globals = [
    { type: 'i32', value: -1 },
    { type: 'i32', value: 2 ** 31 - 1 },
    { type: 'i64', value: -(2n ** 63n) },
    { type: 'f32', value: 1.5 },
    { type: 'f64', value: -0 },
    { type: 'f64', value: Number.NaN },
    { type: 'v128', value: null },
    { type: 'funcref', value: null },
    { type: '(ref 5)', value: null },
  ] as const;
  const exposed = exposeState(bytesOf({ ...nothing, globals }));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(exposed.bytes as Uint8Array<ArrayBuffer>));
  const values = exposed.globals.map((name, i) =>
    globals[i]!.type === 'v128' ? null : ((exports[name] as WebAssembly.Global).value as unknown),
  );
  assert.deepEqual(
    values,
    globals.map(({ value }) => value),
  );
});

test('every memory and global of a module is exported, beside what it exports itself, and nothing else changes', () => {
  for (const path of ['testdata/everything.wasm', 'testdata/memory64.wasm', 'dwarf/testdata/average-O0-v5.wasm']) {
    const before = readModule(load(path));
    const { bytes, memories, globals } = exposeState(before.bytes);
    assert.ok(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>), path);
    const after = readModule(bytes);
    assert.deepEqual(after.exports.slice(0, before.exports.length), before.exports);
    assert.deepEqual(after.exports.slice(before.exports.length), [
      ...memories.map((name, index) => ({ name, kind: 'memory', index })),
      ...globals.map((name, index) => ({ name, kind: 'global', index })),
    ]);
    assert.deepEqual([memories.length, globals.length], [before.memories.length, before.globals.length]);
    const moved = bytes.length - before.bytes.length;
    for (const own of before.sections.filter(({ name }) => name !== 'export')) {
      const other = after.sections.find(({ id, name }) => id === own.id && name === own.name)!;
      assert.deepEqual(after.bytes.subarray(other.start, other.end), before.bytes.subarray(own.start, own.end));
      if (own.name === 'code') assert.equal(other.start, own.start + moved);
    }
  }
});

test('a module without exports gets them in their place, and a name that is taken is not used', () => {
  const own_memory = section(5, 1, 0, 1);
  for (const module of [
    moduleOf(own_memory),
    moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), own_memory, section(10, 1, 2, 0, 0x0b)),
  ]) {
    const exposed = exposeState(module);
    assert.ok(WebAssembly.validate(exposed.bytes as Uint8Array<ArrayBuffer>));
    const again = exposeState(exposed.bytes);
    assert.ok(WebAssembly.validate(again.bytes as Uint8Array<ArrayBuffer>));
    assert.notEqual(again.memories[0], exposed.memories[0]);
  }
});

test('an offset into the file less the start of its body is an offset into the function', () => {
  const bytes = load('dwarf/testdata/average-O0-v5.wasm');
  const module = readModule(bytes);
  const starts = bodyStarts(module);
  assert.equal(starts.length, module.functions.length - module.functions_imported);
  const exposed = exposeState(limitModule(bytes, { memory_pages_max: 1000, table_entries_max: 1000 })).bytes;
  const { moved_bytes } = codePlacement(module, exposed.length);
  const compiled = new WebAssembly.Module(exposed as Uint8Array<ArrayBuffer>);
  const instance = new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: { proc_exit() {} } });
  let stack = '';
  try {
    (instance.exports['_start'] as () => void)();
  } catch (error) {
    ({ stack } = error as { stack: string });
  }
  const [, index, offset] = /wasm-function\[(\d+)\]:0x([0-9a-f]+)/.exec(stack)!;
  const start = starts[Number(index) - module.functions_imported]!;
  const i32_div_s = 0x6d;
  const at = Number.parseInt(offset!, 16) - moved_bytes;
  assert.equal(bytes[at], i32_div_s);
  assert.ok(at > start && at - start < 100);
});
