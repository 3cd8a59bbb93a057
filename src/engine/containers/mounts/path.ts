import { posix } from 'node:path';

import { WherryError } from '../../../errors/index.ts';

/** A path without `.`, `..`, doubled or trailing slashes. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/**
 * The place of a mount in a container.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function checkDestination(path: string): string {
  const clean = cleanPath(path);
  if (clean === '/') throw new WherryError('InvalidArgument', "invalid specification: destination can't be '/'");
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new WherryError('InvalidArgument', `invalid mount path: '${path}' mount path must be absolute`);
  }
  return clean;
}
