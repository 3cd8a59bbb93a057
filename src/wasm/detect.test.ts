import assert from 'node:assert/strict';
import { test } from 'node:test';

import { detect, readModule, WasmError } from './index.ts';

const magic = [0, 0x61, 0x73, 0x6d];

test('modules and components are told apart by the version and layer after the magic', () => {
  assert.equal(detect(Uint8Array.from([...magic, 1, 0, 0, 0])), 'module');
  assert.equal(detect(Uint8Array.from([...magic, 0x0d, 0, 1, 0, 0xff])), 'component');
  assert.equal(detect(Uint8Array.from([...magic, 2, 0, 0, 0])), null);
  assert.equal(detect(Uint8Array.from([...magic, 1, 0, 0])), null);
  assert.equal(detect(new Uint8Array()), null);
  assert.equal(detect(new TextEncoder().encode('#!/bin/sh\n')), null);
});

test('a view into a larger buffer is read from where it begins', () => {
  const buffer = Uint8Array.from([9, 9, 9, ...magic, 1, 0, 0, 0]);
  assert.equal(detect(buffer.subarray(3)), 'module');
});

test('what is no module says so', () => {
  const messages: [number[], string][] = [
    [[], 'Cannot read the module: it does not begin with "\\0asm", at byte 0x0'],
    [[0x7f, 0x45, 0x4c, 0x46], 'Cannot read the module: it does not begin with "\\0asm", at byte 0x0'],
    [[...magic, 1], 'Cannot read the module: it ends before its version, at byte 0x5'],
    [[...magic, 2, 0, 0, 0], 'Cannot read the module: its version is not 1, at byte 0x4'],
    [[...magic, 0x0d, 0, 1, 0], 'Cannot read the module: it is a component, not a module, at byte 0x4'],
  ];
  for (const [bytes, message] of messages) {
    assert.throws(() => readModule(Uint8Array.from(bytes)), { name: 'WasmError', message });
  }
  assert.throws(() => readModule(new Uint8Array()), WasmError);
});
