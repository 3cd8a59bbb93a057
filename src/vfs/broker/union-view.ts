import { name_bytes_max } from '../../limits/index.ts';
import { entryType, type LayerIndex } from '../../oci/index.ts';
import {
  AT_FDCWD,
  close,
  type FileStat,
  type FilesystemUser,
  O,
  openAt,
  S,
  statAtOrNull,
  statDescriptor,
  SystemError,
} from '../../os/index.ts';
import { fail, type Filetype, filetype, type Stat } from '../../wasi/index.ts';
import { access, demand, type Owned } from '../access.ts';
import {
  filetypeOfEntry,
  filetypeOfListing,
  filetypeOfMode,
  image_device,
  impliedInode,
  statOfEntry,
  statOfHost,
  statOfImplied,
} from '../stat.ts';
import { listFrom } from './listing.ts';
import { ownedBy } from './ownership.ts';
import type { Names } from './tree.ts';
import { isReserved, opaque_marker, whiteoutOf } from './whiteout.ts';

/** A directory of the union: what the writable layer has of it and what the image has. One of both is there. */
export interface Merged {
  /** Names from the root joined by `/`, empty for the root. */
  readonly path: string;
  readonly name: string;
  readonly above: Merged | null;
  /** An open descriptor, null while the writable layer has nothing of it. */
  upper: number | null;
  /** The image's entry, -1 when it has none or an other one is in its place. */
  readonly lower: number;
}

/** What stands at a name of a directory, and what stands in its way. */
export interface Found {
  readonly type: Filetype;
  readonly upper: FileStat | null;
  /** The image's entry when that is what is seen, or a directory merged with the upper one; else -1. */
  readonly lower: number;
  /** A directory that always is there, made when it is first needed. */
  readonly implied: boolean;
}

/** The folder of the writable layer: open once there is one, which is when something is first written. */
export interface UpperRoot {
  fd: number | null;
}

/** The two layers of a root filesystem, looked at as one. */
export class UnionView {
  readonly index: LayerIndex;
  readonly user: FilesystemUser;
  readonly #root: UpperRoot;
  /** Paths of directories that are there even when neither layer has them, with their modes. */
  readonly #implied: ReadonlyMap<string, number>;

  constructor(root: UpperRoot, index: LayerIndex, user: FilesystemUser, implied: ReadonlyMap<string, number>) {
    this.#root = root;
    this.index = index;
    this.user = user;
    this.#implied = implied;
  }

  /** Runs `act` with the directory that `names` lead to. NOENT or NOTDIR when one of them is none. */
  inside<T>(names: Names, act: (directory: Merged) => T): T {
    return this.walk(names, (directory, taken, stopped) => {
      if (taken < names.length) throw fail(stopped ? 'NOTDIR' : 'NOENT');
      return act(directory);
    });
  }

  /**
   * Goes down `names` as far as they are directories and runs `act` with the last of those, how many names were taken,
   * and what stands at the next name if one is left.
   */
  walk<T>(names: Names, act: (directory: Merged, taken: number, stopped: Found | null) => T): T {
    let at: Merged = { path: '', name: '', above: null, upper: this.#root.fd, lower: this.index.root };
    try {
      for (const [taken, name] of names.entries()) {
        const found = this.find(at, name);
        if (found?.type !== filetype.directory) return act(at, taken, found);
        const child = this.enter(at, name, found);
        // Only the lowest is needed open: a guest may nest directories deeper than there are descriptors.
        if (child.upper !== null) letGo(at);
        at = child;
      }
      return act(at, names.length, null);
    } finally {
      for (let open: Merged | null = at; open !== null; open = open.above) letGo(open);
    }
  }

  /** The directory found at `name`; whoever enters it closes its descriptor. */
  enter(directory: Merged, name: string, found: Found): Merged {
    const path = joined(directory.path, name);
    const upper = found.upper === null ? null : openDirectory(directory.upper!, name);
    return { path, name, above: directory, upper, lower: found.lower };
  }

  /** What stands at `name`; null when nothing does. */
  find(directory: Merged, name: string): Found | null {
    this.demandOn(directory, access.search);
    return this.peek(directory, name);
  }

  /** As `find`, of whoever may not search the directory too. */
  peek(directory: Merged, name: string): Found | null {
    if (isReserved(name)) return null;
    const lower = this.lowerChild(directory, name);
    if (directory.upper !== null) {
      const upper = statAtOrNull(directory.upper, name);
      if (upper !== null) {
        const type = filetypeOfMode(upper.mode);
        const merged = lower >= 0 && type === filetype.directory && this.index.type(lower) === entryType.directory;
        return { type, upper, lower: merged && !isOpaque(directory.upper, name) ? lower : -1, implied: false };
      }
      if (isWhitedOut(directory.upper, name)) return null;
    }
    if (lower >= 0) return { type: filetypeOfEntry(this.index, lower), upper: null, lower, implied: false };
    if (!this.#implied.has(joined(directory.path, name))) return null;
    return { type: filetype.directory, upper: null, lower: -1, implied: true };
  }

  /** The entry that the image has at a name, seen or not; -1 for none. */
  lowerChild(directory: Merged, name: string): number {
    return directory.lower < 0 ? -1 : this.index.child(directory.lower, name);
  }

  statFound(directory: Merged, name: string, found: Found): Stat {
    const path = joined(directory.path, name);
    if (found.upper === null) return found.lower < 0 ? statOfImplied(path) : statOfEntry(this.index, found.lower);
    return this.#identified(statOfHost(found.upper), path, found.lower);
  }

  statDirectory(directory: Merged): Stat {
    if (directory.upper === null) {
      return directory.lower < 0 ? statOfImplied(directory.path) : statOfEntry(this.index, directory.lower);
    }
    return this.#identified(statOfHost(statDescriptor(directory.upper)), directory.path, directory.lower);
  }

  /** A directory of the image keeps its inode number when something in it changes. */
  #identified(stat: Stat, path: string, lower: number): Stat {
    if (stat.type !== filetype.directory) return stat;
    if (lower >= 0) return { ...stat, dev: image_device, ino: BigInt(this.index.ino(lower)), nlink: 1n };
    if (this.#implied.has(path)) return { ...stat, dev: image_device, ino: impliedInode(path), nlink: 1n };
    return stat;
  }

  ownedEntry(entry: number): Owned {
    return { uid: this.index.uid(entry), gid: this.index.gid(entry), mode: this.index.mode(entry) };
  }

  ownedDirectory(directory: Merged): Owned {
    // The directory that holds the layer is the host's; what guests see of it is the image's root.
    if (directory.above === null) return this.ownedEntry(this.index.root);
    if (directory.upper !== null) return ownedBy(directory.upper, statDescriptor(directory.upper));
    if (directory.lower >= 0) return this.ownedEntry(directory.lower);
    return { uid: 0, gid: 0, mode: this.#implied.get(directory.path) ?? 0o755 };
  }

  /** Owner and mode of what was found; a symlink's mode counts for nothing. */
  ownedFound(directory: Merged, name: string, found: Found): Owned {
    if (found.upper === null) {
      if (found.lower >= 0) return this.ownedEntry(found.lower);
      return { uid: 0, gid: 0, mode: this.#implied.get(joined(directory.path, name)) ?? 0o755 };
    }
    const { uid, gid, mode } = found.upper;
    const readable = (mode & S.IFMT) === S.IFREG || (mode & S.IFMT) === S.IFDIR;
    if (!readable) return { uid, gid, mode: mode & 0o7777 };
    const fd = openAt(directory.upper!, name, O.RDONLY | O.NOFOLLOW | O.NONBLOCK);
    try {
      return ownedBy(fd, found.upper);
    } finally {
      close(fd);
    }
  }

  /** Throws ACCES unless the container's user may; root's rights are never looked up. */
  demandOn(directory: Merged, wanted: number): void {
    if (this.user.uid !== 0) demand(this.user, this.ownedDirectory(directory), wanted);
  }

  demandOnFound(directory: Merged, name: string, found: Found, wanted: number): void {
    if (this.user.uid !== 0) demand(this.user, this.ownedFound(directory, name, found), wanted);
  }
}

/** Closes the descriptor of a directory; that of the root stays. */
function letGo(directory: Merged): void {
  if (directory.upper === null || directory.above === null) return;
  close(directory.upper);
  directory.upper = null;
}

export function joined(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

/** The folder of a writable layer, null while there is none. */
export function openIfThere(upper: string): number | null {
  try {
    return openAt(AT_FDCWD, upper, O.RDONLY | O.DIRECTORY);
  } catch (error) {
    if (error instanceof SystemError && error.code === 'ENOENT') return null;
    throw error;
  }
}

export function openDirectory(directory: number, name: string): number {
  return openAt(directory, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
}

/** Whether a directory of the writable layer hides what the image has under its name. */
export function isOpaque(directory: number, name: string): boolean {
  return statAtOrNull(directory, `${name}/${opaque_marker}`) !== null;
}

/** Whether a mark of the writable layer hides what the image has under a name; one that is too long can have none. */
function isWhitedOut(directory: number, name: string): boolean {
  const whiteout = whiteoutOf(name);
  return Buffer.byteLength(whiteout) <= name_bytes_max && statAtOrNull(directory, whiteout) !== null;
}

export interface UpperEntry {
  readonly name: string;
  readonly ino: bigint;
  readonly type: Filetype;
  readonly next: bigint;
}

/** Gives what a directory of the writable layer holds, whiteouts too, from an offset on, until `take` answers false. */
export function listUpper(directory: number, offset: bigint, take: (entry: UpperEntry) => boolean): void {
  const fd = openDirectory(directory, '.');
  try {
    listFrom(fd, offset, ({ name, ino, type, next }) => take({ name, ino, type: filetypeOfListing(type), next }));
  } finally {
    close(fd);
  }
}
