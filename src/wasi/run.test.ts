import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  createBlockingClock,
  createCapture,
  createHost,
  createMemoryFiles,
  createPageClock,
  createSource,
  type Ended,
  endedBy,
  exitCode,
  type HostOptions,
  run,
  runSuspending,
} from './index.ts';

function load(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`testdata/${name}`, import.meta.url)));
}

const ends = load('ends.wasm');
const echo = load('echo.wasm');

function hostWith(options: Partial<HostOptions> = {}): ReturnType<typeof createHost> {
  return createHost({
    args: ['guest'],
    env: [],
    preopens: [{ name: '/', directory: createMemoryFiles().root }],
    stdin: createSource({ content: new Uint8Array(0) }),
    stdout: createCapture(),
    stderr: createCapture(),
    clock: createBlockingClock(),
    random: (into) => crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
    ...options,
  });
}

function runExport(name: string): Ended {
  const host = hostWith();
  return run(host, new WebAssembly.Instance(ends, host.imports(ends)), { export: name });
}

test('a guest that returns ends with 0, one that exits with its code', () => {
  assert.deepEqual(runExport('returns'), { code: 0, trap: null });
  assert.deepEqual(runExport('exits'), { code: 3, trap: null });
  assert.deepEqual(runExport('exits_large'), { code: 255, trap: null });
});

test('codes up to 255 stay, of larger ones the low 8 bits count, but never become a success', () => {
  assert.deepEqual([0, 1, 255, 256, 257, 0xffff_ffff].map(exitCode), [0, 1, 255, 255, 1, 255]);
});

test('a guest cannot catch its own exit', () => {
  assert.deepEqual(runExport('exits_caught'), { code: 4, trap: null });
});

test('a reactor is initialized before the named function runs', () => {
  assert.deepEqual(runExport('initialized'), { code: 0, trap: null });
});

test('a reactor without a named function is initialized and done', () => {
  const host = hostWith();
  assert.deepEqual(run(host, new WebAssembly.Instance(ends, host.imports(ends))), { code: 0, trap: null });
});

test('a trap is 134, its message names it and the functions, innermost first', () => {
  const { code, trap } = runExport('traps');
  assert.equal(code, 134);
  assert.match(
    trap!,
    /^wasm trap: unreachable\n    at \S*innermost \(wasm-function\[\d+\]:0x[0-9a-f]+\)\n    at \S*middle /,
  );
  assert.match(runExport('reads_outside').trap!, /^wasm trap: memory access out of bounds\n/);
  assert.match(runExport('divides').trap!, /^wasm trap: divide by zero\n/);
  assert.match(runExport('throws').trap!, /^wasm trap: an exception that nobody caught/);
});

test('a name of a function adds no frame to a trap, and steers nothing', () => {
  const name = 'f (wasm://wasm/x:wasm-function[9]:0x9)\n    at other (wasm://wasm/x:wasm-function[8]:0x8)\u001b[2J';
  const bytes = new TextEncoder().encode(name);
  const names = [1, bytes.length + 3, 1, 0, bytes.length, ...bytes];
  const types_and_functions = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  const exports_and_code = [7, 10, 1, 6, 0x5f, 0x73, 0x74, 0x61, 0x72, 0x74, 0, 0, 10, 5, 1, 3, 0, 0x00, 0x0b];
  const name_section = [0, names.length + 5, 4, 0x6e, 0x61, 0x6d, 0x65, ...names];
  const module = new WebAssembly.Module(
    Uint8Array.from([...types_and_functions, ...exports_and_code, ...name_section]),
  );
  const { trap } = run(hostWith(), new WebAssembly.Instance(module));
  const at_start = 'f (wasm://wasm/x:wasm-function[9]:0x9)?    at other (wasm://wasm/x:wasm-function[8]:0x8)?[2J';
  assert.equal(trap, `wasm trap: unreachable\n    at ${at_start} (wasm-function[0]:0x23)`);
});

test('a stack that overflows, whoever stands on top of it, is a trap', () => {
  const { code, trap } = runExport('recurses');
  assert.equal(code, 134);
  assert.match(trap!, /^wasm trap: Maximum call stack size exceeded\n    at \S*recurse/);
});

test('what cannot be called is refused by name', () => {
  assert.throws(() => runExport('nothing'), /exports no function "nothing"/);
  assert.throws(() => runExport('takes'), /"takes" has parameters/);
  const empty = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const host = hostWith();
  assert.throws(() => run(host, new WebAssembly.Instance(empty)), /neither "_start" nor "_initialize"/);
});

test('a command blocks its caller while it reads and sleeps', () => {
  const stdout = createCapture();
  const host = hostWith({ stdin: createSource({ content: new TextEncoder().encode('in\n') }), stdout });
  const ended = run(host, new WebAssembly.Instance(echo, host.imports(echo)));
  assert.deepEqual(ended, { code: 7, trap: null });
  assert.equal(stdout.text(), 'in\ndone\n');
});

test('with suspending imports a command waits for what is not there yet, and its caller does not', async () => {
  const stdout = createCapture();
  const stdin = createSource();
  const host = hostWith({ stdin, stdout, clock: createPageClock() });
  const instance = new WebAssembly.Instance(echo, host.imports(echo, { suspending: true }));
  const ended = runSuspending(host, instance);
  stdin.push(new TextEncoder().encode('first\n'));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(stdout.text(), 'first\n');
  stdin.push(new TextEncoder().encode('second\n'));
  stdin.end();
  assert.deepEqual(await ended, { code: 7, trap: null });
  assert.equal(stdout.text(), 'first\nsecond\ndone\n');
});

test('a trap in a suspending guest is told as in a blocking one', async () => {
  const host = hostWith();
  const instance = new WebAssembly.Instance(ends, host.imports(ends, { suspending: true }));
  const { code, trap } = await runSuspending(host, instance, { export: 'traps' });
  assert.equal(code, 134);
  assert.match(trap!, /unreachable\n    at \S*innermost/);
});

test('what comes out of a start function is told in the same way', () => {
  const exit = new Uint8Array([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    1,
    8,
    2,
    0x60,
    1,
    0x7f,
    0,
    0x60,
    0,
    0,
    2,
    36,
    1,
    22,
    ...new TextEncoder().encode('wasi_snapshot_preview1'),
    9,
    ...new TextEncoder().encode('proc_exit'),
    0,
    0,
    3,
    2,
    1,
    1,
    8,
    1,
    1,
    10,
    8,
    1,
    6,
    0,
    0x41,
    9,
    0x10,
    0,
    0x0b,
  ]);
  const module = new WebAssembly.Module(exit);
  const host = hostWith();
  let ended: Ended | null = null;
  try {
    void new WebAssembly.Instance(module, host.imports(module));
  } catch (thrown) {
    ended = endedBy(host, thrown);
  }
  assert.deepEqual(ended, { code: 9, trap: null });
});
