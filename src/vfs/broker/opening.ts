import { type FileStat, O, S } from '../../os/index.ts';
import { fail, type OpenOptions } from '../../wasi/index.ts';

/** Refuses everything but a regular file, and with `special` but a pipe or a device. */
export function demandFile({ mode }: FileStat, special: boolean): void {
  switch (mode & S.IFMT) {
    case S.IFREG:
      return;
    case S.IFDIR:
      throw fail('ISDIR');
    case S.IFLNK:
      throw fail('LOOP');
    case S.IFSOCK:
      throw fail('NXIO');
    default:
      if (!special) throw fail('ACCES');
  }
}

/** Linux's flags for opening; dsync and sync are the guest's own business, nonblock too. */
export function openFlags(options: OpenOptions): number {
  let flags = O.RDONLY;
  if (options.write) flags = options.read ? O.RDWR : O.WRONLY;
  if (options.create) flags |= O.CREAT;
  if (options.create && options.exclusive) flags |= O.EXCL;
  if (options.truncate) flags |= O.TRUNC;
  if (options.append) flags |= O.APPEND;
  return flags;
}
