import { type DirectoryEntry, Errno, filetype, type Stat } from '../../wasi/index.ts';
import { filetypeOfEntry } from '../stat.ts';
import type { Space } from './space.ts';

/** The most entries of an image that one call of `entriesOfImage` gives. */
const page_entries = 256;

/** What a directory that is listed answers. */
export interface Listed {
  /** The names of the places of mounts in it, or of what leads to them. */
  readonly places: readonly string[];
  stat(): Stat;
  /** The inode of the directory above, its own at the top. */
  inodeAbove(): bigint;
  statChild(name: string): Stat;
  /** What its tree has after `from`, in pages; an empty one is the end. */
  page(from: bigint): readonly DirectoryEntry[];
}

/**
 * The entries of a directory after `cookie`: `.`, `..`, the places of mounts, then what its tree has under other
 * names. The cookies of the tree's entries follow the fixed ones. An empty list is the end.
 *
 * @throws Errno as the directory's own questions throw it
 */
export function listDirectory(listed: Listed, cookie: bigint): readonly DirectoryEntry[] {
  const { places } = listed;
  const fixed = 2n + BigInt(places.length);
  if (cookie < fixed) {
    const entries = fixedEntries(listed, Number(cookie));
    // Places that are gone leave nothing, which would read as the end.
    if (entries.length > 0) return entries;
    cookie = fixed;
  }
  for (let from = cookie - fixed; ;) {
    const entries = listed.page(from);
    const shown: DirectoryEntry[] = [];
    for (const entry of entries) {
      if (!places.includes(entry.name)) shown.push({ ...entry, next: entry.next + fixed });
    }
    if (shown.length > 0 || entries.length === 0) return shown;
    from = entries.at(-1)!.next;
  }
}

/** The entries of the image's directory `entry` after `from`, which counts its children. */
export function entriesOfImage(index: Space['index'], entry: number, from: bigint): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  const end = Math.min(index.childCount(entry), Number(from) + page_entries);
  for (let i = Number(from); i < end; i++) {
    const child = index.childAt(entry, i);
    entries.push({
      name: index.name(child),
      ino: BigInt(index.ino(child)),
      type: filetypeOfEntry(index, child),
      next: BigInt(i + 1),
    });
  }
  return entries;
}

/** `.`, `..` and the places of mounts, from the `first` of them. */
function fixedEntries(listed: Listed, first: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (let i = first; i < 2 + listed.places.length; i++) {
    const next = BigInt(i + 1);
    if (i === 0) entries.push({ name: '.', ino: listed.stat().ino, type: filetype.directory, next });
    else if (i === 1) entries.push({ name: '..', ino: listed.inodeAbove(), type: filetype.directory, next });
    else addPlace(listed, listed.places[i - 2]!, next, entries);
  }
  return entries;
}

function addPlace(listed: Listed, name: string, next: bigint, entries: DirectoryEntry[]): void {
  try {
    const { ino, type } = listed.statChild(name);
    entries.push({ name, ino, type, next });
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
  }
}
