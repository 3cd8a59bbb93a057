import { entryType, type LayerIndex } from '../../oci/index.ts';

/** What one merged view has that another has not. */
export interface Difference {
  /** Whether an entry of the newer view must be written over the older one. */
  wanted(entry: number): boolean;
  /** Names that the older view has in a directory of the newer one, and the newer has not. */
  removed(entry: number): readonly Uint8Array[];
}

/**
 * Compares two merged views of a chain, one with a layer more than the other. What a layer changes may depend on the
 * layers below it (it makes a file without saying of what kind the folder is; it links to a file it does not have):
 * the difference of the views is what an overlay has to have above the older one.
 */
export function differenceOf(newer: LayerIndex, older: LayerIndex): Difference {
  const count = newer.entryCount;
  /** The entry of the older view in the same place, -1 for none. */
  const before = new Int32Array(count).fill(-1);
  const wanted = new Uint8Array(count);
  const removed = new Map<number, Uint8Array[]>();
  before[0] = 0;
  wanted[0] = 1;
  // Children stand after their directory.
  for (let e = 0; e < count; e++) {
    if (newer.type(e) !== entryType.directory) continue;
    const old = before[e]!;
    const names = old >= 0 && older.type(old) === entryType.directory ? old : -1;
    for (let i = 0; i < newer.childCount(e); i++) {
      const child = newer.childAt(e, i);
      const same = names < 0 ? -1 : older.child(names, newer.nameBytes(child));
      before[child] = same;
      if (same < 0 || !isSame(newer, child, older, same)) wanted[child] = 1;
    }
    if (names < 0) continue;
    for (let i = 0; i < older.childCount(names); i++) {
      const name = older.nameBytes(older.childAt(names, i));
      if (newer.child(e, name) >= 0) continue;
      const list = removed.get(e);
      if (list === undefined) removed.set(e, [Uint8Array.from(name)]);
      else list.push(Uint8Array.from(name));
      wanted[e] = 1;
    }
  }
  // One name of a file takes the others with it.
  const linked = new Set<number>();
  for (let e = 0; e < count; e++) if (wanted[e] === 1 && isLinked(newer, e)) linked.add(newer.ino(e));
  for (let e = count - 1; e > 0; e--) {
    if (isLinked(newer, e) && linked.has(newer.ino(e))) wanted[e] = 1;
    if (wanted[e] === 1) wanted[newer.parent(e)] = 1;
  }
  return { wanted: (entry) => wanted[entry] === 1, removed: (entry) => removed.get(entry) ?? [] };
}

function isLinked(index: LayerIndex, entry: number): boolean {
  return index.nlink(entry) > 1 && index.type(entry) !== entryType.directory;
}

/** Whether two entries are the same file; of directories, whether they have the same attributes. */
function isSame(a: LayerIndex, x: number, b: LayerIndex, y: number): boolean {
  const alike =
    a.type(x) === b.type(y) &&
    a.mode(x) === b.mode(y) &&
    a.uid(x) === b.uid(y) &&
    a.gid(x) === b.gid(y) &&
    a.mtime_ns(x) === b.mtime_ns(y) &&
    sameAttributes(a.xattrs(x), b.xattrs(y));
  if (!alike || a.type(x) === entryType.directory) return alike;
  const same =
    a.layer(x) === b.layer(y) &&
    a.offset(x) === b.offset(y) &&
    a.size(x) === b.size(y) &&
    Buffer.compare(a.targetBytes(x), b.targetBytes(y)) === 0;
  return same;
}

function sameAttributes(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other === undefined || Buffer.compare(value, other) !== 0) return false;
  }
  return true;
}
