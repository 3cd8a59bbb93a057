import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { customSections, describeImport, functionType, readModule, type Span } from './index.ts';
import { garbageCollected, moduleOf, name, section } from './testdata/encode.ts';

const kept = (file: string): Uint8Array => new Uint8Array(readFileSync(new URL(`testdata/${file}`, import.meta.url)));

test('everything a module declares is read', () => {
  const module = readModule(kept('everything.wasm'));
  assert.deepEqual(module.imports.map(describeImport), [
    'env.log, a function (i32, i64) -> (f64)',
    'env.table, a table of externref with 1 to 20 entries',
    'env.memory, a memory of at least 1 pages',
    'env.counter, a mutable global i32',
    'env.failed, a tag (i32) -> ()',
  ]);
  assert.equal(module.functions_imported, 1);
  assert.deepEqual([...module.functions], [0, 1, 3, 1]);
  assert.deepEqual(functionType(module, 3), { params: ['i32', 'i32'], results: ['i32'] });
  assert.deepEqual(
    module.tables.map(({ element, minimum, maximum }) => ({ element, minimum, maximum })),
    [
      { element: 'externref', minimum: 1, maximum: 20 },
      { element: 'funcref', minimum: 2, maximum: undefined },
    ],
  );
  assert.deepEqual(
    module.memories.map(({ minimum, maximum }) => [minimum, maximum]),
    [
      [1, undefined],
      [2, 3],
    ],
  );
  assert.deepEqual(
    module.globals.map(({ value, mutable }) => `${mutable ? 'mut ' : ''}${value}`),
    ['mut i32', 'v128', 'i32', 'mut i64', 'f64', 'externref', 'funcref'],
  );
  assert.deepEqual(
    module.tags.map(({ params }) => params),
    [['i32'], ['i64']],
  );
  assert.deepEqual(module.exports, [
    { name: 'add', kind: 'function', index: 2 },
    { name: 'table', kind: 'table', index: 1 },
    { name: 'memory', kind: 'memory', index: 1 },
    { name: 'sum', kind: 'global', index: 2 },
    { name: 'tag', kind: 'tag', index: 1 },
    { name: 'naïve', kind: 'function', index: 1 },
  ]);
  assert.equal(module.start, 1);
});

test('data segments are positions in the bytes', () => {
  const bytes = kept('everything.wasm');
  const module = readModule(bytes);
  const text = ({ start, end }: Span): string => new TextDecoder().decode(bytes.subarray(start, end));
  assert.deepEqual(
    module.data.map((segment) => [segment.memory, text(segment)]),
    [
      [1, 'hello'],
      [undefined, 'passive'],
    ],
  );
  assert.deepEqual([...bytes.subarray(module.data[0]?.offset?.start, module.data[0]?.offset?.end)], [0x41, 16, 0x0b]);
  assert.equal(module.data[1]?.offset, undefined);
});

test('shared and 64-bit memories say so', () => {
  const shared = readModule(kept('shared.wasm')).memories;
  assert.deepEqual(
    shared.map((memory) => [memory.shared, memory.minimum, memory.maximum]),
    [
      [true, 1, 1000],
      [true, 1, 70],
    ],
  );
  assert.equal(readModule(kept('memory64.wasm')).memories[0]?.address, 'i64');
});

test('custom page sizes are read', () => {
  const [memory] = readModule(moduleOf(section(5, 1, 0x09, 10, 20, 0))).memories;
  assert.deepEqual([memory?.minimum, memory?.maximum, memory?.page_bytes], [10, 20, 1]);
});

test('recursive groups, structures and arrays keep the index of every function type after them', () => {
  const bytes = garbageCollected();
  assert.ok(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>));
  const module = readModule(bytes);
  assert.equal(module.types.length, 4);
  assert.equal(functionType(module, 0), undefined);
  assert.equal(functionType(module, 2), undefined);
  assert.equal(functionType(module, 4), undefined);
  assert.deepEqual(functionType(module, 3), { params: ['(ref 2)', '(ref null any)', 'funcref'], results: ['v128'] });
  assert.deepEqual(
    module.globals.map(({ value }) => value),
    ['(ref 2)', '(ref null i31)'],
  );
});

test('custom sections are found by name, wherever they stand, as views', () => {
  const bytes = moduleOf(
    section(0, ...name('note'), 1, 2),
    section(5, 1, 0, 1),
    section(0, ...name('other'), 9),
    section(0, ...name('note')),
  );
  const module = readModule(bytes);
  assert.deepEqual(
    customSections(module, 'note').map((content) => [...content]),
    [[1, 2], []],
  );
  assert.equal(customSections(module, 'note')[0]?.buffer, bytes.buffer);
  assert.deepEqual(customSections(module, 'missing'), []);
  assert.deepEqual(
    module.sections.map((entry) => entry.name),
    ['note', 'memory', 'other', 'note'],
  );
});

test('the code section is stepped over by its size', () => {
  // The body is not code at all: only the engine looks at it.
  const module = readModule(moduleOf(section(1, 1, 0x60, 0, 0), section(3, 1, 0), section(10, 1, 0xff, 0xff, 0xff)));
  assert.deepEqual([...module.functions], [0]);
});
