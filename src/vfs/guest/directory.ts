import { path_bytes_max } from '../../limits/index.ts';
import { entryType } from '../../oci/index.ts';
import {
  type Directory,
  type DirectoryEntry,
  Errno,
  fail,
  type File,
  filetype,
  type Node,
  type OpenOptions,
  type Stat,
  type Times,
  type Walked,
} from '../../wasi/index.ts';
import { access, demand, type Owned } from '../access.ts';
import { root_mount } from '../protocol.ts';
import { filetypeOfEntry, statOfEntry, statOfImplied } from '../stat.ts';
import { HostFile } from './host-file.ts';
import { ImageFile } from './image-file.ts';
import { entriesOfImage, type Listed, listDirectory } from './listing.ts';
import type { Space } from './space.ts';
import { namesOf, type Spot } from './spots.ts';

/** A directory that is there because of what is mounted below it; nothing but that is in it. */
const implied = -1;
/** A directory that only the broker knows. */
const unknown = -2;

/** One tree that a guest sees: the root filesystem, or a directory mounted into it. */
export interface Tree {
  readonly id: number;
  readonly read_only: boolean;
  readonly spot: Spot;
  /** The directory a mount lies in, null for the root filesystem. */
  above(): Directory | null;
}

/**
 * A directory of a guest, known by its path below its tree. What the image has is answered here, from its index, as
 * long as nothing in the directory was touched; all else is asked of the broker.
 */
export class GuestDirectory implements Directory {
  readonly #space: Space;
  readonly #tree: Tree;
  readonly #spot: Spot | null;
  /** The image's entry, also when it was touched; or `implied`, or `unknown`. */
  #entry: number;
  #path: string;
  #position: number;

  constructor(space: Space, tree: Tree, path: string, spot: Spot | null, entry: number) {
    this.#space = space;
    this.#tree = tree;
    this.#path = path;
    this.#spot = spot;
    this.#entry = entry;
    this.#position = space.moves.count;
  }

  /** The root of a tree: of the image when it is the root filesystem, else of what is mounted. */
  static root(space: Space, tree: Tree): GuestDirectory {
    return new GuestDirectory(space, tree, '', tree.spot, tree.id === root_mount ? space.index.root : unknown);
  }

  /** Found without a question to the broker: every resolved path ends in asking for it. */
  get parent(): Directory | null {
    const path = this.#where();
    if (path === '') return this.#tree.above();
    const names = path.split('/').slice(0, -1);
    if (names.length === 0) return GuestDirectory.root(this.#space, this.#tree);
    let spot: Spot | null = this.#tree.spot;
    for (const name of names) spot = spot?.children.get(name) ?? null;
    const above = names.join('/');
    return new GuestDirectory(this.#space, this.#tree, above, spot, this.#entryAbove(names, above));
  }

  #entryAbove(names: readonly string[], above: string): number {
    const { index, touched } = this.#space;
    if (this.#tree.id !== root_mount) {
      // Below what is implied, whether the host has the directory above is for the broker to say.
      return this.#entry === implied ? this.#impliedAbove(names) : unknown;
    }
    if (this.#entry >= 0) return index.parent(this.#entry);
    let entry = index.root;
    for (const name of names) {
      entry = index.child(entry, name);
      if (entry < 0 || index.type(entry) !== entryType.directory) return this.#entry;
    }
    return touched.isReplaced(above) ? unknown : entry;
  }

  #impliedAbove(names: readonly string[]): number {
    const { directory } = GuestDirectory.root(this.#space, this.#tree).walk(names);
    return directory instanceof GuestDirectory ? directory.#entry : unknown;
  }

  stat(): Stat {
    this.#refresh();
    const path = this.#where();
    const here = this.#here(path);
    return here === null ? this.#space.client.stat(this.#tree.id, path) : this.#statHere(here);
  }

  walk(names: readonly string[]): Walked {
    this.#refresh();
    const { touched, index } = this.#space;
    let path = this.#where();
    let spot = this.#spot;
    let entry = this.#entry;
    for (let taken = 0; taken < names.length;) {
      const name = names[taken]!;
      const below = spot?.children.get(name) ?? null;
      if (below?.mounted) return this.#walkMounted(this.#at(path, spot, entry), below, names, taken);
      const here = entry === unknown || this.#isTouched(path) ? null : entry;
      const child_path = join(path, name);
      if (here === null && !(entry >= 0 && touched.isConfirmed(child_path))) {
        const reached = this.#ask(path, spot, entry, names, taken);
        if (reached.stopped !== undefined) {
          return {
            directory: this.#at(reached.path, reached.spot, reached.entry),
            taken: reached.taken,
            stopped: reached.stopped,
          };
        }
        ({ path, spot, entry, taken } = reached);
        continue;
      }
      this.#demand(entry, access.search);
      const child = entry >= 0 ? index.child(entry, name) : -1;
      if (child >= 0 && index.type(child) !== entryType.directory) {
        return { directory: this.#at(path, spot, entry), taken, stopped: this.#node(child) };
      }
      if (child < 0 && below === null) return { directory: this.#at(path, spot, entry), taken, stopped: null };
      path = child_path;
      spot = below;
      entry = child < 0 ? implied : child;
      taken++;
    }
    return { directory: this.#at(path, spot, entry), taken: names.length };
  }

  list(cookie: bigint): readonly DirectoryEntry[] {
    this.#refresh();
    const path = this.#where();
    const here = this.#here(path);
    const listed: Listed = {
      places: this.#spot === null ? [] : [...this.#spot.children.keys()],
      stat: () => this.stat(),
      inodeAbove: () => this.#inodeAbove(path),
      statChild: (name) => this.statChild(name),
      page: (from) =>
        here === null ? this.#space.client.list(this.#tree.id, path, from) : this.#entriesHere(here, from),
    };
    return listDirectory(listed, cookie);
  }

  statChild(name: string): Stat {
    this.#refresh();
    const path = this.#where();
    const below = this.#spot?.children.get(name) ?? null;
    if (below?.mounted) return this.#statMounted(below);
    const here = this.#here(path);
    if (here !== null) {
      this.#demand(here, access.search);
      const child = here >= 0 ? this.#space.index.child(here, name) : -1;
      if (child >= 0) return statOfEntry(this.#space.index, child);
      if (below !== null) return statOfImplied(namesOf(below).join('/'));
      throw fail('NOENT');
    }
    try {
      return this.#space.client.stat(this.#tree.id, join(path, name));
    } catch (error) {
      const missing = error instanceof Errno && error.name === 'NOENT';
      if (missing && below !== null && this.#tree.id !== root_mount) return statOfImplied(namesOf(below).join('/'));
      throw error;
    }
  }

  open(name: string, options: OpenOptions): File {
    this.#refresh();
    const path = this.#where();
    const below = this.#spot?.children.get(name) ?? null;
    if (below?.mounted?.kind === 'directory') throw fail('ISDIR');
    if (below?.mounted) return this.#openRemote(below.mounted.id, '', name, options, below.mounted.read_only);
    const here = this.#here(path);
    if (here !== null) {
      this.#demand(here, access.search);
      const child = here >= 0 ? this.#space.index.child(here, name) : -1;
      if (child < 0 && below !== null) throw fail('ISDIR');
      if (child < 0 && !options.create) throw fail('NOENT');
      if (child >= 0) {
        this.#checkOpens(child, options);
        if (!options.write && !options.truncate) return this.#openEntry(child, name, options);
      }
    }
    this.#demandWritableTree(options.write || options.truncate || options.create);
    return this.#openRemote(this.#tree.id, join(path, name), name, options, this.#tree.read_only);
  }

  makeDirectory(name: string): void {
    const path = this.#toCreate(name);
    this.#space.client.makeDirectory(this.#tree.id, path);
  }

  removeDirectory(name: string): void {
    if (this.#spot?.children.get(name)?.mounted?.kind === 'file') throw fail('NOTDIR');
    const path = this.#toRemove(name);
    this.#space.client.removeDirectory(this.#tree.id, path);
    this.#space.touched.doubt();
    this.#space.moves.add(this.#tree.id, path, null);
  }

  unlink(name: string): void {
    const below = this.#spot?.children.get(name);
    if (below !== undefined && (below.mounted?.kind === 'directory' || below.children.size > 0)) throw fail('ISDIR');
    this.#space.client.unlink(this.#tree.id, this.#toRemove(name));
  }

  symlink(target: string, name: string): void {
    this.#space.client.symlink(this.#tree.id, this.#toCreate(name), target);
  }

  readlink(name: string): string {
    this.#refresh();
    const path = this.#where();
    const below = this.#spot?.children.get(name) ?? null;
    if (below?.mounted) throw fail('INVAL');
    const here = this.#here(path);
    if (here === null) return this.#space.client.readlink(this.#tree.id, join(path, name));
    this.#demand(here, access.search);
    const child = here >= 0 ? this.#space.index.child(here, name) : -1;
    if (child < 0) throw fail(below === null ? 'NOENT' : 'INVAL');
    if (this.#space.index.type(child) !== entryType.symlink) throw fail('INVAL');
    return this.#space.index.target(child);
  }

  rename(name: string, to: Directory, to_name: string): void {
    const target = this.#sameTree(to);
    const path = this.#toRemove(name);
    const to_path = target.#toRemove(to_name);
    const moved = this.#space.client.rename(this.#tree.id, path, to_path);
    this.#space.touched.doubt();
    if (moved && path !== to_path) this.#space.moves.add(this.#tree.id, path, to_path);
  }

  link(name: string, to: Directory, to_name: string): void {
    const target = this.#sameTree(to);
    if (this.#spot?.children.get(name)?.mounted) throw fail('XDEV');
    const path = this.#toRemove(name);
    this.#space.client.link(this.#tree.id, path, target.#toCreate(to_name));
  }

  setTimes(times: Times): void {
    this.#refresh();
    this.#demandWritableTree(true);
    this.#space.client.setTimes(this.#tree.id, this.#where(), times);
  }

  setChildTimes(name: string, times: Times): void {
    this.#refresh();
    const mounted = this.#spot?.children.get(name)?.mounted;
    if (mounted?.kind === 'directory') {
      mounted.root.setTimes(times);
    } else if (mounted) {
      this.#space.client.setTimes(mounted.id, '', times);
    } else {
      this.#demandWritableTree(true);
      this.#space.client.setTimes(this.#tree.id, join(this.#where(), name), times);
    }
  }

  sync(): void {
    const path = this.#where();
    if (this.#here(path) === null) this.#space.client.sync(this.#tree.id, path);
  }

  close(): void {}

  /** What other processes of the container changed is known before a path is judged. */
  #refresh(): void {
    if (this.#space.client.takeNotices()) this.#space.touched.doubt();
  }

  /**
   * The path after the renames since it was used last; what moved is not the image's any more. Throws NOENT for a
   * directory that was removed.
   */
  #where(): string {
    const { moves } = this.#space;
    if (this.#position === moves.count) return this.#path;
    const path = moves.follow(this.#tree.id, this.#path, this.#position);
    if (path === null) throw fail('NOENT');
    if (path !== this.#path) this.#entry = unknown;
    this.#path = path;
    this.#position = moves.count;
    return path;
  }

  #isTouched(path: string): boolean {
    return this.#tree.id === root_mount && this.#space.touched.has(path);
  }

  /** The entry of the image (or `implied`) that answers for this directory, null when the broker has to. */
  #here(path: string): number | null {
    return this.#entry === unknown || this.#isTouched(path) ? null : this.#entry;
  }

  #at(path: string, spot: Spot | null, entry: number): GuestDirectory {
    if (path === this.#path && entry === this.#entry) return this;
    return new GuestDirectory(this.#space, this.#tree, path, spot, entry);
  }

  #sameTree(to: Directory): GuestDirectory {
    if (!(to instanceof GuestDirectory) || to.#tree !== this.#tree) throw fail('XDEV');
    return to;
  }

  /** Goes on behind a mount point. */
  #walkMounted(above: GuestDirectory, spot: Spot, names: readonly string[], taken: number): Walked {
    const mounted = spot.mounted!;
    if (mounted.kind === 'file') return { directory: above, taken, stopped: { type: filetype.regular_file } };
    const walked = mounted.root.walk(names.slice(taken + 1));
    return { ...walked, taken: taken + 1 + walked.taken };
  }

  /** Asks the broker for as many names as lie in this tree. */
  #ask(path: string, spot: Spot | null, entry: number, names: readonly string[], taken: number): Asked {
    let end = taken;
    let length = path.length;
    for (let at = spot; end < names.length; end++) {
      at = at?.children.get(names[end]!) ?? null;
      if (at?.mounted) break;
      // Symlinks may have made more names than the broker takes at once.
      length += 1 + names[end]!.length;
      if (length > path_bytes_max && end > taken) break;
    }
    const run = names.slice(taken, end);
    const reached = this.#space.client.walk(this.#tree.id, path, run);
    const state: Asked = { path, spot, entry, taken };
    for (let i = 0; i < reached.taken; i++) this.#descend(state, run[i]!);
    if (reached.stopped === undefined) return state;
    const missing = run[reached.taken]!;
    if (reached.stopped === null && this.#tree.id !== root_mount && state.spot?.children.has(missing)) {
      // Nothing on the host leads to a mount deeper down.
      state.spot = state.spot.children.get(missing)!;
      state.path = join(state.path, missing);
      state.entry = implied;
      state.taken++;
      return state;
    }
    const absolute_links = this.#tree.id === root_mount ? 'from-root' : 'refused';
    state.stopped = reached.stopped && { ...reached.stopped, absolute_links };
    return state;
  }

  /** One step that the broker confirmed: does the image still know the directory? */
  #descend(state: Asked, name: string): void {
    const { index, touched } = this.#space;
    state.path = join(state.path, name);
    state.spot = state.spot?.children.get(name) ?? null;
    state.taken++;
    const child = state.entry >= 0 ? index.child(state.entry, name) : -1;
    const known = child >= 0 && index.type(child) === entryType.directory && !touched.isReplaced(state.path);
    state.entry = known ? child : unknown;
    if (known) touched.confirm(state.path);
  }

  #statHere(entry: number): Stat {
    if (entry >= 0) return statOfEntry(this.#space.index, entry);
    return statOfImplied(namesOf(this.#spot!).join('/'));
  }

  #statMounted({ mounted }: Spot): Stat {
    return mounted!.kind === 'directory' ? mounted!.root.stat() : this.#space.client.stat(mounted!.id, '');
  }

  #node(entry: number): Node {
    const { index } = this.#space;
    const type = filetypeOfEntry(index, entry);
    return type === filetype.symbolic_link
      ? { type, target: index.target(entry), absolute_links: 'from-root' }
      : { type };
  }

  #inodeAbove(path: string): bigint {
    const above = path === '' ? this.#tree.above() : this.parent;
    return (above ?? this).stat().ino;
  }

  #entriesHere(entry: number, from: bigint): DirectoryEntry[] {
    this.#demand(entry, access.read);
    return entry < 0 ? [] : entriesOfImage(this.#space.index, entry, from);
  }

  #demand(entry: number, wanted: number): void {
    if (entry >= 0) demand(this.#space.user, this.#owned(entry), wanted);
  }

  #owned(entry: number): Owned {
    const { index } = this.#space;
    return { uid: index.uid(entry), gid: index.gid(entry), mode: index.mode(entry) };
  }

  /** Refuses what no opening of this entry of the image may ask for. */
  #checkOpens(entry: number, options: OpenOptions): void {
    const type = this.#space.index.type(entry);
    if (options.create && options.exclusive) throw fail('EXIST');
    if (type === entryType.directory) throw fail('ISDIR');
    if (type === entryType.symlink) throw fail('LOOP');
    // Devices of an image are inert.
    if (type !== entryType.file) throw fail('ACCES');
  }

  #openEntry(entry: number, name: string, options: OpenOptions): ImageFile {
    if (options.read) this.#demand(entry, access.read);
    const { index, data } = this.#space;
    const layer = data[index.layer(entry)];
    if (layer === undefined) throw fail('IO');
    return new ImageFile(index, entry, layer, (times) => this.setChildTimes(name, times));
  }

  #openRemote(mount: number, path: string, name: string, options: OpenOptions, read_only: boolean): File {
    const opened = this.#space.client.open(mount, path, options);
    if ('entry' in opened) return this.#openEntry(opened.entry, name, options);
    const file: HostFile = new HostFile(opened.descriptor, {
      type: opened.type,
      options,
      read_only,
      setTimes: (times) => this.#setTimesOf(file, name, times),
    });
    return file;
  }

  /** Sets the times of an open file under its name, if it still has that one. */
  #setTimesOf(file: HostFile, name: string, times: Times): void {
    const open = file.stat();
    const named = this.statChild(name);
    if (open.ino !== named.ino || open.dev !== named.dev) throw fail('PERM');
    this.setChildTimes(name, times);
  }

  #demandWritableTree(changes: boolean): void {
    if (!changes) return;
    if (this.#tree.id === root_mount && this.#tree.read_only) throw fail('ROFS');
    if (this.#tree.id !== root_mount && this.#entry === implied) throw fail('ACCES');
  }

  /** The path of a name that is to come into being here. */
  #toCreate(name: string): string {
    this.#refresh();
    const path = join(this.#where(), name);
    if (this.#spot?.children.get(name)?.mounted) throw fail('EXIST');
    // mkdir -p on a read-only tree lives from being told that the directory is there.
    if (this.#tree.id === root_mount && this.#tree.read_only && this.#exists(name)) throw fail('EXIST');
    this.#demandWritableTree(true);
    return path;
  }

  #exists(name: string): boolean {
    try {
      this.statChild(name);
      return true;
    } catch (error) {
      if (error instanceof Errno && error.name === 'NOENT') return false;
      throw error;
    }
  }

  /** The path of a name that is to be taken away or replaced here. A mount, and what leads to one, stays. */
  #toRemove(name: string): string {
    this.#refresh();
    const path = join(this.#where(), name);
    const below = this.#spot?.children.get(name);
    if (below !== undefined && (below.mounted !== null || below.children.size > 0)) throw fail('BUSY');
    this.#demandWritableTree(true);
    return path;
  }
}

/** Where a walk stands while the broker's answer is taken in. */
interface Asked {
  path: string;
  spot: Spot | null;
  entry: number;
  taken: number;
  stopped?: Node | null;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}
