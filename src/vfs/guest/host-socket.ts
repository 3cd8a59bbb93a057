import {
  acceptConnection,
  close,
  errno as linux,
  MSG,
  O,
  POLL,
  poll,
  receive,
  SHUT,
  shutdownSocket,
  setStatusFlags,
  statDescriptor,
  statusFlags,
  SystemError,
} from '../../os/index.ts';
import {
  type Buffers,
  Errno,
  fail,
  filetype,
  type ListeningSocket,
  type Received,
  type Stat,
  type StreamSocket,
  type Times,
} from '../../wasi/index.ts';
import { translated } from '../errno.ts';
import { statOfHost } from '../stat.ts';
import { HostFile } from './host-file.ts';

const gathered_bytes_max = 64 * 1024;

/** A connection that this process accepted. Whether it waits stands on the descriptor, which nobody else has. */
class HostSocket extends HostFile implements StreamSocket {
  constructor(fd: number, nonblock: boolean) {
    super(fd, {
      type: filetype.socket_stream,
      options: { nonblock, append: false, dsync: false, sync: false },
    });
  }

  /** recv(2). A stream is never truncated; with `peek` into several buffers at most 64 KiB are seen. */
  receive(into: Buffers, { peek, wait_all }: { peek: boolean; wait_all: boolean }): Received {
    const flags = (peek ? MSG.PEEK : 0) | (wait_all ? MSG.WAITALL : 0);
    const one = (buffer: Uint8Array): number => translated(() => receive(this.fd, buffer, flags));
    const [first] = into;
    if (into.length === 1 && first !== undefined) return { bytes: one(first), truncated: false };
    return { bytes: wait_all && !peek ? fill(into, one) : gather(into, one), truncated: false };
  }

  /** A connection that the other side closed is EPIPE: Node ignores the signal. */
  send(from: Buffers): number {
    return this.write(from);
  }

  shutdown({ read, write }: { read: boolean; write: boolean }): void {
    translated(() => shutdownSocket(this.fd, direction(read, write)));
  }
}

/** One call for several buffers, through a buffer that is not of the guest's choosing. */
function gather(into: Buffers, one: (buffer: Uint8Array) => number): number {
  let length = 0;
  for (const buffer of into) length += buffer.length;
  const bytes = new Uint8Array(Math.min(length, gathered_bytes_max));
  const got = one(bytes);
  let at = 0;
  for (const buffer of into) {
    const part = bytes.subarray(at, Math.min(at + buffer.length, got));
    buffer.set(part);
    at += part.length;
  }
  return got;
}

/** Each buffer whole, until the stream ends; a failure after some bytes is told at the next call. */
function fill(into: Buffers, one: (buffer: Uint8Array) => number): number {
  let total = 0;
  for (const buffer of into) {
    if (buffer.length === 0) continue;
    try {
      const n = one(buffer);
      total += n;
      if (n < buffer.length) break;
    } catch (error) {
      if (total > 0 && error instanceof Errno) break;
      throw error;
    }
  }
  return total;
}

function direction(read: boolean, write: boolean): (typeof SHUT)[keyof typeof SHUT] {
  if (read && write) return SHUT.RDWR;
  return read ? SHUT.RD : SHUT.WR;
}

/**
 * One listening socket of a guest over the listeners of the host that lead to it: a port of a container may be
 * published at several addresses. They are nonblocking on the host, whatever the guest asks for.
 */
export class HostListener implements ListeningSocket {
  readonly fds: readonly number[];
  readonly type: typeof filetype.socket_stream = filetype.socket_stream;
  readonly terminal = false;
  readonly seekable = false;
  #nonblock = false;
  #closed = false;
  /** Where the next accept looks first, so that none of them is passed over. */
  #next = 0;

  constructor(fds: readonly number[]) {
    this.fds = fds;
    translated(() => {
      for (const fd of fds) setStatusFlags(fd, statusFlags(fd) | O.NONBLOCK);
    });
  }

  accept({ nonblock }: { nonblock: boolean }): StreamSocket {
    for (;;) {
      const fd = this.#take(nonblock);
      if (fd !== null) return new HostSocket(fd, nonblock);
      if (this.#nonblock) throw fail('AGAIN');
      translated(() =>
        poll(
          this.fds.map((each) => ({ fd: each, events: POLL.IN, found: 0 })),
          null,
        ),
      );
    }
  }

  /** A waiting connection of any of them; null when none waits. */
  #take(nonblock: boolean): number | null {
    const { fds } = this;
    for (let i = 0; i < fds.length; i++) {
      const at = (this.#next + i) % fds.length;
      try {
        const fd = acceptConnection(fds[at]!, nonblock);
        this.#next = (at + 1) % fds.length;
        return fd;
      } catch (error) {
        if (error instanceof SystemError && error.errno === linux.EAGAIN) continue;
        return translated(() => {
          throw error;
        });
      }
    }
    return null;
  }

  shutdown({ read, write }: { read: boolean; write: boolean }): void {
    for (const fd of this.fds) translated(() => shutdownSocket(fd, direction(read, write)));
  }

  setFlags({ nonblock }: { nonblock: boolean }): void {
    this.#nonblock = nonblock;
  }

  stat(): Stat {
    return statOfHost(translated(() => statDescriptor(this.fds[0]!)));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const fd of this.fds) close(fd);
  }

  // What Linux says of a socket that is not connected and has no place in it.
  read(_into: Buffers): number {
    throw fail('NOTCONN');
  }

  write(_from: Buffers): number {
    throw fail('PIPE');
  }

  pread(_into: Buffers, _offset: bigint): number {
    throw fail('SPIPE');
  }

  pwrite(_from: Buffers, _offset: bigint): number {
    throw fail('SPIPE');
  }

  seek(_offset: bigint, _whence: 0 | 1 | 2): bigint {
    throw fail('SPIPE');
  }

  setSize(_size: bigint): void {
    throw fail('INVAL');
  }

  allocate(_offset: bigint, _length: bigint): void {
    throw fail('NODEV');
  }

  setTimes(_times: Times): void {
    throw fail('INVAL');
  }

  sync(): void {
    throw fail('INVAL');
  }

  dataSync(): void {
    throw fail('INVAL');
  }
}
