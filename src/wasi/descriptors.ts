import { descriptors_per_guest_max } from '../limits/index.ts';
import { fail } from './errno.ts';
import { type Directory, type File, filetype } from './files.ts';
import { directory_rights } from './rights.ts';
import type { ListeningSocket, StreamSocket } from './sockets.ts';

/** `fdflags` of preview 1. */
export const fdflag = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;
export const fdflags_all: number = 31;

/** Rights of a descriptor, and what those opened through it may have. */
interface Granted {
  rights: number;
  inheriting: number;
  flags: number;
}

export interface OpenFile extends Granted {
  readonly kind: 'file';
  readonly file: File;
}

export interface OpenDirectory extends Granted {
  readonly kind: 'directory';
  readonly directory: Directory;
  /** The name of a preopen, null for a directory that the guest opened. */
  readonly preopen: string | null;
}

export interface OpenSocket extends Granted {
  readonly kind: 'socket';
  readonly file: StreamSocket;
}

export interface OpenListener extends Granted {
  readonly kind: 'listener';
  readonly file: ListeningSocket;
}

export type Descriptor = OpenFile | OpenDirectory | OpenSocket | OpenListener;

/** The guest's table of descriptors; a new one gets the lowest free number, as programs expect. */
export class Descriptors {
  readonly #table: (Descriptor | undefined)[] = [];

  /** BADF when nothing is open there, NOTCAPABLE when a right of `needed` is missing. */
  get(fd: number, needed: number): Descriptor {
    const found = this.#table[fd];
    if (found === undefined) throw fail('BADF');
    if ((found.rights & needed) !== needed) throw fail('NOTCAPABLE');
    return found;
  }

  /** A descriptor that is not a directory. BADF for one, as for a number that is not open. */
  file(fd: number, needed: number): OpenFile | OpenSocket | OpenListener {
    const found = this.#table[fd];
    if (found === undefined || found.kind === 'directory') throw fail('BADF');
    if ((found.rights & needed) !== needed) throw fail('NOTCAPABLE');
    return found;
  }

  /** A directory; NOTDIR when it is none. */
  directory(fd: number, needed: number): OpenDirectory {
    const found = this.#table[fd];
    if (found === undefined) throw fail('BADF');
    if (found.kind !== 'directory') throw fail('NOTDIR');
    if ((found.rights & needed) !== needed) throw fail('NOTCAPABLE');
    return found;
  }

  /** NFILE when the table is full; to be asked before something is opened, so that nothing leaks. */
  ensureRoom(): void {
    if (this.#free() >= descriptors_per_guest_max) throw fail('NFILE');
  }

  add(descriptor: Descriptor): number {
    const fd = this.#free();
    if (fd >= descriptors_per_guest_max) throw fail('NFILE');
    this.#table[fd] = descriptor;
    return fd;
  }

  /** Takes a descriptor out and closes what it stands for. */
  close(fd: number): void {
    const found = this.get(fd, 0);
    this.#table[fd] = undefined;
    release(found);
  }

  /**
   * `from` takes the number `to`, which must be open and is closed. A preopen keeps its number (NOTSUP), but may be
   * replaced, as it may be closed.
   */
  renumber(from: number, to: number): void {
    const moved = this.get(from, 0);
    const replaced = this.get(to, 0);
    if (from === to) return;
    if (isPreopen(moved)) throw fail('NOTSUP');
    this.#table[to] = moved;
    this.#table[from] = undefined;
    release(replaced);
  }

  /** Closes everything; what fails to close is left. */
  closeAll(): void {
    for (const [fd, found] of this.#table.entries()) {
      if (found === undefined) continue;
      this.#table[fd] = undefined;
      try {
        release(found);
      } catch {
        // The guest is gone, nobody is left to be told.
      }
    }
  }

  #free(): number {
    const table = this.#table;
    for (let fd = 0; fd < table.length; fd++) if (table[fd] === undefined) return fd;
    return table.length;
  }
}

function isPreopen(descriptor: Descriptor): boolean {
  return descriptor.kind === 'directory' && descriptor.preopen !== null;
}

function release(descriptor: Descriptor): void {
  if (descriptor.kind !== 'directory') descriptor.file.close();
  else if (descriptor.preopen === null) descriptor.directory.close();
}

/** `filetype` as the guest is told: a terminal is a character device, whatever carries it. */
export function typeOf(descriptor: Descriptor): number {
  if (descriptor.kind === 'directory') return filetype.directory;
  return descriptor.file.terminal ? filetype.character_device : descriptor.file.type;
}

/** A directory that the guest opened, with at most the rights that apply to one. */
export function openedDirectory(directory: Directory, rights: number, inheriting: number): OpenDirectory {
  return { kind: 'directory', directory, preopen: null, rights: rights & directory_rights, inheriting, flags: 0 };
}
