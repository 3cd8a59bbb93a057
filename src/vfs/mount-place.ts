import { symlinks_followed_max } from '../limits/index.ts';
import { entryType, type LayerIndex } from '../oci/index.ts';

/**
 * The names of a mount's path after the symlinks of the image are followed, as Docker places mounts: `/var/run/x` lies
 * in `/run` where the image says so. What the image does not have is taken as it stands; `..` stops at the root.
 */
export function placeOfMount(index: LayerIndex, path: string): string[] {
  const todo = path.split('/').reverse();
  const names: string[] = [];
  const entries: number[] = [index.root];
  let links = symlinks_followed_max;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (names.pop() !== undefined) entries.pop();
      continue;
    }
    const directory = entries.at(-1)!;
    const entry = directory < 0 ? -1 : index.child(directory, name);
    if (entry >= 0 && index.type(entry) === entryType.symlink && links-- > 0) {
      const target = index.target(entry);
      if (target.startsWith('/')) {
        names.length = 0;
        entries.length = 1;
      }
      todo.push(...target.split('/').reverse());
      continue;
    }
    names.push(name);
    entries.push(entry >= 0 && index.type(entry) === entryType.directory ? entry : -1);
  }
  return names;
}

/** Directories that are there in every container, whatever its image has. */
export const implied_directories: readonly string[] = ['tmp'];
