import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createHost, createSource, type ListeningSocket, type StreamSocket } from '../index.ts';
import { Guest, scratch, standIn } from '../testing.ts';

/** A listener that accepts connections which echo one line and note what is done to them. */
function listener(done: string[]): ListeningSocket {
  const connection: StreamSocket = {
    ...standIn({ type: 6, seekable: false, terminal: false, close: () => void done.push('close') }),
    receive(into, { peek, wait_all }) {
      done.push(`receive ${peek} ${wait_all}`);
      into[0]!.set(new TextEncoder().encode('hello'));
      return { bytes: 5, truncated: true };
    },
    send(from) {
      done.push(`send ${new TextDecoder().decode(from[0])}`);
      return from[0]!.length;
    },
    shutdown: ({ read, write }) => void done.push(`shutdown ${read} ${write}`),
  };
  return {
    ...standIn({ type: 6, seekable: false, terminal: false }),
    accept: ({ nonblock }) => {
      done.push(`accept ${nonblock}`);
      return connection;
    },
  };
}

test('connections are accepted, received from, sent to, shut down and closed', () => {
  const done: string[] = [];
  const guest = new Guest({ sockets: { listening: [listener(done)] } });
  assert.equal(guest.call('sock_accept', 4, 4, 0), 'SUCCESS');
  const fd = guest.view.getUint32(0, true);
  assert.equal(fd, 5);
  guest.view.setUint32(8, scratch, true);
  guest.view.setUint32(12, 16, true);
  assert.equal(guest.call('sock_recv', fd, 8, 1, 1, 0, 4), 'SUCCESS');
  assert.equal(guest.text(scratch, guest.view.getUint32(0, true)), 'hello');
  assert.equal(guest.view.getUint16(4, true), 1);
  guest.view.setUint32(12, 4, true);
  assert.equal(guest.call('sock_send', fd, 8, 1, 0, 0), 'SUCCESS');
  assert.equal(guest.call('sock_shutdown', fd, 2), 'SUCCESS');
  assert.equal(guest.call('fd_close', fd), 'SUCCESS');
  assert.deepEqual(done, ['accept true', 'receive true false', 'send hell', 'shutdown false true', 'close']);
});

test('what is no socket is NOTSOCK, what is not open or a directory BADF', () => {
  const guest = new Guest({ sockets: { listening: [listener([])] } });
  assert.equal(guest.call('sock_shutdown', 1, 1), 'NOTSOCK');
  assert.equal(guest.call('sock_shutdown', 99, 1), 'BADF');
  assert.equal(guest.call('sock_shutdown', 3, 1), 'BADF');
  assert.equal(guest.call('sock_accept', 0, 0, 0), 'NOTSOCK');
  assert.equal(guest.call('sock_recv', 4, 0, 0, 0, 0, 0), 'NOTSOCK');
  assert.equal(guest.call('sock_accept', 4, 1, 0), 'INVAL');
});

test('the sockets of WasmEdge, and its sock_accept of two parameters, answer NOTSUP', () => {
  const host = createHost({
    args: [],
    env: [],
    preopens: [{ name: '/', directory: new Guest().files.root }],
    stdin: createSource(),
    stdout: createSource(),
    stderr: createSource(),
    clock: { now: () => 0n, resolution: () => 1n, wait: () => [], yield: () => undefined },
    random: () => undefined,
  });
  const names = ['sock_open', 'sock_bind', 'sock_listen', 'sock_connect', 'sock_setsockopt', 'sock_getsockopt'];
  names.push('sock_getlocaladdr', 'sock_getpeeraddr', 'sock_getaddrinfo', 'sock_recv_from', 'sock_send_to');
  names.push('sock_accept');
  const module = 'wasi_snapshot_preview1';
  const imports = host.imports(names.map((name) => ({ module, name, kind: 'function' })))[module]!;
  for (const name of names) assert.equal((imports[name] as (a: number, b: number) => number)(4, 0), 58, name);
});
