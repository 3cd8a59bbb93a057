import { path_bytes_max, symlinks_followed_max } from '../limits/index.ts';
import { type Errno, fail } from './errno.ts';
import { type Directory, filetype, type Node } from './files.ts';
import { isTooLong, parsePath, type Path } from './path.ts';

/** Where a walk starts and how far up it may come. Depths are counted from `bottom`. */
export interface Start {
  readonly directory: Directory;
  readonly depth: number;
  /** The path's own `..` may not be taken at this depth or above it. */
  readonly floor: number;
  /** Where absolute symlinks go; null when none may be followed. */
  readonly root: Directory | null;
}

/** What a path leads to: a directory, something else, or a name where nothing is yet. */
export interface Place {
  /** The directory that holds `name`; that of the place itself when there is no name. */
  readonly directory: Directory;
  /** Null when the path ends in `.` or `..` or leads to a root. */
  readonly name: string | null;
  /** The directory that stands there. */
  readonly at: Directory | null;
  /** What stands there if it is no directory; null when nothing does. */
  readonly node: Node | null;
  /** The path, or the symlink it ended in, ends with a slash. */
  readonly slash: boolean;
  /** The last name was that of a symlink, which was followed. */
  readonly linked: boolean;
}

export function exists(place: Place): boolean {
  return place.at !== null || place.node !== null;
}

/** What it means that a place does not exist: its name may be one that nothing can have. */
export function nothingAt(place: Place): Errno {
  return fail(place.name !== null && isTooLong(place.name) ? 'NAMETOOLONG' : 'NOENT');
}

/**
 * Walks `path` from `start`, one component after another. `..` leaves the directory that was reached, not the name
 * that was written; nothing leads above depth 0, the path's own `..` not above the floor (NOTCAPABLE). A symlink on
 * the way is followed, one at the end if `follow`; more than `symlinks_followed_max` are LOOP. A name that is too long
 * is NAMETOOLONG once the names before it have led to a directory; the last one is for who looks at the place to
 * refuse, see `nothingAt`.
 */
export function resolve(start: Start, path: Path, follow: boolean): Place {
  let { directory, depth, floor } = start;
  let names = path.names;
  let slash = path.slash;
  let linked = false;
  // `x/.` names what is in x, wherever x leads.
  let into = path.last === 'dot';
  /** Names before this one come from a symlink and are not held by the floor. */
  let own_from = 0;
  let links = 0;
  let i = 0;
  while (i < names.length) {
    if (names[i] === '..') {
      if (depth <= (i >= own_from ? floor : 0) || directory.parent === null) throw fail('NOTCAPABLE');
      directory = directory.parent;
      depth--;
      if (depth < floor) floor = depth;
      i++;
      continue;
    }
    const run = plainRun(names, i);
    if (run.length === 0) {
      if (i < names.length - 1 || into) throw fail('NAMETOOLONG');
      return { directory, name: names[i]!, at: null, node: null, slash, linked };
    }
    const walked = directory.walk(run);
    directory = walked.directory;
    depth += walked.taken;
    i += walked.taken;
    const node = walked.stopped;
    if (node === undefined) continue;
    const name = names[i]!;
    const last = i === names.length - 1;
    if (node === null) {
      if (!last || into) throw fail('NOENT');
      return { directory, name, at: null, node, slash, linked };
    }
    if (node.type !== filetype.symbolic_link || (last && !follow && !into)) {
      if (!last || into) throw fail('NOTDIR');
      return { directory, name, at: null, node, slash, linked };
    }
    if (++links > symlinks_followed_max) throw fail('LOOP');
    const target = node.target ?? '';
    if (target === '') throw fail('NOENT');
    if (target.length > path_bytes_max) throw fail('NAMETOOLONG');
    if (target.startsWith('/')) {
      if (start.root === null || node.absolute_links !== 'from-root') throw fail('NOTCAPABLE');
      directory = start.root;
      depth = 0;
      floor = 0;
    }
    const parsed = parsePath(target);
    if (last) {
      linked = true;
      slash ||= parsed.slash;
      into ||= parsed.last === 'dot';
    }
    own_from = parsed.names.length + Math.max(0, own_from - i - 1);
    names = [...parsed.names, ...names.slice(i + 1)];
    i = 0;
  }
  const name = names.at(-1);
  const parent = directory.parent;
  if (name === undefined || name === '..' || into || parent === null)
    return { directory, name: null, at: directory, node: null, slash, linked };
  return { directory: parent, name, at: directory, node: null, slash, linked };
}

/** The names from `i` on up to the next `..` or the next that is too long. */
function plainRun(names: readonly string[], i: number): readonly string[] {
  let end = i;
  while (end < names.length && names[end] !== '..' && !isTooLong(names[end]!)) end++;
  return i === 0 && end === names.length ? names : names.slice(i, end);
}
