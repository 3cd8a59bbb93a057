import type { Mount } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { entryType } from '../../../oci/index.ts';
import { ImageFiles } from '../../image-files.ts';

/**
 * Checks that the place where a guest is to start is no file of its image. What is not there is made at the start; what
 * a symbolic link leads to is seen only then.
 *
 * @param covered places in the container where something else is mounted
 * @throws WherryError Unknown with Docker's text
 */
export function checkWorkingDirectory(path: string, covered: readonly string[], mounts: readonly Mount[]): void {
  if (covered.some((place) => path === place || path.startsWith(`${place}/`))) return;
  const image = ImageFiles.open(mounts);
  try {
    const { index } = image;
    let entry = index.root;
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (entry < 0 || index.type(entry) !== entryType.directory) return;
      entry = index.child(entry, name);
    }
    if (entry < 0) return;
    const type = index.type(entry);
    if (type === entryType.directory || type === entryType.symlink) return;
  } finally {
    image.close();
  }
  throw new WherryError('Unknown', `Cannot mkdir: ${path} is not a directory`);
}
