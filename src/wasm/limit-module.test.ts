import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { limitModule, type Module, readModule, WasmLimitError } from './index.ts';
import { moduleOf, name, section } from './testdata/encode.ts';

const kept = (file: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`testdata/${file}`, import.meta.url)));

const maxima = ({ memories, tables }: Module): (number | undefined)[][] => [
  memories.map(({ maximum }) => maximum),
  tables.map(({ maximum }) => maximum),
];

test('memories and tables, defined and imported, get the maximum, and lower ones of their own stay', () => {
  const limited = limitModule(kept('everything.wasm'), { memory_pages_max: 300, table_entries_max: 10 });
  assert.deepEqual(maxima(readModule(limited)), [
    [300, 3],
    [10, 10],
  ]);
  assert.ok(WebAssembly.validate(limited as Uint8Array<ArrayBuffer>));
});

test('nothing but the maxima changes', () => {
  const before = readModule(kept('everything.wasm'));
  const after = readModule(limitModule(before.bytes, { memory_pages_max: 300, table_entries_max: 200_000 }));
  for (const [i, own] of before.sections.entries()) {
    if (['import', 'table', 'memory'].includes(own.name)) continue;
    const other = after.sections[i];
    assert.deepEqual(before.bytes.subarray(own.start, own.end), after.bytes.subarray(other?.start, other?.end));
  }
  assert.deepEqual(
    after.exports.map((entry) => entry.name),
    before.exports.map((entry) => entry.name),
  );
});

test('a module within its limits is the same object', () => {
  const bytes = kept('shared.wasm');
  assert.equal(limitModule(bytes, { memory_pages_max: 1000, table_entries_max: 0 }), bytes);
});

test('a shared memory stays shared', () => {
  const limited = limitModule(kept('shared.wasm'), { memory_pages_max: 50, table_entries_max: 0 });
  assert.deepEqual(
    readModule(limited).memories.map(({ shared, maximum }) => [shared, maximum]),
    [
      [true, 50],
      [true, 50],
    ],
  );
  assert.ok(WebAssembly.validate(limited as Uint8Array<ArrayBuffer>));
});

test('the engine holds the guest to it: memory.grow answers -1', async () => {
  const limited = limitModule(kept('memory64.wasm'), { memory_pages_max: 5, table_entries_max: 0 });
  const { instance } = await WebAssembly.instantiate(limited as Uint8Array<ArrayBuffer>);
  const memory = instance.exports['memory'] as unknown as { grow(pages: bigint): bigint };
  assert.equal(memory.grow(3n), 2n);
  assert.throws(() => memory.grow(1n), RangeError);
});

test('pages of one byte are counted as the bytes they are', () => {
  const limited = limitModule(moduleOf(section(5, 1, 8, 10, 0)), { memory_pages_max: 2, table_entries_max: 0 });
  assert.equal(readModule(limited).memories[0]?.maximum, 131_072);
});

test('a section that grows past 127 bytes gets a longer size', () => {
  const memories = Array.from({ length: 40 }, () => [0, 1]).flat();
  const bytes = moduleOf(section(5, 40, ...memories), section(0, ...name('after'), 1));
  const module = readModule(limitModule(bytes, { memory_pages_max: 65_536, table_entries_max: 0 }));
  assert.equal(module.memories.length, 40);
  assert.deepEqual(new Set(module.memories.map(({ maximum }) => maximum)), new Set([65_536]));
  assert.equal(module.sections[1]?.name, 'after');
});

test('a memory or table that begins above its limit is refused with what it needs', () => {
  assert.throws(
    () => limitModule(kept('everything.wasm'), { memory_pages_max: 1, table_entries_max: 10 }),
    (error) => {
      assert.ok(error instanceof WasmLimitError);
      assert.deepEqual([error.resource, error.needed, error.allowed], ['memory', 2, 1]);
      assert.match(error.message, /its memory starts with 2 pages of 64 KiB and 1 are allowed/);
      return true;
    },
  );
  assert.throws(() => limitModule(kept('everything.wasm'), { memory_pages_max: 10, table_entries_max: 1 }), {
    class: 'ResourceExhausted',
    resource: 'table',
    needed: 2,
    allowed: 1,
  });
});
