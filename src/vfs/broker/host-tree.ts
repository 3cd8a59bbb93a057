import {
  actingAs,
  AT_FDCWD,
  close,
  errno as linux,
  type FilesystemUser,
  linkAt,
  makeDirectoryAt,
  O,
  openAt,
  type OpenInside,
  openInside,
  readlinkAt,
  removeDirectoryAt,
  renameAt,
  S,
  setStatusFlags,
  setTimesAt,
  setUmask,
  statAt,
  statAtOrNull,
  statDescriptor,
  statusFlags,
  symlinkAt,
  sync,
  SystemError,
  unlinkAt,
} from '../../os/index.ts';
import { type DirectoryEntry, fail, type OpenOptions, type Stat, type Times } from '../../wasi/index.ts';
import type { Opened, Reached } from '../protocol.ts';
import { filetypeOfListing, filetypeOfMode, statOfHost } from '../stat.ts';
import { listFrom } from './listing.ts';
import { demandFile, openFlags } from './opening.ts';
import type { Names, Tree } from './tree.ts';

export interface HostTreeOptions {
  /** The directory on the host. It is opened once, here; whatever takes its name later is not seen. */
  readonly source: string;
  readonly read_only: boolean;
  /** As whom the host judges what is done; only a privileged process can be somebody else. */
  readonly user: FilesystemUser;
  /** Pipes and devices are handed out too. */
  readonly special?: boolean;
  readonly open?: OpenInside;
}

const O_NOCTTY = 0o400;
const container_umask = 0o022;

/** A directory of the host as a tree of its own: a bind mount, a volume, a tmpfs. */
export class HostTree implements Tree {
  readonly #root: number;
  readonly #read_only: boolean;
  readonly #user: FilesystemUser;
  readonly #special: boolean;
  readonly #open: OpenInside;

  /** Throws a `SystemError` when the source is no directory that this process can open. */
  constructor({ source, read_only, user, special, open }: HostTreeOptions) {
    this.#root = openAt(AT_FDCWD, source, O.RDONLY | O.DIRECTORY);
    this.#read_only = read_only;
    this.#user = user;
    this.#special = special ?? false;
    this.#open = open ?? openInside;
  }

  walk(names: Names, before: number): Reached {
    if (names.length === 0) return { taken: 0 };
    return this.#as(() => this.#walkAtOnce(names, before) ?? this.#walkByStep(names, before));
  }

  stat(names: Names): Stat {
    return this.#as(() => this.#with(names, O.PATH | O.NOFOLLOW, (fd) => statOfHost(statDescriptor(fd))));
  }

  list(names: Names, cookie: bigint, take: (entry: DirectoryEntry) => boolean): void {
    this.#as(() =>
      this.#with(names, O.RDONLY | O.DIRECTORY, (fd) => {
        listFrom(fd, cookie, ({ name, ino, type, next }) => take({ name, ino, type: filetypeOfListing(type), next }));
      }),
    );
  }

  open(names: Names, options: OpenOptions): Opened {
    return this.#as(() => this.#inParent(names, (parent, name) => this.#openIn(parent, name, options)));
  }

  makeDirectory(names: Names): void {
    this.#create(names, (parent, name) => makeDirectoryAt(parent, name, 0o777));
  }

  removeDirectory(names: Names): void {
    this.#change(names, removeDirectoryAt);
  }

  unlink(names: Names): void {
    this.#change(names, unlinkAt);
  }

  symlink(names: Names, target: string): void {
    this.#create(names, (parent, name) => symlinkAt(target, parent, name));
  }

  readlink(names: Names): string {
    return this.#as(() => this.#inParent(names, readlinkAt));
  }

  rename(from: Names, to: Names): boolean {
    return this.#change(from, (parent, name) =>
      this.#inParent(to, (to_parent, to_name) => {
        const isDirectory = (statAt(parent, name).mode & S.IFMT) === S.IFDIR;
        renameAt(parent, name, to_parent, to_name);
        return isDirectory;
      }),
    );
  }

  link(from: Names, to: Names): void {
    this.#create(to, (to_parent, to_name) =>
      this.#inParent(from, (parent, name) => linkAt(parent, name, to_parent, to_name)),
    );
  }

  setTimes(names: Names, times: Times): void {
    this.#demandWritable();
    const set = (parent: number, name: string): void => setTimesAt(parent, name, times.atim, times.mtim);
    this.#as(() => (names.length === 0 ? set(this.#root, '.') : this.#inParent(names, set)));
  }

  sync(names: Names): void {
    this.#as(() => this.#with(names, O.RDONLY | O.DIRECTORY, sync));
  }

  close(): void {
    close(this.#root);
  }

  #as<T>(act: () => T): T {
    return actingAs(this.#user, act);
  }

  #demandWritable(): void {
    if (this.#read_only) throw fail('ROFS');
  }

  /** Opens what the names lead to for as long as `act` runs. */
  #with<T>(names: Names, flags: number, act: (fd: number) => T): T {
    const fd = this.#open(this.#root, names.length === 0 ? '.' : names.join('/'), flags);
    try {
      return act(fd);
    } finally {
      close(fd);
    }
  }

  /** Runs `act` with the directory that holds the last name, and that name. */
  #inParent<T>(names: Names, act: (parent: number, name: string) => T): T {
    const name = names.at(-1);
    if (name === undefined) throw fail('BUSY');
    if (names.length === 1) return act(this.#root, name);
    return this.#with(names.slice(0, -1), O.PATH | O.DIRECTORY, (parent) => act(parent, name));
  }

  #change<T>(names: Names, act: (parent: number, name: string) => T): T {
    this.#demandWritable();
    return this.#as(() => this.#inParent(names, act));
  }

  /** As `#change` for a name that comes into being: on a read-only mount too, what is there already is told first. */
  #create(names: Names, act: (parent: number, name: string) => void): void {
    this.#as(() =>
      this.#inParent(names, (parent, name) => {
        if (this.#read_only) throw fail(statAtOrNull(parent, name) === null ? 'ROFS' : 'EXIST');
        withContainerUmask(() => act(parent, name));
      }),
    );
  }

  #walkAtOnce(names: Names, before: number): Reached | null {
    try {
      return this.#with(names, O.PATH | O.NOFOLLOW, (fd) => {
        const { mode } = statDescriptor(fd);
        if ((mode & S.IFMT) === S.IFDIR) return { taken: names.length - before };
        if (names.length === before) throw fail('NOTDIR');
        return { taken: names.length - before - 1, stopped: nodeOf(mode, fd) };
      });
    } catch (error) {
      if (error instanceof SystemError) return null;
      throw error;
    }
  }

  #walkByStep(names: Names, before: number): Reached {
    let at = this.#root;
    try {
      for (const [i, name] of names.entries()) {
        const fd = this.#openOrNull(at, name);
        if (fd === null && i < before) throw fail('NOENT');
        if (fd === null) return { taken: i - before, stopped: null };
        if (at !== this.#root) close(at);
        at = fd;
        const { mode } = statDescriptor(fd);
        if ((mode & S.IFMT) === S.IFDIR) continue;
        if (i < before) throw fail('NOTDIR');
        return { taken: i - before, stopped: nodeOf(mode, fd) };
      }
      return { taken: names.length - before };
    } finally {
      if (at !== this.#root) close(at);
    }
  }

  #openOrNull(directory: number, name: string): number | null {
    try {
      return this.#open(directory, name, O.PATH | O.NOFOLLOW);
    } catch (error) {
      if (error instanceof SystemError && error.errno === linux.ENOENT) return null;
      throw error;
    }
  }

  #openIn(parent: number, name: string, options: OpenOptions): Opened {
    const found = statAtOrNull(parent, name);
    if (found !== null) {
      if (options.create && options.exclusive) throw fail('EXIST');
      demandFile(found, this.#special);
    } else if (!options.create) {
      throw fail('NOENT');
    }
    if (this.#read_only && (options.write || options.truncate || found === null)) throw fail('ROFS');
    let flags = openFlags(options);
    if (this.#read_only) flags &= ~O.CREAT;
    // What is opened without waiting may be something else by now, a pipe say: it is looked at before it is given out.
    flags |= O.NONBLOCK | O.NOFOLLOW | O_NOCTTY;
    const fd =
      (flags & O.CREAT) === 0
        ? this.#open(parent, name, flags)
        : withContainerUmask(() => this.#open(parent, name, flags, 0o666));
    try {
      const opened = statDescriptor(fd);
      demandFile(opened, this.#special);
      setStatusFlags(fd, statusFlags(fd) & ~O.NONBLOCK);
      return { descriptor: fd, type: filetypeOfMode(opened.mode) };
    } catch (error) {
      close(fd);
      throw error;
    }
  }
}

function nodeOf(mode: number, fd: number): Exclude<Reached['stopped'], null | undefined> {
  const type = filetypeOfMode(mode);
  return (mode & S.IFMT) === S.IFLNK ? { type, target: readlinkAt(fd, '') } : { type };
}

/** New files get the modes they have in a container, not those of our own files. */
function withContainerUmask<T>(act: () => T): T {
  const before = setUmask(container_umask);
  try {
    return act();
  } finally {
    setUmask(before);
  }
}
