import { constants } from 'node:os';

/** Linux errno numbers by name, e.g. `errno.ENOENT`. */
export const errno: typeof constants.errno = constants.errno;
