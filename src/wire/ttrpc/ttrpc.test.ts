import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, afterEach, test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

import { type ErrorClass, WherryError } from '../../errors/index.ts';
import { ttrpc_calls_per_connection_max, ttrpc_message_bytes_max } from '../../limits/index.ts';
import { KillRequestSchema, Task } from '../gen/containerd/task/v3/task_pb.ts';
import { type Response, RequestSchema, ResponseSchema } from '../gen/ttrpc/ttrpc_pb.ts';
import { Shim } from '../gen/wherry/shim/v1/shim_pb.ts';
import { TtrpcClient } from './client.ts';
import { frame_header_bytes, FrameReader, FrameType, writeFrameHeader } from './frame.ts';
import { TtrpcServer } from './server.ts';
import type { CallContext, ServiceHandlers } from './service.ts';

const directory = mkdtempSync(join(tmpdir(), 'wherry-ttrpc-'));
after(() => rmSync(directory, { recursive: true }));

let count = 0;
let path: string;
let server: TtrpcServer;
let client: TtrpcClient;
/** What the handlers of a test saw. */
let seen: { signals: AbortSignal[]; calls: CallContext[]; kills: number };

const handlers: ServiceHandlers<typeof Task> = {
  state: async (request) => ({
    id: request.id,
    pid: 7,
    exitStatus: 0xffff_ffff,
    stdout: 'x'.repeat(request.id.length),
  }),
  kill: async () => {
    seen.kills++;
    return {};
  },
  start: async (request) => {
    if (request.id === 'programming error') throw new TypeError('x is not a function');
    throw new WherryError(request.id as ErrorClass, `Cannot start "${request.id}".`);
  },
  wait: (_request, call) =>
    new Promise((_resolve, reject) => {
      seen.signals.push(call.signal);
      call.signal.addEventListener('abort', () => reject(call.signal.reason as WherryError));
    }),
  delete: async (_request, call) => {
    seen.calls.push(call);
    return {};
  },
};

beforeEach(async () => {
  path = join(directory, `${count++}.sock`);
  seen = { signals: [], calls: [], kills: 0 };
  server = new TtrpcServer();
  server.register(Task, handlers, [Task.typeName, 'containerd.task.v2.Task']);
  await server.listen(path);
  client = await TtrpcClient.connect(`unix://${path}`);
});

afterEach(async () => {
  client.close();
  await server.close();
});

const failsWith = (errorClass: ErrorClass, message: RegExp | string) => (error: unknown) => {
  assert.ok(error instanceof WherryError, String(error));
  assert.equal(error.class, errorClass);
  if (typeof message === 'string') assert.equal(error.message, message);
  else assert.match(error.message, message);
  return true;
};

/** Calls nothing of ours: bytes to the server and the responses that come back, by stream. */
class Raw {
  readonly socket: net.Socket;
  readonly responses: [number, Response][] = [];
  #arrived: (() => void) | undefined;

  constructor() {
    const reader = new FrameReader();
    this.socket = net.connect({ path });
    this.socket.on('data', (chunk: Uint8Array) => {
      for (const frame of reader.push(chunk)) {
        assert.ok(frame.payload);
        this.responses.push([frame.streamId, fromBinary(ResponseSchema, frame.payload)]);
      }
      this.#arrived?.();
    });
  }

  send(streamId: number, payload: Uint8Array, type: number = FrameType.request): void {
    const frame = new Uint8Array(frame_header_bytes + payload.length);
    frame.set(payload, frame_header_bytes);
    writeFrameHeader(frame, streamId, type);
    this.socket.write(frame);
  }

  call(streamId: number, service: string, method: string, payload: Uint8Array = new Uint8Array()): void {
    this.send(streamId, toBinary(RequestSchema, create(RequestSchema, { service, method, payload })));
  }

  async next(): Promise<[number, number, string]> {
    while (this.responses.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
    const [streamId, response] = this.responses.shift()!;
    return [streamId, response.status?.code ?? 0, response.status?.message ?? ''];
  }
}

const kill = toBinary(KillRequestSchema, create(KillRequestSchema, { id: 'a', signal: 15 }));

test('a call takes a message and gives one', async () => {
  const state = await client.service(Task).state({ id: 'clock' });
  assert.equal(state.id, 'clock');
  assert.equal(state.pid, 7);
  assert.equal(state.exitStatus, 0xffff_ffff);
});

test('a hundred calls at once each get their own answer, fast ones before slow ones', async () => {
  const task = client.service(Task);
  const waiting = task.wait({ id: 'slow' }, { timeout_ms: 60_000 });
  const states = await Promise.all(Array.from({ length: 100 }, (_, index) => task.state({ id: `c${index}` })));
  assert.deepEqual(
    states.map((state) => state.id),
    Array.from({ length: 100 }, (_, index) => `c${index}`),
  );
  client.close();
  await assert.rejects(waiting, failsWith('Unavailable', /is gone/));
});

test('megabytes go through whole', async () => {
  const id = 'é'.repeat(900_000);
  const state = await client.service(Task).state({ id });
  assert.equal(state.id, id);
});

test('an error keeps its class and its message', async () => {
  const task = client.service(Task);
  for (const name of ['NotFound', 'AlreadyExists', 'FailedPrecondition', 'Unauthenticated', 'DataLoss'] as const) {
    await assert.rejects(task.start({ id: name }), failsWith(name, `Cannot start "${name}".`));
  }
  await assert.rejects(task.start({ id: 'programming error' }), failsWith('Unknown', 'x is not a function'));
});

test('what the server does not have is Unimplemented in the words of containerd', async () => {
  await assert.rejects(client.service(Shim).info({}), failsWith('Unimplemented', 'service wherry.shim.v1.Shim'));
  await assert.rejects(client.service(Task).stats({ id: 'a' }), failsWith('Unimplemented', 'method Stats'));
});

test('a service answers to every name it was given', async () => {
  const raw = new Raw();
  raw.call(1, 'containerd.task.v2.Task', 'Kill', kill);
  assert.deepEqual(await raw.next(), [1, 0, '']);
  raw.socket.destroy();
});

test('metadata and the time allowed reach the handler', async () => {
  const metadata = { 'containerd-namespace-ttrpc': 'moby', __proto__x: 'y' };
  await client.service(Task).delete({ id: 'a' }, { metadata, timeout_ms: 1500 });
  await client.service(Task).delete({ id: 'a' });
  const [first, second] = seen.calls;
  assert.deepEqual(first?.metadata.get('containerd-namespace-ttrpc'), ['moby']);
  assert.equal(first?.timeout_ns, 1_500_000_000n);
  assert.equal(second?.timeout_ns, 0n);
  assert.equal(second?.metadata.size, 0);
});

test('when time is up both sides give up', async () => {
  const waiting = client.service(Task).wait({ id: 'a' }, { timeout_ms: 20 });
  await assert.rejects(waiting, failsWith('DeadlineExceeded', /not answered within 20 ms|deadline exceeded/));
  // On a slow machine the caller gives up before the server has even read the call.
  while (seen.signals.length === 0) await client.service(Task).state({ id: 'b' });
  const signal = seen.signals[0];
  assert.ok(signal);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  assert.ok(failsWith('DeadlineExceeded', 'context deadline exceeded')(signal.reason));
});

test('an aborted call ends at once, the connection goes on', async () => {
  const controller = new AbortController();
  const waiting = client.service(Task).wait({ id: 'a' }, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(waiting, failsWith('Cancelled', 'Wait was given up by its caller.'));
  await assert.rejects(
    client.service(Task).kill({ id: 'a' }, { signal: controller.signal }),
    failsWith('Cancelled', /Kill/),
  );
  assert.equal(seen.kills, 0);
  assert.equal((await client.service(Task).state({ id: 'b' })).id, 'b');
});

test('a lost connection ends the calls that wait, and the handlers hear of a lost caller', async () => {
  const waiting = client.service(Task).wait({ id: 'a' });
  while (seen.signals.length === 0) await client.service(Task).state({ id: 'b' });
  const aborted = new Promise((resolve) => seen.signals[0]?.addEventListener('abort', resolve));
  client.close();
  await assert.rejects(waiting, failsWith('Unavailable', /is gone: it was closed/));
  await assert.rejects(client.service(Task).state({ id: 'b' }), failsWith('Unavailable', /is gone/));
  assert.equal((await client.closed).class, 'Unavailable');
  await aborted;
  assert.ok(failsWith('Cancelled', /went away/)(seen.signals[0]?.reason));
});

test('a server that closes answers what runs, takes nothing more and leaves no socket', async () => {
  const waiting = client.service(Task).wait({ id: 'a' });
  while (seen.signals.length === 0) await client.service(Task).state({ id: 'b' });
  const answered = assert.rejects(waiting, failsWith('Unavailable', /takes no more calls/));
  await server.close();
  await answered;
  await client.closed;
  await assert.rejects(TtrpcClient.connect(path), failsWith('Unavailable', /Cannot connect to .*ENOENT/));
});

test('a handler that ignores its signal does not keep a server from closing', async () => {
  const deaf = new TtrpcServer();
  let hear = (): void => undefined;
  const heard = new Promise<void>((resolve) => (hear = resolve));
  deaf.register(Task, {
    wait: () => {
      hear();
      return new Promise(() => undefined);
    },
  });
  const address = `${path}.deaf`;
  await deaf.listen(address);
  const other = await TtrpcClient.connect(address);
  const waiting = assert.rejects(other.service(Task).wait({ id: 'a' }), failsWith('Unavailable', /is gone/));
  await heard;
  await deaf.close();
  await waiting;
});

test('the socket of a dead server is replaced, a live one is not', async () => {
  const second = new TtrpcServer();
  await assert.rejects(second.listen(path), failsWith('AlreadyExists', /another server answers there/));
  const stale = `${path}.stale`;
  // A listening socket whose process ended without removing it: bound by a child that is killed.
  const script = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 9))`;
  spawnSync(process.execPath, ['-e', script]);
  assert.ok(statSync(stale).isSocket());
  await second.listen(stale);
  (await TtrpcClient.connect(stale)).close();
  await second.close();
});

test('an address that cannot be is refused in words', async () => {
  const long = `/tmp/${'x'.repeat(120)}`;
  await assert.rejects(TtrpcClient.connect(long), failsWith('InvalidArgument', /has 125 bytes and .* may have 107/));
  await assert.rejects(server.listen('relative'), failsWith('InvalidArgument', /no absolute path/));
});

test('a message over the limit is refused before it is sent', async () => {
  const id = 'x'.repeat(ttrpc_message_bytes_max);
  await assert.rejects(
    client.service(Task).kill({ id }),
    failsWith('ResourceExhausted', /^message length \d+ exceed maximum message size of 4194304$/),
  );
  assert.equal((await client.service(Task).state({ id: 'b' })).id, 'b');
});

test('an answer over the limit becomes an error of its call alone', async () => {
  const id = 'x'.repeat(ttrpc_message_bytes_max / 2);
  await assert.rejects(client.service(Task).state({ id }), failsWith('ResourceExhausted', /exceed maximum/));
  assert.equal((await client.service(Task).state({ id: 'b' })).id, 'b');
});

test('hostile frames are answered on their stream and the connection is kept', async () => {
  const raw = new Raw();
  raw.send(1, new Uint8Array(ttrpc_message_bytes_max + 1));
  assert.deepEqual(await raw.next(), [1, 8, 'message length 4194305 exceed maximum message size of 4194304']);
  raw.call(2, Task.typeName, 'Kill', kill);
  assert.deepEqual(await raw.next(), [2, 3, 'StreamID must be odd for client initiated streams']);
  raw.send(3, new Uint8Array([0xff, 0xff, 0xff]));
  const [stream, code, message] = await raw.next();
  assert.deepEqual([stream, code], [3, 3]);
  assert.match(message, /^unmarshal request error: /);
  raw.call(5, Task.typeName, 'Kill', new Uint8Array([0x0a, 0xff]));
  assert.match((await raw.next()).join(' '), /^5 13 ttrpc: error unmarshalling payload: /);
  raw.call(5, Task.typeName, 'Kill', kill);
  assert.deepEqual(await raw.next(), [5, 3, 'StreamID cannot be re-used and must increment']);
  raw.send(5, new Uint8Array([1]), FrameType.data);
  assert.deepEqual(await raw.next(), [5, 3, 'StreamID is no longer active']);
  raw.send(7, new Uint8Array([1]), 200);
  raw.call(9, 'constructor', 'toString');
  assert.deepEqual(await raw.next(), [9, 12, 'service constructor']);
  raw.call(11, Task.typeName, 'constructor');
  assert.deepEqual(await raw.next(), [11, 12, 'method constructor']);
  assert.equal(seen.kills, 0);
  raw.call(13, Task.typeName, 'Kill', kill);
  assert.deepEqual(await raw.next(), [13, 0, '']);
  assert.equal(seen.kills, 1);
  raw.socket.destroy();
});

test('one connection holds so many unanswered calls and no more', async () => {
  const raw = new Raw();
  for (let index = 0; index <= ttrpc_calls_per_connection_max; index++) raw.call(index * 2 + 1, Task.typeName, 'Wait');
  const [stream, code] = await raw.next();
  assert.deepEqual([stream, code], [ttrpc_calls_per_connection_max * 2 + 1, 8]);
  assert.equal(seen.signals.length, ttrpc_calls_per_connection_max);
  raw.socket.destroy();
});

test('a peer that does not read its answers is not read from', async () => {
  const raw = new Raw();
  raw.socket.pause();
  const request = toBinary(RequestSchema, create(RequestSchema, { service: 'x'.repeat(100_000), method: 'm' }));
  const asked = 400;
  for (let index = 0; index < asked; index++) raw.send(index * 2 + 1, request);
  const other = client.service(Task);
  for (let index = 0; index < 200; index++) await other.state({ id: 'x' });
  // 40 MB were asked; what the server has taken is what fits into its own bound and the kernel's buffers.
  assert.ok(raw.socket.writableLength > 20_000_000, `${raw.socket.writableLength} left unsent`);
  raw.socket.resume();
  for (let index = 0; index < asked; index++) assert.equal((await raw.next())[1], 12);
  raw.socket.destroy();
});

test('a client takes garbage for what it is', async () => {
  const address = `${path}.garbage`;
  const answers: Uint8Array[] = [
    new Uint8Array([0, 0, 0, 2, 0, 0, 0, 1, FrameType.response, 0, 0xff, 0xff]),
    new Uint8Array([0, 0, 0, 4, 0, 0, 0, 3, FrameType.response, 0, 0x12, 2, 0x0a, 0xff]),
    new Uint8Array([0, 0, 0, 0, 0, 0, 0, 5, FrameType.data, 5]),
    Buffer.concat([
      // A stream nobody asked on, then a call's answer with neither status nor payload: an empty message.
      new Uint8Array([0, 0, 0, 0, 0, 0, 0, 99, FrameType.response, 0]),
      new Uint8Array([0, 0, 0, 0, 0, 0, 0, 7, FrameType.response, 0]),
    ]),
  ];
  const garbage = net.createServer((socket) => {
    socket.on('data', () => socket.write(answers.shift() ?? ''));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => garbage.listen(address, resolve));
  const victim = await TtrpcClient.connect(address);
  const task = victim.service(Task);
  await assert.rejects(task.state({ id: 'a' }), failsWith('Internal', /is no ttrpc response/));
  await assert.rejects(task.state({ id: 'a' }), failsWith('Internal', /is no containerd.task.v3.StateResponse/));
  await assert.rejects(task.state({ id: 'a' }), failsWith('Internal', /with a stream/));
  assert.equal((await task.state({ id: 'a' })).id, '');
  victim.close();
  garbage.close();
});
