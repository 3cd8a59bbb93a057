import { isIPv6 } from 'node:net';

import { bind, check, lastErrno, SystemError } from './library.ts';
import { errno } from './errno.ts';

const c = bind({
  accept4: { arguments: ['int32', 'uint64', 'uint64', 'int32'], return: 'int32' },
  bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  close: { arguments: ['int32'], return: 'int32' },
  getsockname: { arguments: ['int32', 'buffer', 'buffer'], return: 'int32' },
  inet_pton: { arguments: ['int32', 'string', 'buffer'], return: 'int32' },
  listen: { arguments: ['int32', 'int32'], return: 'int32' },
  recv: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'uint32'], return: 'int32' },
  shutdown: { arguments: ['int32', 'int32'], return: 'int32' },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
});

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

export interface ListenOptions {
  /** An IPv4 or IPv6 address; null for all of both, by one socket. */
  readonly address: string | null;
  /** 0 for one that is free. */
  readonly port: number;
  /** How many connections may wait to be accepted. */
  readonly backlog: number;
}

/** An open listener: nonblocking, close-on-exec, and the caller's to close. */
export interface TcpListener {
  readonly fd: number;
  readonly port: number;
}

/**
 * Listens for TCP connections. What is accepted sends small packets at once (TCP_NODELAY). tcp(7), ipv6(7).
 *
 * @throws SystemError EADDRINUSE, EADDRNOTAVAIL, EACCES, EAFNOSUPPORT, ...
 */
export function listenTcp({ address, port, backlog }: ListenOptions): TcpListener {
  const family = address === null || isIPv6(address) ? AF_INET6 : AF_INET;
  const fd = check('socket', c.socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  try {
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (family === AF_INET6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, address === null ? 0 : 1);
    const name = socketAddress(family, address ?? '::', port);
    check('bind', c.bind(fd, name, name.length));
    check('listen', c.listen(fd, backlog));
    return { fd, port: localPort(fd) };
  } catch (error) {
    c.close(fd);
    throw error;
  }
}

/** sockaddr_in and sockaddr_in6. */
function socketAddress(family: number, address: string, port: number): Buffer {
  const bytes = Buffer.alloc(family === AF_INET6 ? 28 : 16);
  bytes.writeUInt16LE(family, 0);
  bytes.writeUInt16BE(port, 2);
  const number = Buffer.alloc(16);
  if (c.inet_pton(family, address, number) !== 1) throw new SystemError('bind', errno.EINVAL, address);
  number.copy(bytes, family === AF_INET6 ? 8 : 4, 0, family === AF_INET6 ? 16 : 4);
  return bytes;
}

function localPort(fd: number): number {
  const name = Buffer.alloc(28);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(name.length);
  check('getsockname', c.getsockname(fd, name, length));
  return name.readUInt16BE(2);
}

const option = Buffer.alloc(4);

function set(fd: number, level: number, name: number, value: number): void {
  option.writeInt32LE(value);
  check('setsockopt', c.setsockopt(fd, level, name, option, 4));
}

/** Takes a waiting connection, close-on-exec. Throws EAGAIN where none waits and the listener is nonblocking. accept(2) */
export function acceptConnection(listener: number, nonblock: boolean): number {
  for (;;) {
    const fd = c.accept4(listener, 0n, 0n, SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0));
    if (fd >= 0) return fd;
    const e = lastErrno();
    if (e !== errno.EINTR) throw new SystemError('accept4', e);
  }
}

/** Receives into `into` with `MSG` flags; 0 at the end of the stream. Interrupted calls go on. recv(2) */
export function receive(fd: number, into: Uint8Array, flags: number): number {
  for (;;) {
    const n = Number(c.recv(fd, into as Uint8Array<ArrayBuffer>, BigInt(into.length), flags));
    if (n >= 0) return n;
    const e = lastErrno();
    if (e !== errno.EINTR) throw new SystemError('recv', e);
  }
}

/** What `shutdown` ends. */
export const SHUT = { RD: 0, WR: 1, RDWR: 2 } as const;

/** Ends one or both directions of a connection; a listener that is not read any more takes no more. shutdown(2) */
export function shutdownSocket(fd: number, how: (typeof SHUT)[keyof typeof SHUT]): void {
  check('shutdown', c.shutdown(fd, how));
}
