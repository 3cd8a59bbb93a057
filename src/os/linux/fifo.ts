import { bind, check, SystemError } from './library.ts';
import { errno } from './errno.ts';

const c = bind({ mkfifo: { arguments: ['string', 'uint32'], return: 'int32' } });

/** Makes a named pipe at `path`. */
export function makeFifo(path: string, mode: number): void {
  if (path.includes('\0')) throw new SystemError('mkfifo', errno.EINVAL);
  check('mkfifo', c.mkfifo(path, mode), path);
}
