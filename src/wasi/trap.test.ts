import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { codePlacement, limitModule, readModule } from '../wasm/index.ts';
import { describeTrap } from './trap.ts';

/** What is told of the trap that calling an export of `bytes` ends with, compiled as a guest is. */
function trapOf(bytes: Uint8Array, { told = true, limit = true } = {}): string {
  const description = readModule(bytes);
  const compiled = limit ? limitModule(bytes, { memory_pages_max: 1000, table_entries_max: 1000 }) : bytes;
  if (limit) assert.ok(compiled.length > bytes.length);
  const module = new WebAssembly.Module(compiled as Uint8Array<ArrayBuffer>);
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: { proc_exit() {} } });
  try {
    (instance.exports['_start'] as () => void)();
  } catch (thrown) {
    const code = codePlacement(description, compiled.length);
    return describeTrap(thrown, told ? { module, code } : undefined);
  }
  throw new Error('the guest did not trap');
}

function load(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../wasm/dwarf/testdata/${name}.wasm`, import.meta.url)));
}

for (const version of [4, 5]) {
  test(`a trap names file, line, column and function of each frame, inlined ones too (DWARF ${version})`, () => {
    assert.deepEqual(
      trapOf(load(`average-O2-v${version}`))
        .replaceAll(/\[\d+\]:0x[0-9a-f]+/g, '[N]')
        .split('\n'),
      [
        'wasm trap: divide by zero',
        '    at divide (/src/average.c:10:14), inlined',
        '    at average (/src/average.c:17:10), inlined',
        '    at report (/src/average.c:21:14), wasm-function[N]',
        '    at _start (/src/average.c:33:14), wasm-function[N]',
      ],
    );
  });

  test(`the same of a module that was not optimised (DWARF ${version})`, () => {
    assert.match(
      trapOf(load(`average-O0-v${version}`)),
      /^wasm trap: divide by zero\n {4}at divide \(\/src\/average\.c:10:14\), wasm-function\[\d+\]:0x[0-9a-f]+\n {4}at average \(\/src\/average\.c:17:10\), wasm/,
    );
  });
}

test('names of C++ have their namespaces', () => {
  assert.match(
    trapOf(load('shapes-O2-v5')),
    /^wasm trap: unreachable\n {4}at shapes::Polygon::angle \(\/src\/shapes\.cpp:10:7\), inlined\n {4}at int shapes::measure<shapes::Polygon>\(.*\) \(\/src\/shapes\.cpp:16:16\), wasm/,
  );
});

test('an offset is one into the file, whatever limits were put into what was compiled', () => {
  const offsets = [true, false].map((limit) => /0x[0-9a-f]+/g.exec(trapOf(load('average-O0-v5'), { limit }))![0]);
  assert.equal(offsets[0], offsets[1]);
});

test('without debug information a frame has its name and its offset', () => {
  const bytes = load('average-O0-v5');
  const module = readModule(bytes);
  const first = module.sections.find(({ name }) => name.startsWith('.debug_'))!;
  const names = module.sections.find(({ name }) => name === 'name')!;
  const stripped = bytes.subarray(0, first.size_at - 1);
  const named = new Uint8Array([...stripped, ...bytes.subarray(names.size_at - 1, names.end)]);
  assert.match(trapOf(named), /^wasm trap: divide by zero\n {4}at divide \(wasm-function\[\d+\]:0x[0-9a-f]+\)\n/);
  assert.match(trapOf(stripped), /^wasm trap: divide by zero\n {4}at wasm-function\[\d+\]:0x[0-9a-f]+\n/);
});

test('debug information that is damaged costs its places and nothing else', () => {
  const bytes = load('average-O0-v5');
  for (const { name, start, end } of readModule(bytes).sections)
    if (name === '.debug_info') bytes.fill(0xff, start, end);
  assert.match(trapOf(bytes), /^wasm trap: divide by zero\n {4}at divide \(wasm-function\[\d+\]:0x[0-9a-f]+\)\n/);
});
