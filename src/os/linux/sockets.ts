import { addressOf, bind, check, lastErrno, SystemError } from './library.ts';
import { errno } from './errno.ts';

const c = bind({
  connect: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  getsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'buffer'], return: 'int32' },
  recvmsg: { arguments: ['int32', 'buffer', 'int32'], return: 'int64' },
  sendmsg: { arguments: ['int32', 'buffer', 'int32'], return: 'int64' },
  setsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'uint32'], return: 'int32' },
  socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  socketpair: { arguments: ['int32', 'int32', 'int32', 'buffer'], return: 'int32' },
});

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PASSCRED = 16;
const SO_PEERCRED = 17;
const SO_PASSPIDFD = 76;
const SCM_RIGHTS = 1;
const SCM_CREDENTIALS = 2;
const SCM_PIDFD = 4;

/** How many descriptors one message may carry (the kernel's SCM_MAX_FD). */
const descriptors_per_message_max = 253;

export const MSG = { PEEK: 2, WAITALL: 0x100, DONTWAIT: 0x40, NOSIGNAL: 0x4000, CMSG_CLOEXEC: 0x40000000 } as const;

const pair = Buffer.alloc(8);

/** A pair of connected unix stream sockets, close-on-exec. */
export function socketPair(): readonly [number, number] {
  check('socketpair', c.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

/** Connects a new unix stream socket to `path` (at most 107 bytes), blocking. */
export function connectUnix(path: string): number {
  const bytes = Buffer.from(path);
  if (bytes.length > 107 || path.includes('\0')) throw new SystemError('connect', errno.ENAMETOOLONG, path);
  const address = Buffer.alloc(2 + bytes.length + 1);
  address.writeUInt16LE(AF_UNIX, 0);
  bytes.copy(address, 2);
  const fd = check('socket', c.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (;;) {
    if (c.connect(fd, address, address.length) === 0) return fd;
    const e = lastErrno();
    if (e === errno.EINTR) continue;
    closeNow(fd);
    throw new SystemError('connect', e, path);
  }
}

const { close: closeNow } = bind({ close: { arguments: ['int32'], return: 'int32' } });

const one = Buffer.from([1, 0, 0, 0]);

/** Asks the kernel to say with each message who sent it; the pidfd only where it can (Linux 6.5), which is the answer. */
export function passCredentials(fd: number): { readonly pidfd: boolean } {
  check('setsockopt', c.setsockopt(fd, SOL_SOCKET, SO_PASSCRED, one, 4));
  return { pidfd: c.setsockopt(fd, SOL_SOCKET, SO_PASSPIDFD, one, 4) === 0 };
}

export interface Credentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

const credentials_buffer = Buffer.alloc(12);
const length_buffer = Buffer.alloc(4);

/** Who is at the other end of a connected unix socket. */
export function peerCredentials(fd: number): Credentials {
  length_buffer.writeUInt32LE(12);
  check('getsockopt', c.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials_buffer, length_buffer));
  return {
    pid: credentials_buffer.readInt32LE(0),
    uid: credentials_buffer.readUInt32LE(4),
    gid: credentials_buffer.readUInt32LE(8),
  };
}

// One message at a time: the header, the iovec and the control buffer live as long as the process.
const header = Buffer.alloc(56);
const iovec = Buffer.alloc(16);
const control = Buffer.alloc(16 + descriptors_per_message_max * 4 + 128);
header.writeBigUInt64LE(addressOf(iovec), 16);
header.writeBigUInt64LE(1n, 24);
const control_address = addressOf(control);

/**
 * Sends `bytes` with `descriptors` beside the first of them; gives the bytes sent, which may be fewer, or -1 when
 * the socket is full (`MSG.DONTWAIT` in `flags`). `bytes` is at least 1 long when there are descriptors.
 */
export function sendMessage(fd: number, bytes: Uint8Array, descriptors: readonly number[] = [], flags = 0): number {
  if (descriptors.length > descriptors_per_message_max) throw new SystemError('sendmsg', errno.EINVAL, 'descriptors');
  iovec.writeBigUInt64LE(addressOf(bytes), 0);
  iovec.writeBigUInt64LE(BigInt(bytes.length), 8);
  if (descriptors.length === 0) {
    header.writeBigUInt64LE(0n, 32);
    header.writeBigUInt64LE(0n, 40);
  } else {
    const length = 16 + descriptors.length * 4;
    control.writeBigUInt64LE(BigInt(length), 0);
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    for (const [i, descriptor] of descriptors.entries()) control.writeInt32LE(descriptor, 16 + i * 4);
    header.writeBigUInt64LE(control_address, 32);
    header.writeBigUInt64LE(BigInt((length + 7) & ~7), 40);
  }
  header.writeInt32LE(0, 48);
  for (;;) {
    const n = Number(c.sendmsg(fd, header, flags | MSG.NOSIGNAL));
    if (n >= 0) return n;
    const e = lastErrno();
    if (e === errno.EINTR) continue;
    if (e === errno.EAGAIN && (flags & MSG.DONTWAIT) !== 0) return -1;
    throw new SystemError('sendmsg', e);
  }
}

/** One received message. Descriptors are open, close-on-exec, and the receiver's to close. */
export interface Message {
  /** Bytes put into the given buffer; 0 at the end of the stream. */
  readonly bytes: number;
  readonly descriptors: readonly number[];
  readonly credentials: Credentials | null;
  readonly pidfd: number | null;
}

/** Receives into `into`; null when nothing is there and `MSG.DONTWAIT` is in `flags`. */
export function receiveMessage(fd: number, into: Uint8Array, flags = 0): Message | null {
  iovec.writeBigUInt64LE(addressOf(into), 0);
  iovec.writeBigUInt64LE(BigInt(into.length), 8);
  let n: number;
  for (;;) {
    header.writeBigUInt64LE(control_address, 32);
    header.writeBigUInt64LE(BigInt(control.length), 40);
    header.writeInt32LE(0, 48);
    n = Number(c.recvmsg(fd, header, flags | MSG.CMSG_CLOEXEC));
    if (n >= 0) break;
    const e = lastErrno();
    if (e === errno.EINTR) continue;
    if (e === errno.EAGAIN && (flags & MSG.DONTWAIT) !== 0) return null;
    throw new SystemError('recvmsg', e);
  }
  const descriptors: number[] = [];
  let credentials: Credentials | null = null;
  let pidfd: number | null = null;
  const end = Number(header.readBigUInt64LE(40));
  for (let at = 0; at + 16 <= end;) {
    const length = Number(control.readBigUInt64LE(at));
    if (length < 16) break;
    const type = control.readInt32LE(at + 12);
    if (type === SCM_RIGHTS)
      for (let i = at + 16; i + 4 <= at + length; i += 4) descriptors.push(control.readInt32LE(i));
    else if (type === SCM_CREDENTIALS)
      credentials = {
        pid: control.readInt32LE(at + 16),
        uid: control.readUInt32LE(at + 20),
        gid: control.readUInt32LE(at + 24),
      };
    else if (type === SCM_PIDFD) pidfd = control.readInt32LE(at + 16);
    at += (length + 7) & ~7;
  }
  return { bytes: n, descriptors, credentials, pidfd };
}
