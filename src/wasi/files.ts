/**
 * What the host needs of a filesystem. Path rules (symlinks, `..`, trailing slashes, rights) live in the host's
 * resolver and are the same over every backend; a backend only ever sees single names and never follows a symlink.
 *
 * Every method throws an `Errno` of `errno.ts` when it fails.
 */

/** `filetype` of preview 1. */
export const filetype = {
  unknown: 0,
  block_device: 1,
  character_device: 2,
  directory: 3,
  regular_file: 4,
  socket_dgram: 5,
  socket_stream: 6,
  symbolic_link: 7,
} as const;

export type Filetype = (typeof filetype)[keyof typeof filetype];

/** `filestat` of preview 1; times are nanoseconds since the epoch. */
export interface Stat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly type: Filetype;
  readonly nlink: bigint;
  readonly size: bigint;
  readonly atim: bigint;
  readonly mtim: bigint;
  readonly ctim: bigint;
}

/** Times to set: nanoseconds since the epoch, `'now'`, or undefined to leave one as it is. */
export interface Times {
  readonly atim?: bigint | 'now';
  readonly mtim?: bigint | 'now';
}

export interface DirectoryEntry {
  readonly name: string;
  readonly ino: bigint;
  readonly type: Filetype;
  /** The cookie that continues after this entry; stays valid while other entries come and go. */
  readonly next: bigint;
}

/** What stands at a name, as far as a walk looked. `target` is there for a symlink. */
export interface Node {
  readonly type: Filetype;
  readonly target?: string;
  /** A symlink with an absolute target is followed from the container's root in image and writable layer, refused in a mount. */
  readonly absolute_links?: 'from-root' | 'refused';
}

/** How far a walk came. */
export interface Walked {
  /** The directory reached. */
  readonly directory: Directory;
  /** How many names were gone through, all of them directories. */
  readonly taken: number;
  /** What stands at `names[taken]` when that is not a directory; null when nothing does. Unset when all were taken. */
  readonly stopped?: Node | null;
}

export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
  readonly append: boolean;
  readonly nonblock: boolean;
  readonly dsync: boolean;
  readonly sync: boolean;
}

/** A directory that was reached; stays usable after it is renamed or removed (then its operations fail with NOENT). */
export interface Directory {
  /** The directory above, null at the root of what the guest may see. */
  readonly parent: Directory | null;
  stat(): Stat;
  /** Goes down through `names` (no `.`, no `..`, none empty) as far as there are directories. */
  walk(names: readonly string[]): Walked;
  /** Entries after `cookie` (0 is the start), `.` and `..` first, as many as the backend likes; empty at the end. */
  list(cookie: bigint): readonly DirectoryEntry[];
  /** stat of a child, a symlink itself. */
  statChild(name: string): Stat;
  /** Opens a child that is not a directory. A symlink is LOOP, a directory ISDIR. */
  open(name: string, options: OpenOptions): File;
  makeDirectory(name: string): void;
  removeDirectory(name: string): void;
  unlink(name: string): void;
  symlink(target: string, name: string): void;
  readlink(name: string): string;
  rename(name: string, to: Directory, to_name: string): void;
  link(name: string, to: Directory, to_name: string): void;
  setTimes(times: Times): void;
  setChildTimes(name: string, times: Times): void;
  sync(): void;
  /** A descriptor that the guest opened on it was closed; one object may stand behind several. */
  close(): void;
}

/** Several buffers as one; all of them views on the guest's memory. */
export type Buffers = readonly Uint8Array[];

/** An open regular file, device, pipe, terminal or socket. What may wait gives a promise in a page and a number in a process. */
export interface File {
  readonly type: Filetype;
  readonly seekable: boolean;
  /** A terminal: `isatty` of libc wants a character device without seek rights. */
  readonly terminal: boolean;
  read(into: Buffers): number | Promise<number>;
  write(from: Buffers): number | Promise<number>;
  pread(into: Buffers, offset: bigint): number;
  pwrite(from: Buffers, offset: bigint): number;
  /** `whence`: 0 start, 1 current, 2 end; gives the new offset. */
  seek(offset: bigint, whence: 0 | 1 | 2): bigint;
  stat(): Stat;
  setSize(size: bigint): void;
  allocate(offset: bigint, length: bigint): void;
  setTimes(times: Times): void;
  /** The flags that can change after opening; nonblock makes `read` and `write` throw AGAIN instead of waiting. */
  setFlags(flags: { append: boolean; nonblock: boolean; dsync: boolean; sync: boolean }): void;
  sync(): void;
  dataSync(): void;
  close(): void;
}

/** A tree of files: what a preopen stands for. */
export interface Files {
  readonly root: Directory;
}
