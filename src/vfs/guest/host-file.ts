import {
  allocate,
  close,
  dataSync,
  errno as linux,
  isTerminal,
  O,
  POLL,
  poll,
  pread,
  pwrite,
  read,
  seek,
  setStatusFlags,
  setTimes,
  statDescriptor,
  statusFlags,
  sync,
  SystemError,
  truncate,
  write,
} from '../../os/index.ts';
import {
  type Buffers,
  Errno,
  fail,
  type File,
  filetype,
  type Filetype,
  type OpenOptions,
  type Stat,
  type Times,
} from '../../wasi/index.ts';
import { translated } from '../errno.ts';
import { filetypeOfMode, statOfHost } from '../stat.ts';

export interface HostFileOptions {
  readonly type: Filetype;
  readonly terminal?: boolean;
  /** What it was opened with; `append` and `nonblock` stand on the descriptor already. */
  readonly options?: Pick<OpenOptions, 'append' | 'nonblock' | 'dsync' | 'sync'>;
  /** A file whose times may not be changed, since what it lies in is read-only. */
  readonly read_only?: boolean;
  /** Sets the times by somebody who has the right to, where this process has none. Throws an `Errno`. */
  readonly setTimes?: (times: Times) => void;
}

// Several buffers become one system call through here: a line in two pieces stays one write.
const gathered_bytes_max = 64 * 1024;
let gathered: Uint8Array<ArrayBuffer> | null = null;

/** A `File` over a descriptor that this process was handed: a regular file, a pipe, a socket, a terminal. */
export class HostFile implements File {
  readonly fd: number;
  readonly type: Filetype;
  readonly terminal: boolean;
  readonly seekable: boolean;
  readonly #read_only: boolean;
  readonly #setTimes: ((times: Times) => void) | undefined;
  #nonblock: boolean;
  #dsync: boolean;
  #sync: boolean;
  #closed = false;

  constructor(fd: number, { type, terminal, options, read_only, setTimes: setTimesElsewhere }: HostFileOptions) {
    this.fd = fd;
    this.type = type;
    this.terminal = terminal ?? false;
    this.seekable = type === filetype.regular_file;
    this.#read_only = read_only ?? false;
    this.#setTimes = setTimesElsewhere;
    this.#nonblock = options?.nonblock ?? false;
    this.#dsync = options?.dsync ?? false;
    this.#sync = options?.sync ?? false;
  }

  read(into: Buffers): number {
    const total = lengthOf(into);
    if (into.length === 1 || total > gathered_bytes_max) {
      return this.#eachWhole(into, (buffer) => this.#blocking(POLL.IN, () => read(this.fd, buffer)));
    }
    const bytes = gathering(total);
    const n = this.#blocking(POLL.IN, () => read(this.fd, bytes));
    scatter(bytes.subarray(0, n), into);
    return n;
  }

  write(from: Buffers): number {
    const total = lengthOf(from);
    const writeOne = (buffer: Uint8Array): number => this.#blocking(POLL.OUT, () => write(this.fd, buffer));
    const n =
      from.length === 1 || total > gathered_bytes_max
        ? this.#eachWhole(from, writeOne)
        : writeOne(gather(from, gathering(total)));
    this.#afterWrite();
    return n;
  }

  pread(into: Buffers, offset: bigint): number {
    this.#demandSeekable();
    let at = offset;
    return this.#eachWhole(into, (buffer) => {
      const n = translated(() => pread(this.fd, buffer, at));
      at += BigInt(n);
      return n;
    });
  }

  pwrite(from: Buffers, offset: bigint): number {
    this.#demandSeekable();
    let at = offset;
    const n = this.#eachWhole(from, (buffer) => {
      const written = translated(() => pwrite(this.fd, buffer, at));
      at += BigInt(written);
      return written;
    });
    this.#afterWrite();
    return n;
  }

  seek(offset: bigint, whence: 0 | 1 | 2): bigint {
    this.#demandSeekable();
    return translated(() => seek(this.fd, offset, whence));
  }

  stat(): Stat {
    const stat = statOfHost(translated(() => statDescriptor(this.fd)));
    return stat.type === this.type ? stat : { ...stat, type: this.type };
  }

  setSize(size: bigint): void {
    if (size > 0x7fff_ffff_ffff_ffffn) throw fail('FBIG');
    translated(() => truncate(this.fd, size));
  }

  allocate(offset: bigint, length: bigint): void {
    translated(() => allocate(this.fd, offset, length));
  }

  setTimes(times: Times): void {
    if (this.#read_only) throw fail('ROFS');
    try {
      translated(() => setTimes(this.fd, times.atim, times.mtim));
    } catch (error) {
      // The file belongs to the container's user, and this process may be somebody else.
      const forbidden = error instanceof Errno && (error.name === 'PERM' || error.name === 'ACCES');
      if (!forbidden || this.#setTimes === undefined) throw error;
      this.#setTimes(times);
    }
  }

  setFlags(flags: { append: boolean; nonblock: boolean; dsync: boolean; sync: boolean }): void {
    translated(() => {
      const kept = statusFlags(this.fd) & ~(O.APPEND | O.NONBLOCK);
      setStatusFlags(this.fd, kept | (flags.append ? O.APPEND : 0) | (flags.nonblock ? O.NONBLOCK : 0));
    });
    this.#nonblock = flags.nonblock;
    this.#dsync = flags.dsync;
    this.#sync = flags.sync;
  }

  sync(): void {
    if (this.seekable) translated(() => sync(this.fd));
  }

  dataSync(): void {
    if (this.seekable) translated(() => dataSync(this.fd));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.fd);
  }

  #demandSeekable(): void {
    if (!this.seekable) throw fail('SPIPE');
  }

  /** F_SETFL cannot switch O_SYNC and O_DSYNC on, so what they promise is done here. */
  #afterWrite(): void {
    if (this.#sync) this.sync();
    else if (this.#dsync) this.dataSync();
  }

  /** Waits as a guest expects that did not ask for nonblock, even when somebody else made the file so. */
  #blocking(events: number, act: () => number): number {
    for (;;) {
      try {
        return act();
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (error.errno !== linux.EAGAIN || this.#nonblock) return translated(() => raise(error));
        poll([{ fd: this.fd, events, found: 0 }], null);
      }
    }
  }

  /** One call a buffer until one is not filled; a failure after some bytes is told at the next call. */
  #eachWhole(buffers: Buffers, act: (buffer: Uint8Array) => number): number {
    let total = 0;
    for (const buffer of buffers) {
      if (buffer.length === 0 && buffers.length > 1) continue;
      // What may wait is asked once: the bytes that came are worth more than a full buffer.
      if (total > 0 && !this.seekable) break;
      try {
        const n = act(buffer);
        total += n;
        if (n < buffer.length) break;
      } catch (error) {
        if (total > 0 && error instanceof Errno) break;
        throw error;
      }
    }
    return total;
  }
}

function raise(error: Error): never {
  throw error;
}

function lengthOf(buffers: Buffers): number {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  return length;
}

function gathering(length: number): Uint8Array {
  gathered ??= new Uint8Array(gathered_bytes_max);
  return gathered.subarray(0, length);
}

function gather(from: Buffers, into: Uint8Array): Uint8Array {
  let at = 0;
  for (const buffer of from) {
    into.set(buffer, at);
    at += buffer.length;
  }
  return into;
}

function scatter(bytes: Uint8Array, into: Buffers): void {
  let at = 0;
  for (const buffer of into) {
    const part = bytes.subarray(at, at + buffer.length);
    buffer.set(part);
    at += part.length;
  }
}

/**
 * A descriptor that a guest starts with: standard input, output or error. What it is, a pipe, a file, a terminal, is
 * found out here. Throws an `Errno` when it is not open.
 */
export function standardFile(fd: number): HostFile {
  const stat = translated(() => statDescriptor(fd));
  return new HostFile(fd, { type: filetypeOfMode(stat.mode), terminal: isTerminal(fd) });
}
