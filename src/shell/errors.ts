import { errno, type ErrnoName } from '../wasi/index.ts';

/** Why a command could not do what it was to do, in the words it says it with; `status` is how it ends. */
export class CommandFault extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** The shell, or the subshell that it happens in, ends with `status`. */
export class Exit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** Somebody pressed the key that ends what runs. */
export class Interrupted extends Error {}

/** A way out of the commands around. */
export class Leave extends Error {
  readonly way: 'return' | 'break' | 'continue';
  /** The status of a return; how many loops otherwise. */
  count: number;

  constructor(way: Leave['way'], count: number) {
    super(way);
    this.way = way;
    this.count = count;
  }
}

/** As strerror(3) says it. */
const texts: Partial<Record<ErrnoName, string>> = {
  ACCES: 'Permission denied',
  AGAIN: 'Resource temporarily unavailable',
  BADF: 'Bad file descriptor',
  BUSY: 'Device or resource busy',
  DQUOT: 'Disk quota exceeded',
  EXIST: 'File exists',
  FBIG: 'File too large',
  INVAL: 'Invalid argument',
  IO: 'Input/output error',
  ISDIR: 'Is a directory',
  LOOP: 'Too many levels of symbolic links',
  NAMETOOLONG: 'File name too long',
  NOENT: 'No such file or directory',
  NOSPC: 'No space left on device',
  NOTCAPABLE: 'Operation not permitted',
  NOTDIR: 'Not a directory',
  NOTEMPTY: 'Directory not empty',
  NOTSUP: 'Operation not supported',
  NXIO: 'No such device or address',
  PERM: 'Operation not permitted',
  PIPE: 'Broken pipe',
  ROFS: 'Read-only file system',
  XDEV: 'Invalid cross-device link',
};

/** The name of the errno that was thrown, whichever copy of this code threw it; null when it is something else. */
export function errnoName(error: unknown): ErrnoName | null {
  if (typeof error !== 'object' || error === null || !('name' in error) || !('number' in error)) return null;
  const { name } = error;
  return typeof name === 'string' && Object.hasOwn(errno, name) ? (name as ErrnoName) : null;
}

/**
 * What to say of a failure: of a file, of a command.
 *
 * @throws the error itself when it is neither
 */
export function reasonOf(error: unknown): string {
  const name = errnoName(error);
  if (name !== null) return texts[name] ?? `Error ${name}`;
  if (error instanceof CommandFault) return error.message;
  throw error;
}
