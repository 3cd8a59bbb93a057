/** Marks in the writable layer: whiteouts, and that a directory hides what the image has under its name. */
import { close, errno as linux, O, openAt, setTimes, statDescriptor, SystemError, unlinkAt } from '../../os/index.ts';
import { openDirectory } from './union-view.ts';
import { opaque_marker, whiteoutOf } from './whiteout.ts';

/** Makes an empty file that is a mark: a whiteout, or that a directory is opaque. */
export function mark(directory: number, name: string): void {
  close(openAt(directory, name, O.WRONLY | O.CREAT | O.NOFOLLOW, 0o600));
}

export function markInside(directory: number, name: string): void {
  const fd = openDirectory(directory, name);
  try {
    const { atime_ns, mtime_ns } = statDescriptor(fd);
    mark(fd, opaque_marker);
    // For the guest nothing changed there.
    setTimes(fd, atime_ns, mtime_ns);
  } finally {
    close(fd);
  }
}

/** Takes away the whiteout of a name that has something again. */
export function reveal(directory: number, name: string): void {
  try {
    unlinkAt(directory, whiteoutOf(name));
  } catch (error) {
    const nothing: number[] = [linux.ENOENT, linux.ENAMETOOLONG];
    if (!(error instanceof SystemError) || !nothing.includes(error.errno)) throw error;
  }
}
