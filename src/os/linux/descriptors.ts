import { constants } from 'node:fs';

import { bind, check, lastErrno, SystemError, sys, systemCall } from './library.ts';
import { errno } from './errno.ts';

const c = bind({
  close: { arguments: ['int32'], return: 'int32' },
  dup3: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
  eventfd: { arguments: ['uint32', 'int32'], return: 'int32' },
  fallocate: { arguments: ['int32', 'int32', 'int64', 'int64'], return: 'int32' },
  fcntl: { arguments: ['int32', 'int32', 'int64'], return: 'int32' },
  fdatasync: { arguments: ['int32'], return: 'int32' },
  flock: { arguments: ['int32', 'int32'], return: 'int32' },
  fsync: { arguments: ['int32'], return: 'int32' },
  getrandom: { arguments: ['buffer', 'uint64', 'uint32'], return: 'int64' },
  ftruncate: { arguments: ['int32', 'int64'], return: 'int32' },
  lseek: { arguments: ['int32', 'int64', 'int32'], return: 'int64' },
  memfd_create: { arguments: ['string', 'uint32'], return: 'int32' },
  pipe2: { arguments: ['buffer', 'int32'], return: 'int32' },
  poll: { arguments: ['buffer', 'uint64', 'int32'], return: 'int32' },
  ppoll: { arguments: ['buffer', 'uint64', 'buffer', 'uint64', 'uint64'], return: 'int32' },
  pread: { arguments: ['int32', 'buffer', 'uint64', 'int64'], return: 'int64' },
  pwrite: { arguments: ['int32', 'buffer', 'uint64', 'int64'], return: 'int64' },
  read: { arguments: ['int32', 'buffer', 'uint64'], return: 'int64' },
  write: { arguments: ['int32', 'buffer', 'uint64'], return: 'int64' },
});

/** `open(2)` flags for this architecture. */
export const O: {
  readonly RDONLY: number;
  readonly WRONLY: number;
  readonly RDWR: number;
  readonly CREAT: number;
  readonly EXCL: number;
  readonly TRUNC: number;
  readonly APPEND: number;
  readonly NONBLOCK: number;
  readonly DSYNC: number;
  readonly SYNC: number;
  readonly DIRECTORY: number;
  readonly NOFOLLOW: number;
  readonly CLOEXEC: number;
  readonly PATH: number;
} = {
  RDONLY: constants.O_RDONLY,
  WRONLY: constants.O_WRONLY,
  RDWR: constants.O_RDWR,
  CREAT: constants.O_CREAT,
  EXCL: constants.O_EXCL,
  TRUNC: constants.O_TRUNC,
  APPEND: constants.O_APPEND,
  NONBLOCK: constants.O_NONBLOCK,
  DSYNC: constants.O_DSYNC,
  SYNC: constants.O_SYNC,
  DIRECTORY: constants.O_DIRECTORY,
  NOFOLLOW: constants.O_NOFOLLOW,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
};

function counted(syscall: string, result: bigint): number {
  return check(syscall, Number(result));
}

/** Closes; a descriptor that is already closed is not an error. */
export function close(fd: number): void {
  c.close(fd);
}

/** Closes every descriptor from `first` to `last` of this process. */
export function closeRange(first: number, last: number): void {
  const result = systemCall(sys.close_range, first, last, 0);
  if (result < 0) throw new SystemError('close_range', -result);
}

/** Reads at the descriptor's own offset into `into`; 0 is the end. Interrupted calls go on. */
export function read(fd: number, into: Uint8Array): number {
  for (;;) {
    const n = Number(c.read(fd, into as Uint8Array<ArrayBuffer>, BigInt(into.length)));
    if (n >= 0) return n;
    const e = lastErrno();
    if (e !== errno.EINTR) throw new SystemError('read', e);
  }
}

/** Writes some of `from` at the descriptor's own offset; gives the bytes written. Interrupted calls go on. */
export function write(fd: number, from: Uint8Array): number {
  for (;;) {
    const n = Number(c.write(fd, from as Uint8Array<ArrayBuffer>, BigInt(from.length)));
    if (n >= 0) return n;
    const e = lastErrno();
    if (e !== errno.EINTR) throw new SystemError('write', e);
  }
}

/** Reads at `offset` bytes without moving the descriptor's own offset. */
export function pread(fd: number, into: Uint8Array, offset: bigint): number {
  return counted('pread', c.pread(fd, into as Uint8Array<ArrayBuffer>, BigInt(into.length), offset));
}

/** Writes at `offset` bytes without moving the descriptor's own offset. */
export function pwrite(fd: number, from: Uint8Array, offset: bigint): number {
  return counted('pwrite', c.pwrite(fd, from as Uint8Array<ArrayBuffer>, BigInt(from.length), offset));
}

/** Moves the offset (`whence` 0 start, 1 current, 2 end); gives the new one in bytes. */
export function seek(fd: number, offset: bigint, whence: 0 | 1 | 2): bigint {
  const result = c.lseek(fd, offset, whence);
  if (result < 0n) throw new SystemError('lseek', lastErrno());
  return result;
}

export function truncate(fd: number, size: bigint): void {
  check('ftruncate', c.ftruncate(fd, size));
}

/** `fallocate` with mode 0: the file has at least `offset + length` bytes, with space for them. */
export function allocate(fd: number, offset: bigint, length: bigint): void {
  check('fallocate', c.fallocate(fd, 0, offset, length));
}

export function sync(fd: number): void {
  check('fsync', c.fsync(fd));
}

export function dataSync(fd: number): void {
  check('fdatasync', c.fdatasync(fd));
}

/** Duplicates onto exactly `target`, closing what was there. */
export function duplicateOnto(fd: number, target: number, closeOnExec: boolean): number {
  return check('dup3', c.dup3(fd, target, closeOnExec ? O.CLOEXEC : 0));
}

/** Duplicates to the lowest free number from `from` up, close-on-exec. */
export function duplicate(fd: number, from = 0): number {
  return check('fcntl', c.fcntl(fd, 1030, BigInt(from)));
}

/** The status flags (`O.APPEND`, `O.NONBLOCK`, ...) and access mode of an open file. */
export function statusFlags(fd: number): number {
  return check('fcntl', c.fcntl(fd, 3, 0n));
}

export function setStatusFlags(fd: number, flags: number): void {
  check('fcntl', c.fcntl(fd, 4, BigInt(flags)));
}

export function eventDescriptor(): number {
  return check('eventfd', c.eventfd(0, O.CLOEXEC | O.NONBLOCK));
}

export function memoryFile(name: string): number {
  return check('memfd_create', c.memfd_create(name, 1));
}

/** Fills `into` (at most 256 bytes a call are never cut short) from the kernel, which no fork can make repeat itself. */
export function fillRandom(into: Uint8Array): void {
  for (let done = 0; done < into.length;) {
    const part = into.subarray(done, done + 256);
    done += counted('getrandom', c.getrandom(part as Uint8Array<ArrayBuffer>, BigInt(part.length), 0));
  }
}

const pair = Buffer.alloc(8);

/** A pipe, close-on-exec both ends. */
export function pipe(): { readonly reader: number; readonly writer: number } {
  check('pipe2', c.pipe2(pair, O.CLOEXEC));
  return { reader: pair.readInt32LE(0), writer: pair.readInt32LE(4) };
}

/** Takes an exclusive lock on the whole file without waiting; false when another process holds it. */
export function tryLock(fd: number): boolean {
  if (c.flock(fd, 2 | 4) === 0) return true;
  const e = lastErrno();
  if (e === errno.EWOULDBLOCK) return false;
  throw new SystemError('flock', e);
}

/** What `poll` waits for and finds. */
export const POLL = { IN: 1, PRI: 2, OUT: 4, ERR: 8, HUP: 16, NVAL: 32 } as const;

export interface Polled {
  readonly fd: number;
  readonly events: number;
  /** What was found, set by the call. */
  found: number;
}

const none = Buffer.alloc(16);

/**
 * Waits until one of `entries` is ready or `timeout_ns` nanoseconds have passed (null: for ever); sets their `found`
 * and gives how many are ready. An interrupted wait answers 0 entries ready.
 */
export function poll(entries: readonly Polled[], timeout_ns: bigint | null): number {
  const list = Buffer.alloc(Math.max(8, entries.length * 8));
  for (const [i, entry] of entries.entries()) {
    list.writeInt32LE(entry.fd, i * 8);
    list.writeInt16LE(entry.events, i * 8 + 4);
  }
  let ready: number;
  if (timeout_ns === null) ready = c.poll(list, BigInt(entries.length), -1);
  else {
    none.writeBigInt64LE(timeout_ns / 1_000_000_000n, 0);
    none.writeBigInt64LE(timeout_ns % 1_000_000_000n, 8);
    ready = c.ppoll(list, BigInt(entries.length), none, 0n, 8n);
  }
  if (ready < 0) {
    const e = lastErrno();
    if (e !== errno.EINTR) throw new SystemError('poll', e);
    ready = 0;
  }
  for (const [i, entry] of entries.entries()) entry.found = ready === 0 ? 0 : list.readInt16LE(i * 8 + 6);
  return ready;
}

const { ioctl } = bind({ ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' } });
const FIONREAD = 0x541bn;

/** How many bytes a pipe, socket or terminal has ready to read; throws ENOTTY where that has no meaning. */
export function readableBytes(fd: number): number {
  check('ioctl', ioctl(fd, FIONREAD, pair), 'FIONREAD');
  return pair.readInt32LE(0);
}
