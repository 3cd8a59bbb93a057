import { renamed_directory_bytes_max, renamed_directory_entries_max } from '../../limits/index.ts';
import type { LayerIndex } from '../../oci/index.ts';
import {
  AT_FDCWD,
  close,
  type FilesystemUser,
  linkAt,
  makeDirectoryAt,
  O,
  openAt,
  readlinkAt,
  renameAt,
  setTimes,
  setTimesAt,
  statAtOrNull,
  statDescriptor,
  symlinkAt,
  sync,
  unlinkAt,
} from '../../os/index.ts';
import { type DirectoryEntry, fail, filetype, type OpenOptions, type Stat, type Times } from '../../wasi/index.ts';
import { access, isStuck, mayAccess, type Owned } from '../access.ts';
import type { LayerData } from '../layer-data.ts';
import type { Opened, Reached } from '../protocol.ts';
import { Announcements } from './announcements.ts';
import { copyUp } from './copy-up.ts';
import { mark, markInside, reveal } from './marks.ts';
import { openFlags } from './opening.ts';
import { setLinkOwner, setOwned } from './ownership.ts';
import { clearAway, scanUpper } from './scan.ts';
import { isBelow, type Names, samePath, type Tree } from './tree.ts';
import {
  type Found,
  joined,
  listUpper,
  type Merged,
  openDirectory,
  openIfThere,
  type UpperRoot,
  UnionView,
} from './union-view.ts';
import { isReserved, opaque_marker, privateName, whiteoutOf } from './whiteout.ts';

export interface UnionTreeOptions {
  /** The directory on the host for the writable layer, made when it is first needed; nobody else may write in it. */
  readonly upper: string;
  readonly index: LayerIndex;
  /** The layers of the image that the entries of the index name. */
  readonly data: readonly LayerData[];
  /** Whom mode bits are judged for, and who owns what is new. */
  readonly user: FilesystemUser;
  /** Paths of directories that are there whatever the image has, with their modes. */
  readonly implied: ReadonlyMap<string, number>;
}

/**
 * The root filesystem of a container: its image, and over it the writable layer, a directory in the format of a layer
 * (`.wh.` whiteouts). A file of the image is copied up when it is first opened for writing. Each change is one rename
 * or one new name, so that a broker that is killed leaves the state before or after it.
 */
export class UnionTree implements Tree {
  readonly touched: Announcements;
  readonly #root: UpperRoot;
  readonly #upper: string;
  readonly #view: UnionView;
  readonly #index: LayerIndex;
  readonly #data: readonly LayerData[];
  readonly #user: FilesystemUser;
  readonly #implied: ReadonlyMap<string, number>;

  /** Throws a `SystemError` when the writable layer is there and no directory that this process can open. */
  constructor({ upper, index, data, user, implied }: UnionTreeOptions) {
    this.#upper = upper;
    this.#root = { fd: openIfThere(upper) };
    this.#view = new UnionView(this.#root, index, user, implied);
    this.#index = index;
    this.#data = data;
    this.#user = user;
    this.#implied = implied;
    this.touched = new Announcements(this.#root.fd === null ? [] : scanUpper(this.#root.fd, index));
  }

  walk(names: Names, before: number): Reached {
    return this.#view.walk(names, (directory, taken, found) => {
      if (taken < before) throw fail(found === null ? 'NOENT' : 'NOTDIR');
      if (taken === names.length) return { taken: taken - before };
      if (found === null) return { taken: taken - before, stopped: null };
      const { type } = found;
      const target = type === filetype.symbolic_link ? { target: this.#target(directory, names[taken]!, found) } : {};
      return { taken: taken - before, stopped: { type, ...target } };
    });
  }

  stat(names: Names): Stat {
    if (names.length === 0) return this.#view.inside(names, (directory) => this.#view.statDirectory(directory));
    return this.#existing(names, (directory, name, found) => this.#view.statFound(directory, name, found));
  }

  list(names: Names, cookie: bigint, take: (entry: DirectoryEntry) => boolean): void {
    this.#view.inside(names, (directory) => {
      this.#view.demandOn(directory, access.read);
      const count = directory.lower < 0 ? 0 : this.#index.childCount(directory.lower);
      const before = BigInt(count);
      // First what the image has names for, then what is new: each name keeps its place whatever happens to it.
      if (cookie < before && !this.#listLower(directory, Number(cookie), count, take)) return;
      if (directory.upper === null) return;
      listUpper(directory.upper, cookie > before ? cookie - before : 0n, (entry) => {
        if (isReserved(entry.name) || this.#view.lowerChild(directory, entry.name) >= 0) return true;
        return take({ ...entry, next: entry.next + before });
      });
    });
  }

  open(names: Names, options: OpenOptions): Opened {
    return this.#inParent(names, (directory, name) => {
      const found = this.#view.find(directory, name);
      if (found === null) return this.#createFile(directory, name, options);
      if (options.create && options.exclusive) throw fail('EXIST');
      if (found.type === filetype.directory) throw fail('ISDIR');
      if (found.type === filetype.symbolic_link) throw fail('LOOP');
      if (found.type !== filetype.regular_file) throw fail('ACCES');
      const changes = options.write || options.truncate;
      this.#view.demandOnFound(directory, name, found, (options.read ? access.read : 0) | (changes ? access.write : 0));
      if (found.upper === null && !changes) return { entry: found.lower };
      if (found.upper === null) this.#copyUp(directory, name, found, !options.truncate);
      const flags = openFlags(options) & ~(O.CREAT | O.EXCL);
      return { descriptor: openAt(directory.upper!, name, flags | O.NOFOLLOW), type: filetype.regular_file };
    });
  }

  makeDirectory(names: Names): void {
    this.#creating(names, (directory, upper, name) => {
      const hides = this.#view.lowerChild(directory, name) >= 0;
      const temporary = privateName();
      makeDirectoryAt(upper, temporary, 0o700);
      try {
        const fd = openDirectory(upper, temporary);
        try {
          if (hides) mark(fd, opaque_marker);
          setOwned(fd, this.#owned(0o755), true);
        } finally {
          close(fd);
        }
        renameAt(upper, temporary, upper, name, false);
      } catch (error) {
        clearAway(upper, temporary);
        throw error;
      }
      if (hides) this.touched.touch(`${joined(directory.path, name)}/`);
    });
  }

  removeDirectory(names: Names): void {
    this.#existing(names, (directory, name, found) => {
      this.#demandRemoval(directory, name, found);
      if (found.type !== filetype.directory) throw fail('NOTDIR');
      this.#demandEmpty(directory, name, found);
      const upper = this.#ensure(directory);
      const inImage = this.#view.lowerChild(directory, name) >= 0;
      if (inImage || this.#implied.has(joined(directory.path, name))) mark(upper, whiteoutOf(name));
      if (found.upper !== null) this.#setAside(upper, name);
      if (inImage) this.touched.removed(directory.path);
      else this.touched.touch(directory.path);
    });
  }

  unlink(names: Names): void {
    this.#existing(names, (directory, name, found) => {
      this.#demandRemoval(directory, name, found);
      if (found.type === filetype.directory) throw fail('ISDIR');
      const upper = this.#ensure(directory);
      if (this.#view.lowerChild(directory, name) >= 0) mark(upper, whiteoutOf(name));
      if (found.upper !== null) unlinkAt(upper, name);
      this.touched.touch(directory.path);
    });
  }

  symlink(names: Names, target: string): void {
    this.#creating(names, (_directory, upper, name) => {
      symlinkAt(target, upper, name);
      setLinkOwner(upper, name, this.#user.uid, this.#user.gid);
    });
  }

  readlink(names: Names): string {
    return this.#existing(names, (directory, name, found) => {
      if (found.type !== filetype.symbolic_link) throw fail('INVAL');
      return this.#target(directory, name, found);
    });
  }

  rename(from: Names, to: Names): boolean {
    return this.#existing(from, (directory, name, found) =>
      this.#inParent(to, (to_directory, to_name) => {
        const isDirectory = found.type === filetype.directory;
        if (isReserved(to_name)) throw fail('INVAL');
        const replaced = this.#view.find(to_directory, to_name);
        if (samePath(from, to)) return isDirectory;
        if (isDirectory && isBelow(to, from)) throw fail('INVAL');
        if (isBelow(from, to)) throw fail('NOTEMPTY');
        // Two names of one file stay as they are.
        if (found.upper !== null && replaced?.upper?.ino === found.upper.ino) return isDirectory;
        this.#demandRemoval(directory, name, found);
        if (replaced === null) this.#view.demandOn(to_directory, access.write | access.search);
        else this.#demandRemoval(to_directory, to_name, replaced);
        if (replaced !== null && (replaced.type === filetype.directory) !== isDirectory) {
          throw fail(isDirectory ? 'NOTDIR' : 'ISDIR');
        }
        // Its `..` changes.
        if (isDirectory && directory.path !== to_directory.path)
          this.#view.demandOnFound(directory, name, found, access.write);
        if (replaced !== null && isDirectory) this.#demandEmpty(to_directory, to_name, replaced);
        if (isDirectory && (found.lower >= 0 || found.implied)) this.#detach(directory, name, found);
        else if (found.upper === null) this.#copyUp(directory, name, found, true);
        this.#move(directory, name, to_directory, to_name, replaced, isDirectory);
        if (isDirectory && found.lower >= 0) {
          this.touched.removed(directory.path);
          this.touched.touch(`${joined(to_directory.path, to_name)}/`);
        }
        return isDirectory;
      }),
    );
  }

  link(from: Names, to: Names): void {
    this.#existing(from, (directory, name, found) => {
      this.#inParent(to, (to_directory, to_name) => {
        if (this.#view.find(to_directory, to_name) !== null) throw fail('EXIST');
        this.#demandLinkable(directory, name, found);
        this.#demandCreation(to_directory, to_name);
        if (found.type === filetype.directory) throw fail('PERM');
      });
      this.#creating(to, (_to, to_upper, to_name) => {
        if (found.upper === null) this.#copyUp(directory, name, found, true);
        linkAt(directory.upper!, name, to_upper, to_name);
      });
    });
  }

  setTimes(names: Names, times: Times): void {
    if (names.length === 0) {
      this.#view.inside(names, (root) => this.#demandTimes(this.#view.ownedDirectory(root), times));
      setTimesAt(this.#ensureRoot(), '.', times.atim, times.mtim);
      this.touched.touch('');
      return;
    }
    this.#existing(names, (directory, name, found) => {
      this.#demandTimes(this.#view.ownedFound(directory, name, found), times);
      if (found.upper === null) this.#copyUp(directory, name, found, true);
      setTimesAt(directory.upper!, name, times.atim, times.mtim);
      this.touched.touch(directory.path);
      if (found.type === filetype.directory) this.touched.touch(joined(directory.path, name));
    });
  }

  sync(names: Names): void {
    this.#view.inside(names, ({ upper }) => {
      if (upper !== null) sync(upper);
    });
  }

  close(): void {
    if (this.#root.fd !== null) close(this.#root.fd);
  }

  /** Runs `act` with the directory that holds the last name, and that name. */
  #inParent<T>(names: Names, act: (directory: Merged, name: string) => T): T {
    const name = names.at(-1);
    if (name === undefined) throw fail('BUSY');
    return this.#view.inside(names.slice(0, -1), (directory) => act(directory, name));
  }

  /**
   * PERM for a second name of what belongs to somebody else, unless it is a plain file that the user may read and write:
   * as Linux has it with `fs.protected_hardlinks`.
   */
  #demandLinkable(directory: Merged, name: string, found: Found): void {
    if (this.#user.uid === 0) return;
    const owned = this.#view.ownedFound(directory, name, found);
    if (owned.uid === this.#user.uid) return;
    const set_id = (owned.mode & 0o4000) !== 0 || (owned.mode & 0o2010) === 0o2010;
    const wanted = access.read | access.write;
    if (found.type !== filetype.regular_file || set_id || !mayAccess(this.#user, owned, wanted)) throw fail('PERM');
  }

  #existing<T>(names: Names, act: (directory: Merged, name: string, found: Found) => T): T {
    return this.#inParent(names, (directory, name) => {
      const found = this.#view.find(directory, name);
      if (found === null) throw fail('NOENT');
      return act(directory, name, found);
    });
  }

  /** Runs `act` to make a new name, in the upper directory made for it; then nothing hides it any more. */
  #creating(names: Names, act: (directory: Merged, upper: number, name: string) => void): void {
    this.#inParent(names, (directory, name) => {
      if (this.#view.find(directory, name) !== null) throw fail('EXIST');
      this.#demandCreation(directory, name);
      const upper = this.#ensure(directory);
      act(directory, upper, name);
      reveal(upper, name);
      this.touched.touch(directory.path);
    });
  }

  #demandCreation(directory: Merged, name: string): void {
    if (isReserved(name)) throw fail('INVAL');
    this.#view.demandOn(directory, access.write | access.search);
  }

  #demandRemoval(directory: Merged, name: string, found: Found): void {
    if (this.#user.uid === 0) return;
    this.#view.demandOn(directory, access.write | access.search);
    const owned = this.#view.ownedFound(directory, name, found);
    if (isStuck(this.#user, this.#view.ownedDirectory(directory), owned)) throw fail('PERM');
  }

  /** Only the owner sets a time of his choice; "now" whoever may write. */
  #demandTimes(owned: Owned, times: Times): void {
    if (this.#user.uid === 0 || this.#user.uid === owned.uid) return;
    if (times.atim !== 'now' || times.mtim !== 'now') throw fail('PERM');
    const shift = this.#user.gid === owned.gid || this.#user.groups.includes(owned.gid) ? 3 : 0;
    if (((owned.mode >> shift) & access.write) === 0) throw fail('ACCES');
  }

  #owned(mode: number): Owned {
    return { uid: this.#user.uid, gid: this.#user.gid, mode };
  }

  #target(directory: Merged, name: string, found: Found): string {
    return found.upper === null ? this.#index.target(found.lower) : readlinkAt(directory.upper!, name);
  }

  /** The directory in the writable layer, made with all it lies in when it is not there yet. */
  #ensure(directory: Merged): number {
    if (directory.upper !== null) return directory.upper;
    if (directory.above === null) return (directory.upper = this.#ensureRoot());
    const above = this.#ensure(directory.above);
    if (statAtOrNull(above, directory.name) === null) this.#makeUpper(directory, above);
    directory.upper = openDirectory(above, directory.name);
    return directory.upper;
  }

  /** A new one has the times that the image's root had until now. */
  #ensureRoot(): number {
    if (this.#root.fd !== null) return this.#root.fd;
    makeDirectoryAt(AT_FDCWD, this.#upper, 0o700);
    const fd = openAt(AT_FDCWD, this.#upper, O.RDONLY | O.DIRECTORY);
    const mtime = this.#index.mtime_ns(this.#index.root);
    setTimes(fd, mtime, mtime);
    return (this.#root.fd = fd);
  }

  #makeUpper({ lower, name, path }: Merged, above: number): void {
    if (lower >= 0) copyUp(this.#index, lower, this.#data, above, name, false);
    else this.#makeImplied(above, name, path);
  }

  #makeImplied(above: number, name: string, path: string): void {
    const before = statDescriptor(above);
    const temporary = privateName();
    makeDirectoryAt(above, temporary, 0o700);
    const fd = openDirectory(above, temporary);
    try {
      setOwned(fd, { uid: 0, gid: 0, mode: this.#implied.get(path) ?? 0o755 }, true);
      renameAt(above, temporary, above, name, false);
    } finally {
      close(fd);
    }
    setTimes(above, before.atime_ns, before.mtime_ns);
  }

  #copyUp(directory: Merged, name: string, found: Found, with_data: boolean): void {
    const upper = this.#ensure(directory);
    if (found.implied) this.#makeImplied(upper, name, joined(directory.path, name));
    else copyUp(this.#index, found.lower, this.#data, upper, name, with_data);
    this.touched.touch(directory.path);
  }

  /**
   * Makes a directory of the image one of the writable layer alone, by copying what it holds; guests see no difference.
   * Throws XDEV, as overlayfs does for any, when it holds too much to be copied at once, or a device.
   */
  #detach(directory: Merged, name: string, found: Found): void {
    const room = { entries: renamed_directory_entries_max, bytes: renamed_directory_bytes_max };
    this.#entering(directory, name, found, (inside) => this.#demandRoom(inside, room));
    this.#copyTree(directory, name, found);
    markInside(directory.upper!, name);
  }

  #demandRoom(directory: Merged, room: { entries: number; bytes: number }): void {
    this.#eachOfImage(directory, (name, found) => {
      const { type, size } = this.#view.statFound(directory, name, found);
      const plain = type === filetype.regular_file || type === filetype.symbolic_link || type === filetype.directory;
      room.entries--;
      if (found.upper === null) room.bytes -= Number(size);
      if (!plain || room.entries < 0 || room.bytes < 0) throw fail('XDEV');
      if (type === filetype.directory)
        this.#entering(directory, name, found, (inside) => this.#demandRoom(inside, room));
    });
  }

  #copyTree(directory: Merged, name: string, found: Found): void {
    if (found.upper === null) this.#copyUp(directory, name, found, true);
    if (found.type !== filetype.directory || found.lower < 0) return;
    this.#entering(directory, name, this.#view.peek(directory, name)!, (inside) =>
      this.#eachOfImage(inside, (child, child_found) => this.#copyTree(inside, child, child_found)),
    );
  }

  /** Runs `act` with the directory found at `name`. */
  #entering(directory: Merged, name: string, found: Found, act: (inside: Merged) => void): void {
    const inside = this.#view.enter(directory, name, found);
    try {
      act(inside);
    } finally {
      if (inside.upper !== null) close(inside.upper);
    }
  }

  /** Gives what the image has in a directory and is still seen, or is merged with what is seen. */
  #eachOfImage(directory: Merged, take: (name: string, found: Found) => void): void {
    const count = directory.lower < 0 ? 0 : this.#index.childCount(directory.lower);
    for (let i = 0; i < count; i++) {
      const name = this.#index.name(this.#index.childAt(directory.lower, i));
      const found = this.#view.peek(directory, name);
      if (found !== null && found.lower >= 0) take(name, found);
    }
  }

  #createFile(directory: Merged, name: string, options: OpenOptions): Opened {
    if (!options.create) throw fail('NOENT');
    this.#demandCreation(directory, name);
    const upper = this.#ensure(directory);
    const fd = openAt(upper, name, openFlags(options) | O.EXCL | O.NOFOLLOW, 0o600);
    try {
      setOwned(fd, this.#owned(0o644), false);
      reveal(upper, name);
    } catch (error) {
      close(fd);
      unlinkAt(upper, name);
      throw error;
    }
    this.touched.touch(directory.path);
    return { descriptor: fd, type: filetype.regular_file };
  }

  /** Gives what the image has names for; false when `take` wants no more. */
  #listLower(directory: Merged, from: number, end: number, take: (entry: DirectoryEntry) => boolean): boolean {
    for (let i = from; i < end; i++) {
      const name = this.#index.name(this.#index.childAt(directory.lower, i));
      const found = this.#view.peek(directory, name);
      if (found === null) continue;
      const { ino, type } = this.#view.statFound(directory, name, found);
      if (!take({ name, ino, type, next: BigInt(i + 1) })) return false;
    }
    return true;
  }

  #demandEmpty(directory: Merged, name: string, found: Found): void {
    this.#entering(directory, name, found, (child) => {
      let empty = true;
      if (child.upper !== null) listUpper(child.upper, 0n, (entry) => (empty = isReserved(entry.name)));
      const count = child.lower < 0 ? 0 : this.#index.childCount(child.lower);
      for (let i = 0; empty && i < count; i++) {
        empty = this.#view.peek(child, this.#index.name(this.#index.childAt(child.lower, i))) === null;
      }
      if (!empty) throw fail('NOTEMPTY');
    });
  }

  #move(from: Merged, name: string, to: Merged, to_name: string, replaced: Found | null, isDirectory: boolean): void {
    const upper = this.#ensure(from);
    const to_upper = this.#ensure(to);
    const hides = this.#view.lowerChild(to, to_name) >= 0;
    if (isDirectory && hides) markInside(upper, name);
    // Behind the whiteout the image's file stays hidden when the name is gone, and counts for nothing before.
    if (this.#view.lowerChild(from, name) >= 0 || this.#implied.has(joined(from.path, name)))
      mark(upper, whiteoutOf(name));
    if (isDirectory && replaced !== null) {
      mark(to_upper, whiteoutOf(to_name));
      if (replaced.upper !== null) this.#setAside(to_upper, to_name);
    }
    renameAt(upper, name, to_upper, to_name);
    reveal(to_upper, to_name);
    this.touched.touch(from.path);
    this.touched.touch(to.path);
    if (isDirectory && hides) this.touched.touch(`${joined(to.path, to_name)}/`);
    if (isDirectory && replaced !== null && replaced.lower >= 0) this.touched.removed(to.path);
  }

  /** Takes an empty directory out of the way at once, and then away with the whiteouts in it. */
  #setAside(upper: number, name: string): void {
    const temporary = privateName();
    renameAt(upper, name, upper, temporary);
    clearAway(upper, temporary);
  }
}
