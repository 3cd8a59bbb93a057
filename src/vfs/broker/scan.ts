import { entryType, type LayerIndex } from '../../oci/index.ts';
import { close, removeDirectoryAt, statDescriptor, unlinkAt } from '../../os/index.ts';
import { filetype } from '../../wasi/index.ts';
import { isOpaque, joined, listUpper, openDirectory } from './union-view.ts';
import { isReserved, opaque_marker, private_prefix } from './whiteout.ts';

/**
 * Looks through a writable layer for the directories in which it differs from the image, written as in the guest's
 * `Touched`, and clears away what a broker that was killed left half done.
 */
export function scanUpper(root: number, index: LayerIndex): string[] {
  const touched: string[] = [];
  scanDirectory(root, '', index.root, index, touched);
  return touched;
}

function scanDirectory(directory: number, path: string, entry: number, index: LayerIndex, touched: string[]): void {
  let differs = path !== '' && statDescriptor(directory).mtime_ns !== index.mtime_ns(entry);
  const leftovers: string[] = [];
  listUpper(directory, 0n, ({ name, type }) => {
    if (name.startsWith(private_prefix) && name !== opaque_marker) {
      leftovers.push(name);
      return true;
    }
    const child = isReserved(name) ? -1 : index.child(entry, name);
    const merged = child >= 0 && index.type(child) === entryType.directory && type === filetype.directory;
    if (merged && !isOpaque(directory, name)) {
      const fd = openDirectory(directory, name);
      try {
        scanDirectory(fd, joined(path, name), child, index, touched);
      } finally {
        close(fd);
      }
    } else {
      differs = true;
      if (merged) touched.push(`${joined(path, name)}/`);
    }
    return true;
  });
  if (differs) touched.push(path);
  for (const name of leftovers) clearAway(directory, name);
}

/** Removes something private with all that is in it. */
export function clearAway(directory: number, name: string): void {
  const inside: string[] = [];
  let fd: number;
  try {
    fd = openDirectory(directory, name);
  } catch {
    unlinkAt(directory, name);
    return;
  }
  try {
    listUpper(fd, 0n, (entry) => inside.push(entry.name) > 0);
    for (const each of inside) clearAway(fd, each);
  } finally {
    close(fd);
  }
  removeDirectoryAt(directory, name);
}
