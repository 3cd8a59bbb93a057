import { close, O } from './descriptors.ts';
import { errno } from './errno.ts';
import { SystemError } from './library.ts';
import { openAt, openBeneath, RESOLVE, S, statAt, statDescriptor } from './paths.ts';

/** Opens a relative path that stays beneath `directory` and passes no symlink. */
export type OpenInside = (directory: number, path: string, flags: number, mode?: number) => number;

const contained = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_MAGICLINKS;

/** `OpenInside` by openat2: the kernel does all of it in one call. */
export const openInsideByKernel: OpenInside = (directory, path, flags, mode = 0) =>
  openBeneath(directory, path, flags, mode, contained);

/**
 * `OpenInside` for kernels and filters that refuse openat2: one component after the other, each opened on the one
 * before without following it. Answers as openat2 does: EXDEV for `..` and absolute paths, ELOOP for a symlink.
 */
export const openInsideByWalking: OpenInside = (directory, path, flags, mode = 0) => {
  if (path.startsWith('/')) throw new SystemError('openat', errno.EXDEV, path);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) throw new SystemError('openat', errno.EXDEV, path);
  const last = names.pop() ?? '.';
  let at = directory;
  try {
    for (const name of names) {
      const next = openComponent(at, name, O.PATH | O.DIRECTORY, 0, path);
      if (at !== directory) close(at);
      at = next;
    }
    const fd = openComponent(at, last, flags, mode, path);
    // With O_PATH a symlink is opened itself; openat2 allows that only to whoever asked not to follow.
    if ((flags & O.PATH) === 0 || (flags & O.NOFOLLOW) !== 0) return fd;
    if ((statDescriptor(fd).mode & S.IFMT) !== S.IFLNK) return fd;
    close(fd);
    throw new SystemError('openat', errno.ELOOP, path);
  } finally {
    if (at !== directory) close(at);
  }
};

function openComponent(at: number, name: string, flags: number, mode: number, path: string): number {
  try {
    return openAt(at, name, flags | O.NOFOLLOW, mode);
  } catch (error) {
    // O_DIRECTORY on a symlink says ENOTDIR: tell it from a file.
    if (!(error instanceof SystemError) || error.errno !== errno.ENOTDIR) throw error;
    if ((statAt(at, name).mode & S.IFMT) === S.IFLNK) throw new SystemError('openat', errno.ELOOP, path);
    throw error;
  }
}

let chosen: OpenInside | null = null;

/** `OpenInside` by openat2 where it works, else by walking; tried out once, at the first call. */
export const openInside: OpenInside = (directory, path, flags, mode) => {
  chosen ??= kernelOpens(directory) ? openInsideByKernel : openInsideByWalking;
  return chosen(directory, path, flags, mode);
};

function kernelOpens(directory: number): boolean {
  try {
    close(openInsideByKernel(directory, '.', O.PATH));
    return true;
  } catch (error) {
    if (error instanceof SystemError && (error.errno === errno.ENOSYS || error.errno === errno.EPERM)) return false;
    throw error;
  }
}
