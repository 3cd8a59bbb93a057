import type { FilesystemUser } from '../os/index.ts';
import { fail } from '../wasi/index.ts';

/** Owner and permission bits, as files are judged by. */
export interface Owned {
  readonly uid: number;
  readonly gid: number;
  /** Permission, set-id and sticky bits: 12 of them. */
  readonly mode: number;
}

/** What an operation wants of a file or directory: the bits of one digit of a mode. */
export const access = { search: 1, write: 2, read: 4 } as const;

/** Whether Linux would let `user` do what the bits in `wanted` say. */
export function mayAccess(user: FilesystemUser, file: Owned, wanted: number): boolean {
  if (user.uid === 0) return true;
  let shift = 0;
  if (user.uid === file.uid) shift = 6;
  else if (user.gid === file.gid || user.groups.includes(file.gid)) shift = 3;
  return ((file.mode >> shift) & wanted) === wanted;
}

/** Throws ACCES unless `user` may. */
export function demand(user: FilesystemUser, file: Owned, wanted: number): void {
  if (!mayAccess(user, file, wanted)) throw fail('ACCES');
}

/** Whether the sticky bit of `directory` keeps `user` from removing or replacing `file` in it. */
export function isStuck(user: FilesystemUser, directory: Owned, file: Owned): boolean {
  const sticky = (directory.mode & 0o1000) !== 0;
  return sticky && user.uid !== 0 && user.uid !== file.uid && user.uid !== directory.uid;
}
