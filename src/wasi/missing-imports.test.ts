import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { readModule } from '../wasm/index.ts';
import { describeMissing, importsNeeded, missingImports } from './index.ts';

const wasi = 'wasi_snapshot_preview1';

test('nothing of WASI or of the sockets of WasmEdge is missing', () => {
  const needed = ['fd_write', 'proc_exit', 'sock_open', 'sock_getaddrinfo', 'sock_setsockopt', 'proc_raise'];
  assert.deepEqual(missingImports(needed.map((name) => ({ module: wasi, name, kind: 'function' }))), []);
  assert.deepEqual(missingImports([{ module: 'wasi_unstable', name: 'fd_seek', kind: 'function' }]), []);
});

test('a function of another type is missing, except the two forms of sock_accept', () => {
  const accept = (params: string[]) =>
    missingImports([{ module: wasi, name: 'sock_accept', kind: 'function', params, results: ['i32'] }]);
  assert.deepEqual(accept(['i32', 'i32', 'i32']), []);
  assert.deepEqual(accept(['i32', 'i32']), []);
  assert.match(accept(['i32'])[0]!.reason, /its type is \(i32\) -> \(i32\)/);
  const exit = { module: wasi, name: 'proc_exit', kind: 'function', params: ['i32'], results: ['i32'] };
  assert.equal(missingImports([exit]).length, 1);
  assert.deepEqual(missingImports([{ ...exit, results: [] }]), []);
});

test('what is missing is named with what would provide it', () => {
  const reason = (module: string, name: string, kind = 'function') =>
    missingImports([{ module, name, kind }])[0]!.reason;
  assert.match(reason('env', 'foo'), /not a WASI function; the module expects its embedder to supply it/);
  assert.match(reason('env', 'emscripten_notify_memory_growth'), /Emscripten/);
  assert.match(reason('env', 'memory', 'memory'), /memory/);
  assert.match(reason('wasi', 'thread-spawn'), /wasi-threads/);
  assert.match(reason('wasi:http/types@0.2.0', '[constructor]fields'), /component/);
  assert.match(reason('wasi_snapshot_preview2', 'x'), /preview 2/);
  assert.match(reason('gojs', 'runtime.wasmExit'), /GOOS=wasip1/);
  assert.match(reason('wbg', '__wbg_log'), /wasm-bindgen/);
  assert.match(reason(wasi, 'fd_frobnicate'), /not a function of wasi_snapshot_preview1/);
  assert.match(reason('wasi_unstable', 'sock_accept'), /not a function of wasi_unstable/);
});

test('one message names the first few and counts the rest', () => {
  const needed = Array.from({ length: 7 }, (_, i) => ({ module: 'env', name: `f${i}`, kind: 'function' }));
  const message = describeMissing(missingImports(needed));
  assert.match(message, /env\.f0 \(.*env\.f4 \(.*; and 2 more$/);
});

test('a module that was read tells its needs with their types', () => {
  const { imports } = readModule(readFileSync(new URL('testdata/echo.wasm', import.meta.url)));
  const needed = importsNeeded(imports);
  assert.deepEqual(needed[0], {
    module: wasi,
    name: 'fd_read',
    kind: 'function',
    params: ['i32', 'i32', 'i32', 'i32'],
    results: ['i32'],
  });
  assert.deepEqual(missingImports(needed), []);
});
