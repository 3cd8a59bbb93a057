import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';

import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';

import { socketPair } from '../os/index.ts';
import { Task, TtrpcServer } from '../wire/index.ts';
import { Relay } from './relay.ts';
import { makePipes } from './relay-pipes.ts';
import { parseStdio } from './stdio-address.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-relay-'));
after(() => rmSync(folder, { recursive: true }));

const every_stream = { stdin: true, stdout: true, stderr: true, detach_keys: [] };
let count = 0;

interface Opened {
  readonly relay: Relay;
  /** What its log has, a line each. */
  lines(): readonly string[];
}

function open(name: string, { stdin = '', terminal = false } = {}): Opened {
  const log = join(folder, `${name}.log`);
  const out = `json-file://${log}?max-size=-1&max-file=1`;
  const address = parseStdio(stdin);
  const relay = new Relay({
    namespace: 'moby',
    container: `c${count++}`,
    exec_id: '',
    terminal,
    stdin: address,
    stdout: parseStdio(out),
    stderr: parseStdio(terminal ? '' : out),
    pipes: makePipes(join(folder, name), { stdin: address.kind === 'attach', terminal }),
  });
  const lines = (): readonly string[] =>
    readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { stream: string; log: string })
      .map(({ stream, log: text }) => `${stream}: ${text.trimEnd()}`);
  return { relay, lines };
}

/** Stands for another shim and its process: opens the pipes as one does, and goes. */
async function run(script: string, { stdin, stdout, stderr }: Relay['pipes'], opened: () => void): Promise<void> {
  const child = spawn('sh', [
    '-c',
    `exec ${stdin === '' ? '</dev/null' : '<"$1"'} >"$2" 2>"\${3:-/dev/null}"; ${script}`,
    'sh',
    stdin,
    stdout,
    stderr,
  ]);
  const ended = once(child, 'exit');
  // It opens its ends while ours are open, so that it waits for nobody.
  await new Promise((resolve) => setTimeout(resolve, 200));
  opened();
  await ended;
}

test('what a process writes is logged to its end, and attached clients see it', async () => {
  const { relay, lines } = open('out');
  const [ours, theirs] = socketPair();
  relay.attach(theirs, Buffer.alloc(0), every_stream);
  const seen = buffer(new Socket({ fd: ours }));
  await run('sleep 0.3; echo one; echo two >&2; printf three', relay.pipes, () =>
    relay.connected({ address: '', service: '' }),
  );
  await relay.finish();
  assert.deepEqual(lines().toSorted(), ['stderr: two', 'stdout: one', 'stdout: three']);
  // Behind the head of its frame.
  assert.equal((await seen).toString('latin1', 8, 12), 'one\n');
});

test('the end of stdin goes through the pipe and is told to the other shim', async () => {
  const server = new TtrpcServer();
  const told = Promise.withResolvers<{ id: string; stdin: boolean }>();
  server.register(Task, {
    async closeIO(request) {
      told.resolve(request);
      return create(EmptySchema);
    },
  });
  const address = join(folder, 'other.sock');
  await server.listen(address);
  const { relay, lines } = open('in', { stdin: 'attach://?once=1' });
  const [ours, theirs] = socketPair();
  relay.attach(theirs, Buffer.from('head '), every_stream);
  new Socket({ fd: ours }).end('and rest\n');
  await run('cat', relay.pipes, () => relay.connected({ address: `unix://${address}`, service: Task.typeName }));
  await relay.finish();
  assert.deepEqual(lines(), ['stdout: head and rest']);
  assert.equal((await told.promise).stdin, true);
  await server.close();
});

test('a process that was never made leaves nobody waiting', async () => {
  const { relay } = open('never', { stdin: 'attach://' });
  const [ours, theirs] = socketPair();
  relay.attach(theirs, Buffer.alloc(0), every_stream);
  const seen = buffer(new Socket({ fd: ours }));
  await relay.finish();
  assert.equal((await seen).length, 0);
});

test('pipes whose relay died are taken up by another, with what is in them', async () => {
  const { stdout } = makePipes(join(folder, 'again'), { stdin: false, terminal: true });
  // As a shim holds them: for both directions.
  const reader = openSync(stdout, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(stdout, constants.O_WRONLY);
  writeSync(writer, 'before ');
  const { relay, lines } = open('again', { terminal: true });
  relay.connected({ address: '', service: '' });
  writeSync(writer, 'after\n');
  closeSync(writer);
  closeSync(reader);
  await relay.finish();
  assert.deepEqual(lines(), ['stdout: before after']);
});
