import { symlinks_followed_max } from '../limits/index.ts';
import { entryType, type LayerIndex } from '../oci/index.ts';

/** What lies at an absolute path of an image, through symbolic links that stay in it; -1 when nothing does. */
export function entryAt(index: LayerIndex, path: string): number {
  const todo = path.split('/').reverse();
  let links = symlinks_followed_max;
  let entry = index.root;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      entry = index.parent(entry);
      continue;
    }
    const child = index.type(entry) === entryType.directory ? index.child(entry, name) : -1;
    if (child < 0) return -1;
    if (index.type(child) !== entryType.symlink) {
      entry = child;
      continue;
    }
    if (links-- === 0) return -1;
    const target = index.target(child);
    if (target.startsWith('/')) entry = index.root;
    todo.push(...target.split('/').reverse());
  }
  return entry;
}
