import type { DirectoryEntry, OpenOptions, Stat, Times } from '../../wasi/index.ts';
import type { Opened, Reached } from '../protocol.ts';

/** Names below a mount, already checked: no `.`, no `..`, no `/`, no NUL, none empty. */
export type Names = readonly string[];

/**
 * One tree that a broker serves. Every method is synchronous and throws an `Errno` or a `SystemError` when it fails;
 * `names` being empty means the root of the tree. No method follows a symlink.
 */
export interface Tree {
  /** How many of `names` are directories, one in the other; the first `before` of them have to be. */
  walk(names: Names, before: number): Reached;
  stat(names: Names): Stat;
  /**
   * Gives the entries after `cookie` to `take` until that answers false; `.` and `..` are not among them. An entry's
   * `next` is never 0, and stays valid while others come and go. Any cookie may come from a guest.
   */
  list(names: Names, cookie: bigint, take: (entry: DirectoryEntry) => boolean): void;
  /** Opens a file that is not a directory. The caller closes the descriptor. */
  open(names: Names, options: OpenOptions): Opened;
  makeDirectory(names: Names): void;
  removeDirectory(names: Names): void;
  unlink(names: Names): void;
  symlink(names: Names, target: string): void;
  readlink(names: Names): string;
  /** Gives whether it was a directory that was renamed. */
  rename(from: Names, to: Names): boolean;
  link(from: Names, to: Names): void;
  setTimes(names: Names, times: Times): void;
  sync(names: Names): void;
  close(): void;
}

export function samePath(a: Names, b: Names): boolean {
  return a.length === b.length && isBelow(b, a);
}

/** Whether `names` is `directory` or lies below it. */
export function isBelow(names: Names, directory: Names): boolean {
  return directory.every((name, i) => names[i] === name);
}
