import { fail } from './errno.ts';
import type { File, Files } from './files.ts';
import { parsePath } from './path.ts';
import { exists, nothingAt, resolve } from './resolver.ts';

/**
 * Opens the file at an absolute path for reading, as its embedder and not as a guest: symlinks are followed wherever
 * they lead inside `files`. Throws an `Errno`: NOENT, ISDIR, ACCES, LOOP and the rest.
 */
export function openPath(files: Files, path: string): File {
  const from_root = { directory: files.root, depth: 0, floor: 0, root: files.root };
  const place = resolve(from_root, parsePath(path), true);
  if (!exists(place)) throw nothingAt(place);
  if (place.at !== null || place.name === null) throw fail('ISDIR');
  return place.directory.open(place.name, {
    read: true,
    write: false,
    create: false,
    exclusive: false,
    truncate: false,
    append: false,
    nonblock: false,
    dsync: false,
    sync: false,
  });
}
