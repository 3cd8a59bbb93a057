import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { functionName, moduleName, readModule } from './index.ts';
import { moduleOf, name, section } from './testdata/encode.ts';

test('functions and the module have the names of the name section', () => {
  const module = readModule(new Uint8Array(readFileSync(new URL('testdata/everything.wasm', import.meta.url))));
  assert.equal(moduleName(module), 'everything');
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((index) => functionName(module, index)),
    ['log', 'start', 'add', 'init', undefined],
  );
});

const declarations = [
  section(1, 1, 0x60, 0, 0),
  section(2, 1, ...name('env'), ...name('f'), 0, 0),
  section(3, 2, 0, 0),
  section(7, 1, ...name('_start'), 0, 1),
  section(10, 2, 2, 0, 0x0b, 2, 0, 0x0b),
];

test('a stripped module has the names of its exports and imports', () => {
  const module = readModule(moduleOf(...declarations));
  assert.equal(moduleName(module), undefined);
  assert.deepEqual(
    [0, 1, 2].map((index) => functionName(module, index)),
    ['env.f', '_start', undefined],
  );
});

test('a name section that cannot be read has no names, and the module is as good as before', () => {
  const contents = [
    [1, 9, 1, 1],
    [1, 3, 1, 1, 60],
    [1, 4, 1, 1, 1, 0xff],
    [1, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0],
    [1, 1, 0x80],
  ];
  for (const content of contents) {
    const module = readModule(moduleOf(...declarations, section(0, ...name('name'), ...content)));
    assert.equal(functionName(module, 1), '_start');
  }
});
