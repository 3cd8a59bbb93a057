import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import fc from 'fast-check';

import { functionName, functionType, limitModule, moduleName, readModule, WasmError, WasmLimitError } from './index.ts';
import { garbageCollected, moduleOf } from './testdata/encode.ts';

const files = [
  'testdata/everything.wasm',
  'testdata/shared.wasm',
  'testdata/memory64.wasm',
  '../../examples/hello/hello.wasm',
].map((path) => new Uint8Array(readFileSync(new URL(path, import.meta.url))));
const seeds = [...files, garbageCollected() as Uint8Array<ArrayBuffer>];

/** What every input is held to: read, or refused with a place in it; and read for certain if the engine takes it. */
function check(bytes: Uint8Array<ArrayBuffer>): void {
  const valid = WebAssembly.validate(bytes);
  try {
    const module = readModule(bytes);
    for (let i = 0; i < module.functions.length; i++) functionName(module, i);
    for (const type of module.functions) assert.ok(functionType(module, type));
    moduleName(module);
  } catch (error) {
    assert.ok(error instanceof WasmError, String(error));
    assert.ok(error.offset >= 0 && error.offset <= bytes.length);
    assert.ok(!valid, `the engine takes what is refused: ${error.message}`);
    return;
  }
  try {
    const limited = limitModule(bytes, { memory_pages_max: 4, table_entries_max: 40 });
    if (valid) assert.ok(WebAssembly.validate(limited as Uint8Array<ArrayBuffer>));
    assert.equal(limitModule(limited, { memory_pages_max: 4, table_entries_max: 40 }), limited);
  } catch (error) {
    if (!(error instanceof WasmLimitError)) throw error;
  }
}

const seed = fc.constantFrom(...seeds);
const interesting = fc.oneof(fc.constantFrom(0, 1, 0x0b, 0x40, 0x7f, 0x80, 0xff), fc.nat(255));

test('modules with bytes changed', () => {
  const edits = fc.array(fc.record({ at: fc.nat(), byte: interesting }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(seed, edits, (bytes, changes) => {
      const changed = bytes.slice();
      for (const { at, byte } of changes) changed[at % changed.length] = byte;
      check(changed);
    }),
    { numRuns: 4000 },
  );
});

test('modules with bytes put in, taken out, and cut off', () => {
  fc.assert(
    fc.property(
      seed,
      fc.nat(),
      fc.nat(6),
      fc.array(interesting, { maxLength: 6 }),
      fc.boolean(),
      (bytes, n, out, put, cut) => {
        const at = n % bytes.length;
        const rest = cut ? [] : [...bytes.subarray(at + out)];
        check(Uint8Array.from([...bytes.subarray(0, at), ...put, ...rest]));
      },
    ),
    { numRuns: 2000 },
  );
});

test('sections in any order and number, with content from several modules', () => {
  const sections = seeds.flatMap((bytes) => {
    const module = readModule(bytes);
    return module.sections.map(({ size_at, end }) => [...bytes.subarray(size_at - 1, end)]);
  });
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...sections), { maxLength: 6 }), (parts) =>
      check(moduleOf(...parts) as Uint8Array<ArrayBuffer>),
    ),
    { numRuns: 2000 },
  );
});

test('bytes that are nothing', () => {
  fc.assert(
    fc.property(fc.array(interesting, { maxLength: 60 }), (bytes) => check(moduleOf(bytes) as Uint8Array<ArrayBuffer>)),
    { numRuns: 2000 },
  );
});
