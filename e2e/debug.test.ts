/** What somebody is told of a program that trapped, and a debugger in a guest, and core dumps: with both commands. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';

import { bodyStarts, customSections, locate, readModule } from '../src/wasm/index.ts';
import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { Debugger } from './debugger.ts';
import { imageArchive } from './image.ts';
import { descendantsOf, listeningAddresses, listeningOfUser, waitUntil } from './processes.ts';

const patience_ms = 30_000;
/** A C program and how it was built: with -g, once with -O0 and once with -O2. */
const folder = join(checkout, 'src/wasm/dwarf/testdata');
const plain = join(folder, 'average-O0-v5.wasm');
const optimised = join(folder, 'average-O2-v5.wasm');
/** Of the plain one: averages the first four of its numbers, 3, 5, 7 and 9, and exits with what comes out. */
const average_of_four = '/module.wasm#four';
const divide_line = 10;

interface Script {
  readonly scriptId: string;
  readonly scriptLanguage?: string;
  readonly codeOffset?: number;
}

interface Paused {
  readonly hitBreakpoints?: readonly string[];
  readonly callFrames: readonly { readonly callFrameId: string; readonly functionName: string }[];
}

/** A command that was started: what it said on stderr so far, all of stdout, and its exit code. */
interface Command {
  readonly said: () => string;
  readonly out: Promise<Buffer>;
  readonly code: Promise<number | null>;
}

/** The functions and lines of the optimised program that the frames of a core dump stand at, inlined ones too. */
function placesOf(dump: Uint8Array): string[] {
  const own = readModule(new Uint8Array(readFileSync(optimised)));
  const code = own.sections.find(({ name }) => name === 'code')!;
  const starts = bodyStarts(own);
  const [stack] = customSections(readModule(new Uint8Array(dump)), 'corestack');
  const addresses = framesOf(stack!).map(
    ([index, offset]) => starts[index! - own.functions_imported]! + offset! - code.start,
  );
  return locate((name) => customSections(own, name)[0], addresses).flatMap((frames) =>
    frames.map((frame) => `${frame.function}:${frame.line}`),
  );
}

/** Function index and offset of each frame of a `corestack`, as WebAssembly's tool conventions write them. */
function framesOf(stack: Uint8Array): number[][] {
  let at = 0;
  const u32 = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = stack[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  assert.equal(u32(), 0);
  const thread_bytes = u32();
  at += thread_bytes;
  return Array.from({ length: u32() }, () => {
    const [kind, instance, index, offset, locals, values] = [u32(), u32(), u32(), u32(), u32(), u32()];
    assert.deepEqual([kind, instance, locals, values], [0, 0, 0, 0]);
    return [index, offset];
  });
}

/** Where the code of a line of a module's source begins, from the start of the code section's content. */
function addressOf(path: string, line: number): number {
  const bytes = new Uint8Array(readFileSync(path));
  const module = readModule(bytes);
  const code = module.sections.find(({ name }) => name === 'code')!;
  const addresses = Array.from({ length: code.end - code.start }, (_, i) => i);
  const places = locate((name) => customSections(module, name)[0], addresses);
  const found = places.findIndex(([frame]) => frame?.line === line && frame.column > 0);
  assert.ok(found > 0);
  return found;
}

/** Attaches, stops at the line where it divides, reads what it divides, and lets it go on. */
async function debugDivision(address: string): Promise<void> {
  const inspector = await Debugger.attach(address);
  await inspector.call('Runtime.enable');
  await inspector.call('Debugger.enable');
  const script = await inspector.event<Script>(
    'Debugger.scriptParsed',
    ({ scriptLanguage }) => scriptLanguage === 'WebAssembly',
  );
  await inspector.call('Runtime.runIfWaitingForDebugger');
  await inspector.event('Debugger.paused');
  const columnNumber = script.codeOffset! + addressOf(plain, divide_line);
  const { breakpointId } = await inspector.call<{ breakpointId: string }>('Debugger.setBreakpoint', {
    location: { scriptId: script.scriptId, lineNumber: 0, columnNumber },
  });
  await inspector.call('Debugger.resume');
  const paused = await inspector.event<Paused>('Debugger.paused');
  assert.deepEqual(paused.hitBreakpoints, [breakpointId]);
  const [frame] = paused.callFrames;
  assert.match(frame!.functionName, /divide/);
  const { result } = await inspector.call<{ result: { readonly value: unknown } }>('Debugger.evaluateOnCallFrame', {
    callFrameId: frame!.callFrameId,
    expression: '[locals[0].value, locals[1].value]',
    returnByValue: true,
  });
  assert.deepEqual(result.value, [24, 4]);
  inspector.send('Debugger.resume');
}

/** The address on the line that says where to attach. */
function told(text: string): string | undefined {
  return /^Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+)$/m.exec(text)?.[1];
}

describe('debugging', () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await startDaemon();
    const image = (tag: string, path: string, entry: string): Promise<Buffer> =>
      imageArchive({ tag, entrypoint: [entry], files: [{ path: entry.split('#')[0]!, bytes: readFileSync(path) }] });
    await daemon.ok(['load'], { input: await image('four:1', plain, average_of_four) });
    await daemon.ok(['load'], { input: await image('optimised:1', optimised, '/average.wasm') });
  });
  after(() => daemon?.stop());

  /** The `wherry` command. */
  function wherry(args: readonly string[]): Command {
    const child = spawn(process.execPath, [join(checkout, 'dist/cli.js'), '-H', daemon.host, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const code = once(child, 'close').then(([status]) => status as number | null);
    return { said: () => said, out: buffer(child.stdout), code };
  }

  async function pidOf(name: string): Promise<number> {
    return Number(await daemon.ok(['inspect', '--format', '{{.State.Pid}}', name]));
  }

  /** Where a container's process, and whatever is below it, listens. */
  async function listening(name: string): Promise<string[]> {
    const pid = await pidOf(name);
    return [pid, ...descendantsOf(pid)].flatMap(listeningAddresses);
  }

  test('wherry run --debug: a breakpoint at a line of the source, a local, and the exit code', async () => {
    const { said, code } = wherry(['run', '--rm', '--debug', '--entrypoint', average_of_four, plain]);
    await waitUntil('it tells where to attach', patience_ms, () => told(said()) !== undefined);
    await debugDivision(told(said())!);
    assert.equal(await code, 6);
  });

  test('docker run with the annotation: the same, told in the log, on the loopback address alone', async () => {
    await daemon.ok(['run', '-d', '--name', 'debugged', '--annotation', 'dev.wherry.debug=1', 'four:1']);
    const log = async (): Promise<string> => (await daemon.docker(['logs', 'debugged'])).stderr;
    await waitUntil('it tells where to attach', patience_ms, async () => told(await log()) !== undefined);
    const address = told(await log())!;
    const port = Number(new URL(address).port);
    assert.deepEqual(await listening('debugged'), [`127.0.0.1:${port}`]);
    await debugDivision(address);
    assert.equal(await daemon.ok(['wait', 'debugged']), '6\n');
    await daemon.ok(['rm', 'debugged']);
  });

  test('docker stop ends a container that waits for a debugger', async () => {
    await daemon.ok(['run', '-d', '--name', 'waiting', '--annotation', 'dev.wherry.debug=1', 'four:1']);
    await daemon.ok(['stop', 'waiting']);
    assert.equal(await daemon.ok(['inspect', '--format', '{{.State.ExitCode}}', 'waiting']), '143\n');
    await daemon.ok(['rm', 'waiting']);
  });

  test('a container that nobody asked to debug listens nowhere, whatever its image says', async () => {
    const archive = await imageArchive({
      tag: 'ticker:1',
      entrypoint: ['/ticker.wasm', '100', '100000', '0'],
      labels: { 'dev.wherry.debug': '1' },
      env: ['NODE_OPTIONS=--inspect=0', 'dev.wherry.debug=1'],
      files: [{ path: '/ticker.wasm', bytes: readFileSync(join(checkout, 'e2e/guests/ticker.wasm')) }],
    });
    await daemon.ok(['load'], { input: archive });
    // A guest's own process cannot be looked into by its user.
    const before_it = listeningOfUser();
    await daemon.ok(['run', '-d', '--name', 'plain', 'ticker:1']);
    await waitUntil('it ticks', patience_ms, async () => (await daemon.ok(['logs', 'plain'])) !== '');
    process.kill(await pidOf('plain'), 'SIGUSR1');
    const ticks = await daemon.ok(['logs', 'plain']);
    await waitUntil('it ticks on', patience_ms, async () => (await daemon.ok(['logs', 'plain'])) !== ticks);
    assert.deepEqual(listeningOfUser(), before_it);
    assert.equal((await daemon.docker(['logs', 'plain'])).stderr, '');
    await daemon.ok(['rm', '-f', 'plain']);
  });

  test('a trap is told with file, line, column and function, inlined ones too, and stands in the log', async () => {
    const { code, stderr } = await daemon.docker(['run', '--name', 'trapped', 'optimised:1']);
    assert.equal(code, 134);
    assert.deepEqual(stderr.replaceAll(/wasm-function\[\d+\]:0x[0-9a-f]+/g, 'FUNCTION').split('\n'), [
      'wherry: wasm trap: divide by zero',
      '    at divide (/src/average.c:10:14), inlined',
      '    at average (/src/average.c:17:10), inlined',
      '    at report (/src/average.c:21:14), FUNCTION',
      '    at _start (/src/average.c:33:14), FUNCTION',
      '',
    ]);
    assert.equal((await daemon.docker(['logs', 'trapped'])).stderr, stderr);
    const { said, code: same } = wherry(['run', '--rm', optimised]);
    assert.equal(await same, 134);
    assert.equal(said(), stderr);
    await daemon.ok(['rm', 'trapped']);
  });

  test('a core dump of a trap: asked for, fetched, and gone with its container', async () => {
    const { code } = wherry(['run', '--name', 'dumped', '--coredump', optimised]);
    assert.equal(await code, 134);
    const dump = await wherry(['debug', 'dumped']).out;
    assert.deepEqual(placesOf(dump), ['divide:10', 'average:17', 'report:21', '_start:33']);
    assert.ok(WebAssembly.validate(new Uint8Array(dump)));
    await daemon.ok(['rm', 'dumped']);
    const gone = wherry(['debug', 'dumped']);
    assert.equal(await gone.code, 1);
    assert.match(gone.said(), /No such container: dumped/);
  });

  test('docker run with the annotation: the same, told on stderr, and never at a path of a user', async () => {
    const path = join(daemon.folder, 'elsewhere.wasm');
    const elsewhere = ['--annotation', `dev.wherry.core-path=${path}`];
    const asked = ['--annotation', 'dev.wherry.coredump=1'];
    const { code, stderr } = await daemon.docker(['run', '--name', 'asked', ...asked, ...elsewhere, 'optimised:1']);
    assert.equal(code, 134);
    const dump = await wherry(['debug', 'asked']).out;
    assert.match(stderr, new RegExp(`^wherry: core dumped \\(${dump.length} bytes\\)$`, 'm'));
    await daemon.docker(['run', '--name', 'unasked', ...elsewhere, 'optimised:1']);
    assert.equal(existsSync(path), false);
    const none = wherry(['debug', 'unasked']);
    assert.equal(await none.code, 1);
    assert.match(none.said(), /no core dump of container unasked: it was not created with --coredump/);
    await daemon.ok(['rm', 'asked', 'unasked']);
  });

  test('a container that runs, or has not trapped, has no core dump, and it is said why', async () => {
    const ticking = ['--annotation', 'dev.wherry.coredump=1', '--entrypoint', '/ticker.wasm', 'ticker:1'];
    await daemon.ok(['run', '-d', '--name', 'runs', ...ticking, '100', '100000', '0']);
    const running = wherry(['debug', 'runs']);
    assert.equal(await running.code, 1);
    assert.match(running.said(), /cannot dump container runs: it is running/);
    await daemon.ok(['kill', 'runs']);
    await daemon.ok(['wait', 'runs']);
    const killed = wherry(['debug', 'runs']);
    assert.equal(await killed.code, 1);
    assert.match(killed.said(), /no core dump of container runs: it has not trapped/);
    await daemon.ok(['rm', 'runs']);
  });
});
