import {
  type Directory,
  exists,
  fail,
  type File,
  type Files,
  filetype,
  type Filetype,
  nothingAt,
  type OpenOptions,
  parsePath,
  type Place,
  resolvePath,
  type Stat,
  type Times,
} from '../wasi/index.ts';
import { toText } from './streams.ts';

const closed: OpenOptions = {
  read: false,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  nonblock: false,
  dsync: false,
  sync: false,
};

export interface Named {
  readonly name: string;
  readonly type: Filetype;
}

/** The files of the container by their paths, from a working directory. Every method throws an errno when it fails. */
export class Tree {
  readonly #files: Files;
  /** Absolute. */
  cwd: string;

  constructor(files: Files, cwd: string) {
    this.#files = files;
    this.cwd = cwd;
  }

  /** The path from the root, without `.` and empty names; `..` takes the name before it. */
  absolute(path: string): string {
    const names: string[] = [];
    for (const name of (path.startsWith('/') ? path : `${this.cwd}/${path}`).split('/')) {
      if (name === '..') names.pop();
      else if (name !== '' && name !== '.') names.push(name);
    }
    return `/${names.join('/')}`;
  }

  stat(path: string): Stat {
    return this.#stat(path, true);
  }

  /** A symlink itself. */
  lstat(path: string): Stat {
    return this.#stat(path, false);
  }

  #stat(path: string, follow: boolean): Stat {
    const place = this.#existing(path, follow);
    return place.at !== null ? place.at.stat() : place.directory.statChild(place.name!);
  }

  /** What is there; null for nothing that can be reached. */
  find(path: string, follow = true): Stat | null {
    try {
      return this.#stat(path, follow);
    } catch {
      return null;
    }
  }

  isDirectory(path: string): boolean {
    return this.find(path)?.type === filetype.directory;
  }

  /** Names in a directory in order, without `.` and `..`. */
  list(path: string): readonly Named[] {
    const directory = this.#directory(path);
    const found: Named[] = [];
    for (let entries = directory.list(0n); entries.length > 0; entries = directory.list(entries.at(-1)!.next))
      for (const { name, type } of entries) if (name !== '.' && name !== '..') found.push({ name, type });
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  openToRead(path: string): File {
    const place = this.#existing(path, true);
    if (place.at !== null) throw fail('ISDIR');
    return place.directory.open(place.name!, { ...closed, read: true });
  }

  openToWrite(path: string, append: boolean): File {
    const place = this.#place(path, true);
    if (place.at !== null) throw fail('ISDIR');
    return place.directory.open(place.name!, { ...closed, write: true, create: true, truncate: !append, append });
  }

  /** All of a file, up to `bytes_max`. */
  read(path: string, bytes_max: number): Uint8Array {
    const file = this.openToRead(path);
    try {
      const pieces: Uint8Array[] = [];
      let size = 0;
      for (;;) {
        const piece = new Uint8Array(64 * 1024);
        const bytes = file.read([piece]) as number;
        if (bytes === 0) break;
        pieces.push(piece.subarray(0, bytes));
        size += bytes;
        if (size > bytes_max) throw fail('FBIG');
      }
      const all = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        all.set(piece, at);
        at += piece.length;
      }
      return all;
    } finally {
      file.close();
    }
  }

  readText(path: string, bytes_max: number): string {
    return toText(this.read(path, bytes_max));
  }

  write(path: string, bytes: Uint8Array): void {
    const file = this.openToWrite(path, false);
    try {
      for (let at = 0; at < bytes.length;) at += file.write([bytes.subarray(at)]) as number;
    } finally {
      file.close();
    }
  }

  makeDirectory(path: string): void {
    const place = this.#place(path, false);
    if (exists(place)) throw fail('EXIST');
    place.directory.makeDirectory(place.name!);
  }

  removeDirectory(path: string): void {
    const { directory, name } = this.#named(path);
    directory.removeDirectory(name);
  }

  unlink(path: string): void {
    const { directory, name } = this.#named(path);
    directory.unlink(name);
  }

  rename(from: string, to: string): void {
    const source = this.#named(from);
    const target = this.#place(to, false);
    if (target.name === null) throw fail('BUSY');
    source.directory.rename(source.name, target.directory, target.name);
  }

  symlink(target: string, path: string): void {
    const place = this.#place(path, false);
    if (exists(place)) throw fail('EXIST');
    place.directory.symlink(target, place.name!);
  }

  link(from: string, to: string): void {
    const source = this.#named(from);
    const target = this.#place(to, false);
    if (exists(target)) throw fail('EXIST');
    source.directory.link(source.name, target.directory, target.name!);
  }

  readlink(path: string): string {
    const { directory, name } = this.#named(path);
    return directory.readlink(name);
  }

  setTimes(path: string, times: Times): void {
    const place = this.#existing(path, true);
    if (place.at !== null) place.at.setTimes(times);
    else place.directory.setChildTimes(place.name!, times);
  }

  #directory(path: string): Directory {
    const place = this.#existing(path, true);
    if (place.at === null) throw fail('NOTDIR');
    return place.at;
  }

  #named(path: string): { readonly directory: Directory; readonly name: string } {
    const { directory, name } = this.#existing(path, false);
    if (name === null) throw fail('BUSY');
    return { directory, name };
  }

  #existing(path: string, follow: boolean): Place {
    const place = this.#place(path, follow);
    if (!exists(place)) throw nothingAt(place);
    return place;
  }

  #place(path: string, follow: boolean): Place {
    if (path === '') throw fail('NOENT');
    const { root } = this.#files;
    const from_root = { directory: root, depth: 0, floor: 0, root };
    // Symlinks count where they are; what would lead above the root stays there.
    const names: string[] = [];
    for (const name of (path.startsWith('/') ? path : `${this.cwd}/${path}`).split('/'))
      if (name !== '..' || names.some((each) => each !== '..')) names.push(name);
    return resolvePath(from_root, parsePath(names.join('/')), follow);
  }
}
