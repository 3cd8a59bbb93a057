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
    shutdown: ({ read, write }) => void done.push(`listener shutdown ${read} ${write}`),
    accept: ({ nonblock }) => {
      done.push(`accept ${nonblock}`);
      return connection;
    },
  };
}

test('connections are accepted, received from, sent to, shut down and closed', () => {
  const done: string[] = [];
  const guest = new Guest({ sockets: { listening: [listener(done)] } });
  assert.equal(guest.call('sock_accept', 3, 4, 0), 'SUCCESS');
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
  assert.equal(guest.call('sock_shutdown', 4, 1), 'BADF');
  assert.equal(guest.call('sock_accept', 0, 0, 0), 'NOTSOCK');
  assert.equal(guest.call('sock_accept', 3, 1, 0), 'INVAL');
});

test('a listening socket is not connected, and ends when it is shut down', () => {
  const done: string[] = [];
  const guest = new Guest({ sockets: { listening: [listener(done)] } });
  assert.equal(guest.call('sock_recv', 3, 0, 0, 0, 0, 0), 'NOTCONN');
  assert.equal(guest.call('sock_send', 3, 0, 0, 0, 0), 'PIPE');
  assert.equal(guest.call('sock_shutdown', 3, 0), 'INVAL');
  assert.equal(guest.call('sock_shutdown', 3, 4), 'INVAL');
  assert.equal(guest.call('sock_shutdown', 3, 1), 'SUCCESS');
  assert.deepEqual(done, ['listener shutdown true false']);
});

test('listening sockets stand from 3 on, and whoever looks for directories finds those behind them', () => {
  const guest = new Guest({ sockets: { listening: [listener([]), listener([])] } });
  const found: string[] = [];
  for (let fd = 3; guest.call('fd_prestat_get', fd, 0) !== 'BADF'; fd++) {
    const length = guest.view.getUint32(4, true);
    assert.equal(guest.call('fd_prestat_dir_name', fd, scratch, length), 'SUCCESS');
    found.push(`${guest.view.getUint32(0, true)} "${guest.text(scratch, length)}"`);
  }
  assert.deepEqual(found, ['1 ""', '1 ""', '0 "/"']);
});

test('what is accepted has the rights that its listener hands on', () => {
  const guest = new Guest({ sockets: { listening: [listener([])] } });
  const sock_accept = 1n << 29n;
  const fd_read = 2n;
  assert.equal(guest.call('fd_fdstat_set_rights', 3, sock_accept, fd_read), 'SUCCESS');
  assert.equal(guest.call('sock_accept', 3, 0, 0), 'SUCCESS');
  const fd = guest.view.getUint32(0, true);
  assert.equal(guest.call('sock_shutdown', fd, 1), 'NOTCAPABLE');
  assert.equal(guest.call('sock_send', fd, 0, 0, 0, 0), 'NOTCAPABLE');
  assert.equal(guest.call('sock_recv', 3, 0, 0, 0, 0, 0), 'NOTCAPABLE');
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
