import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';

import { listenTcp, type TcpListener } from '../../os/index.ts';
import { clockid, filetype, type Ready, type StreamSocket } from '../../wasi/index.ts';
import { outcome } from '../testing.ts';
import { createClock } from './clock.ts';
import { HostListener } from './host-socket.ts';

const clock = createClock();
const plain = { peek: false, wait_all: false };
const wait = { nonblock: false };
const flags = { append: false, dsync: false, sync: false };

function open(address = '127.0.0.1'): TcpListener {
  return listenTcp({ address, port: 0, backlog: 16 });
}

/** The other side, once the kernel has made the connection. */
function reach({ port }: TcpListener, address = '127.0.0.1'): Promise<Socket> {
  const socket = connect(port, address);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeAllListeners('error').on('error', () => {});
      resolve(socket);
    });
  });
}

/** Settles when the kernel has the bytes. */
function write(socket: Socket, words: string): Promise<void> {
  return new Promise((resolve) => socket.write(words, () => resolve()));
}

async function connection(): Promise<{ client: Socket; socket: StreamSocket; end(): void }> {
  const opened = open();
  const listener = new HostListener([opened.fd]);
  const client = await reach(opened);
  const socket = listener.accept(wait) as StreamSocket;
  return {
    client,
    socket,
    end() {
      client.destroy();
      socket.close();
      listener.close();
    },
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

test('a listener that nobody reached says AGAIN when it is not to wait, and is a socket', async () => {
  const opened = open();
  const listener = new HostListener([opened.fd]);
  listener.setFlags({ nonblock: true });
  assert.equal(
    outcome(() => listener.accept(wait)),
    'AGAIN',
  );
  assert.equal(
    outcome(() => listener.read([])),
    'NOTCONN',
  );
  assert.equal(
    outcome(() => listener.write([])),
    'PIPE',
  );
  assert.equal(listener.stat().type, filetype.socket_stream);
  const client = await reach(opened);
  const socket = listener.accept({ nonblock: true }) as StreamSocket;
  assert.equal(socket.stat().type, filetype.socket_stream);
  const into = new Uint8Array(8);
  assert.equal(
    outcome(() => socket.receive([into], plain)),
    'AGAIN',
  );
  assert.equal(
    outcome(() => socket.read([into])),
    'AGAIN',
  );
  client.destroy();
  socket.close();
  listener.close();
});

test('several listeners of the host are one to the guest, in turn, and one to who waits for it', async () => {
  const [a, b] = [open(), open('127.0.0.2')];
  const listener = new HostListener([a.fd, b.fd]);
  const waiting = [{ file: listener, interest: 'read' as const }];
  assert.deepEqual(clock.wait(waiting, 0n), []);
  const clients = [await reach(a), await reach(a), await reach(b, '127.0.0.2')];
  assert.equal((clock.wait(waiting, null) as Ready[]).length, 1);
  const sockets = [listener.accept(wait), listener.accept(wait), listener.accept(wait)] as StreamSocket[];
  const from: string[] = [];
  for (const [i, socket] of sockets.entries()) {
    assert.equal(socket.send([new TextEncoder().encode(String(i))]), 1);
    socket.close();
  }
  for (const client of clients) for await (const piece of client) from.push(text(piece as Uint8Array));
  assert.deepEqual(from, ['0', '2', '1'], 'one of each, then the rest');
  assert.deepEqual(clock.wait(waiting, 0n), []);
  listener.close();
  await assert.rejects(reach(a));
});

test('what was looked at is still there, several buffers are filled, and a stream is never cut', async () => {
  const { client, socket, end } = await connection();
  await write(client, 'one two');
  const [one, two] = [new Uint8Array(3), new Uint8Array(8)];
  assert.deepEqual(socket.receive([one], { peek: true, wait_all: false }), { bytes: 3, truncated: false });
  assert.deepEqual(socket.receive([one, two], { peek: true, wait_all: false }), { bytes: 7, truncated: false });
  assert.deepEqual(socket.receive([one, two], plain), { bytes: 7, truncated: false });
  assert.equal(text(one) + text(two.subarray(0, 4)), 'one two');
  await write(client, 'abcdefghijk');
  assert.deepEqual(socket.receive([one, two], { peek: false, wait_all: true }), { bytes: 11, truncated: false });
  assert.equal(text(one) + text(two), 'abcdefghijk');
  await write(client, 'end');
  await new Promise<void>((resolve) => client.end(resolve));
  const received = socket.receive([two, one], { peek: false, wait_all: true });
  assert.deepEqual([received, text(two.subarray(0, 3))], [{ bytes: 3, truncated: false }, 'end']);
  assert.deepEqual(socket.receive([one], plain), { bytes: 0, truncated: false });
  end();
});

test('a connection tells how much can be read, and that its other end is gone', async () => {
  const { client, socket, end } = await connection();
  const reading = [{ file: socket, interest: 'read' as const }];
  const before = clock.now(clockid.monotonic);
  assert.deepEqual(clock.wait(reading, 5_000_000n), []);
  assert.ok(clock.now(clockid.monotonic) - before >= 5_000_000n);
  await write(client, '12345');
  assert.deepEqual(clock.wait(reading, null), [{ index: 0, bytes: 5n, hangup: false, errno: 0 }]);
  assert.deepEqual(clock.wait([{ file: socket, interest: 'write' }], null), [
    { index: 0, bytes: 0n, hangup: false, errno: 0 },
  ]);
  client.resetAndDestroy();
  assert.equal((clock.wait(reading, null) as Ready[])[0]!.hangup, true);
  end();
});

test('a direction that was shut down is at its end, and Linux’s errnos are the guest’s', async () => {
  const { client, socket, end } = await connection();
  socket.setFlags({ ...flags, nonblock: true });
  assert.equal(
    outcome(() => socket.receive([new Uint8Array(1)], plain)),
    'AGAIN',
  );
  socket.shutdown({ read: true, write: false });
  assert.deepEqual(socket.receive([new Uint8Array(1)], plain), { bytes: 0, truncated: false });
  socket.shutdown({ read: false, write: true });
  assert.equal(
    outcome(() => socket.send([new Uint8Array(1)])),
    'PIPE',
  );
  const ended = new Promise((resolve) => client.once('end', resolve));
  client.resume();
  await ended;
  end();

  const second = await connection();
  second.client.resetAndDestroy();
  assert.equal((clock.wait([{ file: second.socket, interest: 'read' }], null) as Ready[]).length, 1);
  assert.equal(
    outcome(() => second.socket.receive([new Uint8Array(1)], plain)),
    'CONNRESET',
  );
  assert.equal(
    outcome(() => second.socket.shutdown({ read: true, write: true })),
    'NOTCONN',
  );
  second.end();
});

test('a listener that is not read any more takes nobody', async () => {
  const opened = open();
  const listener = new HostListener([opened.fd]);
  listener.shutdown({ read: false, write: true });
  (await reach(opened)).destroy();
  listener.shutdown({ read: true, write: false });
  await assert.rejects(reach(opened));
  listener.setFlags({ nonblock: true });
  assert.equal(
    outcome(() => listener.accept(wait)),
    'INVAL',
  );
  listener.close();
});
