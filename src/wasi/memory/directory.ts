import { fail } from '../errno.ts';
import {
  type Directory,
  type DirectoryEntry,
  type File,
  filetype,
  type OpenOptions,
  type Stat,
  type Times,
  type Walked,
} from '../files.ts';
import { OpenRegular, Regular } from './regular.ts';
import { Inode, inode_bytes, type Volume } from './volume.ts';

const entries_per_list = 128;
/** What a name costs beside its length. */
const entry_bytes = 64;
/** Cookies of the entries that every directory has; those of names follow. */
const cookie_dot = 1n;
const cookie_dotdot = 2n;

class Link extends Inode {
  readonly type: typeof filetype.symbolic_link = filetype.symbolic_link;
  readonly target: string;

  constructor(volume: Volume, target: string) {
    super(volume, target.length);
    this.target = target;
  }

  override get size(): bigint {
    return BigInt(new TextEncoder().encode(this.target).length);
  }

  override releaseIfUnused(): void {
    if (this.nlink === 0n) this.volume.take(-(this.target.length + inode_bytes));
  }
}

function entryBytes(name: string): number {
  return entry_bytes + name.length;
}

type Child = MemoryDirectory | Regular | Link;

interface Entry {
  readonly name: string;
  readonly cookie: bigint;
  /** Null once the name is gone; the slot stays until the list is tidied, so that places in it can be found. */
  child: Child | null;
}

/** A directory in memory; inode and what is handed out are one. */
export class MemoryDirectory extends Inode implements Directory {
  readonly type: typeof filetype.directory = filetype.directory;
  parent: MemoryDirectory | null;
  readonly #names: Map<string, Entry> = new Map();
  /** By rising cookie. */
  #order: Entry[] = [];
  #next_cookie: bigint = cookie_dotdot + 1n;
  #removed = false;

  constructor(volume: Volume, parent: MemoryDirectory | null) {
    super(volume);
    this.parent = parent;
    this.nlink = 2n;
  }

  override get size(): bigint {
    return BigInt(this.#names.size);
  }

  override releaseIfUnused(): void {
    if (this.#removed) this.volume.take(-inode_bytes);
  }

  child(name: string): Child | null {
    return this.#names.get(name)?.child ?? null;
  }

  walk(names: readonly string[]): Walked {
    return walkFrom(this, names);
  }

  list(cookie: bigint): readonly DirectoryEntry[] {
    const listed: DirectoryEntry[] = [];
    if (this.#removed) return listed;
    if (cookie < cookie_dot) listed.push({ name: '.', ino: this.ino, type: this.type, next: cookie_dot });
    if (cookie < cookie_dotdot)
      listed.push({ name: '..', ino: (this.parent ?? this).ino, type: this.type, next: cookie_dotdot });
    for (let i = this.#after(cookie); i < this.#order.length && listed.length < entries_per_list; i++) {
      const { name, child, cookie: next } = this.#order[i]!;
      if (child !== null) listed.push({ name, ino: child.ino, type: child.type, next });
    }
    return listed;
  }

  statChild(name: string): Stat {
    return this.#existing(name).stat();
  }

  open(name: string, options: OpenOptions): File {
    const found = this.child(name);
    if (found === null) {
      if (!options.create || this.#removed) throw fail('NOENT');
      return new OpenRegular(
        this.#add(name, () => new Regular(this.volume)),
        options,
      );
    }
    if (options.create && options.exclusive) throw fail('EXIST');
    if (found instanceof Link) throw fail('LOOP');
    if (found instanceof MemoryDirectory) throw fail('ISDIR');
    if (options.truncate) found.setLength(0);
    return new OpenRegular(found, options);
  }

  makeDirectory(name: string): void {
    this.#mustBeFree(name);
    this.#add(name, () => new MemoryDirectory(this.volume, this));
  }

  removeDirectory(name: string): void {
    const found = this.#existing(name);
    if (!(found instanceof MemoryDirectory)) throw fail('NOTDIR');
    if (found.#names.size > 0) throw fail('NOTEMPTY');
    this.#remove(name);
    found.#remove_self();
  }

  unlink(name: string): void {
    const found = this.#existing(name);
    if (found instanceof MemoryDirectory) throw fail('ISDIR');
    this.#remove(name);
    found.unlinked();
  }

  symlink(target: string, name: string): void {
    this.#mustBeFree(name);
    this.#add(name, () => new Link(this.volume, target));
  }

  readlink(name: string): string {
    const found = this.#existing(name);
    if (!(found instanceof Link)) throw fail('INVAL');
    return found.target;
  }

  rename(name: string, to: Directory, to_name: string): void {
    const moved = this.#existing(name);
    if (!(to instanceof MemoryDirectory) || to.volume !== this.volume) throw fail('XDEV');
    if (to.#removed) throw fail('NOENT');
    const replaced = to.child(to_name);
    if (moved === replaced) return;
    if (moved instanceof MemoryDirectory) {
      if (isWithin(to, moved)) throw fail('INVAL');
      if (replaced !== null && !(replaced instanceof MemoryDirectory)) throw fail('NOTDIR');
      if (replaced !== null && replaced.#names.size > 0) throw fail('NOTEMPTY');
    } else if (replaced instanceof MemoryDirectory) {
      throw fail(isWithin(this, replaced) ? 'NOTEMPTY' : 'ISDIR');
    }
    to.volume.take(entryBytes(to_name));
    if (replaced !== null) {
      to.#remove(to_name);
      if (replaced instanceof MemoryDirectory) replaced.#remove_self();
      else replaced.unlinked();
    }
    this.#remove(name);
    to.#put(to_name, moved);
    if (moved instanceof MemoryDirectory) moved.parent = to;
    moved.ctim = this.volume.now();
  }

  link(name: string, to: Directory, to_name: string): void {
    const found = this.#existing(name);
    if (!(to instanceof MemoryDirectory) || to.volume !== this.volume) throw fail('XDEV');
    if (found instanceof MemoryDirectory) throw fail('PERM');
    to.#mustBeFree(to_name);
    to.#add(to_name, () => found);
    found.ctim = this.volume.now();
  }

  setChildTimes(name: string, times: Times): void {
    this.#existing(name).setTimes(times);
  }

  sync(): void {
    // Memory is as safe as it gets.
  }

  close(): void {
    // Nothing is held for a descriptor.
  }

  /** Puts a file with `content`, which is kept and not copied, under a free name. */
  addFile(name: string, content: Uint8Array): void {
    this.#mustBeFree(name);
    this.#add(name, () => new Regular(this.volume, content));
  }

  #existing(name: string): Child {
    const found = this.child(name);
    if (found === null) throw fail('NOENT');
    return found;
  }

  #mustBeFree(name: string): void {
    if (this.#removed) throw fail('NOENT');
    if (this.child(name) !== null) throw fail('EXIST');
  }

  /** Puts what `make` gives under `name`; nothing is taken when there is no room for either. */
  #add<T extends Child>(name: string, make: () => T): T {
    this.volume.take(entryBytes(name));
    let child: T;
    try {
      child = make();
    } catch (thrown) {
      this.volume.take(-entryBytes(name));
      throw thrown;
    }
    if (!(child instanceof MemoryDirectory)) child.nlink++;
    this.#put(name, child);
    return child;
  }

  /** The room for the name has been taken. */
  #put(name: string, child: Child): void {
    const entry: Entry = { name, cookie: this.#next_cookie++, child };
    this.#names.set(name, entry);
    this.#order.push(entry);
    if (child instanceof MemoryDirectory) this.nlink++;
    this.touch();
  }

  #remove(name: string): void {
    const entry = this.#names.get(name)!;
    this.volume.take(-entryBytes(name));
    if (entry.child instanceof MemoryDirectory) this.nlink--;
    entry.child = null;
    this.#names.delete(name);
    if (this.#order.length > 16 && this.#order.length > this.#names.size * 2)
      this.#order = this.#order.filter(({ child }) => child !== null);
    this.touch();
  }

  #remove_self(): void {
    this.#removed = true;
    this.nlink = 0n;
    this.releaseIfUnused();
  }

  /** The place in the order of the first entry after `cookie`. */
  #after(cookie: bigint): number {
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order[middle]!.cookie <= cookie) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether `directory` is `above` or lies below it. */
function isWithin(directory: MemoryDirectory, above: MemoryDirectory): boolean {
  for (let at: MemoryDirectory | null = directory; at !== null; at = at.parent) if (at === above) return true;
  return false;
}

function walkFrom(start: MemoryDirectory, names: readonly string[]): Walked {
  let directory = start;
  for (const [taken, name] of names.entries()) {
    const child = directory.child(name);
    if (child instanceof MemoryDirectory) {
      directory = child;
      continue;
    }
    if (child === null) return { directory, taken, stopped: null };
    if (child instanceof Link)
      return { directory, taken, stopped: { type: child.type, target: child.target, absolute_links: 'from-root' } };
    return { directory, taken, stopped: { type: child.type } };
  }
  return { directory, taken: names.length };
}
