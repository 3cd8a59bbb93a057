import {
  actingAs,
  AT_FDCWD,
  close,
  type FilesystemUser,
  O,
  openAt,
  setStatusFlags,
  setTimes,
  statDescriptor,
  statusFlags,
} from '../../os/index.ts';
import { fail, type OpenOptions, type Stat, type Times } from '../../wasi/index.ts';
import type { Opened, Reached } from '../protocol.ts';
import { filetypeOfMode, statOfHost } from '../stat.ts';
import { demandFile, openFlags } from './opening.ts';
import type { Names, Tree } from './tree.ts';

export interface FileTreeOptions {
  readonly source: string;
  readonly read_only: boolean;
  readonly user: FilesystemUser;
  readonly special?: boolean;
}

/** A single file of the host, mounted over a name: the root of its tree is the file, and there is nothing below. */
export class FileTree implements Tree {
  readonly #file: number;
  readonly #read_only: boolean;
  readonly #user: FilesystemUser;

  /** Throws a `SystemError` when the source cannot be reached, an `Errno` when it is no file. */
  constructor({ source, read_only, user, special }: FileTreeOptions) {
    this.#file = openAt(AT_FDCWD, source, O.PATH);
    this.#read_only = read_only;
    this.#user = user;
    demandFile(statDescriptor(this.#file), special ?? false);
  }

  walk(): Reached {
    throw fail('NOTDIR');
  }

  stat(names: Names): Stat {
    this.#demandRoot(names);
    return statOfHost(statDescriptor(this.#file));
  }

  open(names: Names, options: OpenOptions): Opened {
    this.#demandRoot(names);
    if (options.create && options.exclusive) throw fail('EXIST');
    if (this.#read_only && (options.write || options.truncate)) throw fail('ROFS');
    const fd = actingAs(this.#user, () => this.#reopen(openFlags(options) & ~O.CREAT));
    setStatusFlags(fd, statusFlags(fd) & ~O.NONBLOCK);
    return { descriptor: fd, type: filetypeOfMode(statDescriptor(this.#file).mode) };
  }

  setTimes(names: Names, times: Times): void {
    this.#demandRoot(names);
    if (this.#read_only) throw fail('ROFS');
    const fd = actingAs(this.#user, () => this.#reopen(O.RDONLY));
    try {
      actingAs(this.#user, () => setTimes(fd, times.atim, times.mtim));
    } finally {
      close(fd);
    }
  }

  list(): void {
    throw fail('NOTDIR');
  }

  makeDirectory(): void {
    throw fail('NOTDIR');
  }

  removeDirectory(): void {
    throw fail('NOTDIR');
  }

  unlink(): void {
    throw fail('BUSY');
  }

  symlink(): void {
    throw fail('NOTDIR');
  }

  readlink(): string {
    throw fail('INVAL');
  }

  rename(): boolean {
    throw fail('BUSY');
  }

  link(): void {
    throw fail('XDEV');
  }

  sync(): void {
    throw fail('NOTDIR');
  }

  close(): void {
    close(this.#file);
  }

  /** Opens the file itself, not whatever has its name by now: a mount is of the file. */
  #reopen(flags: number): number {
    return openAt(AT_FDCWD, `/proc/self/fd/${this.#file}`, flags | O.NONBLOCK);
  }

  #demandRoot(names: Names): void {
    if (names.length > 0) throw fail('NOTDIR');
  }
}
