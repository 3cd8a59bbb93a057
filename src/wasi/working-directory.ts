import { Errno, fail } from './errno.ts';
import type { OpenDirectory } from './descriptors.ts';
import type { Directory } from './files.ts';
import { parsePath, type Path } from './path.ts';
import { exists, type Place, resolve, type Start } from './resolver.ts';

/**
 * How paths through a descriptor are found. Preview 1 knows no working directory, and libc makes `x` and `/x` the same
 * request, `x` through the one preopen. So a path through the preopen is resolved from `/` and, when nothing is there,
 * from the working directory; `.` alone is the working directory. What is to be created goes to the working directory
 * when its parent exists only there, or when it is a single name that is not in `/`. A path through a directory that
 * the guest opened stays below that directory, whatever links lie in it.
 */
export class PathFinder {
  readonly #root: Directory;
  readonly #from_root: Start;
  readonly #working: Path | null;
  #from_working: Start | null = null;

  /** `working_directory` is absolute. */
  constructor(root: Directory, working_directory: string) {
    this.#root = root;
    this.#from_root = { directory: root, depth: 0, floor: 0, root };
    const path = parsePath(working_directory);
    this.#working = path.names.length === 0 ? null : path;
  }

  /** The place that `path` through `opened` means; throws what the walk met, but not for a last name that is free. */
  find(opened: OpenDirectory, path: Path, follow: boolean): Place {
    if (opened.preopen === null)
      return resolve({ directory: opened.directory, depth: 0, floor: 0, root: null }, path, follow);
    if (this.#working === null || opened.directory !== this.#root) {
      const start = opened.directory === this.#root ? this.#from_root : startAt(opened.directory);
      return resolve(start, path, follow);
    }
    return path.names.length === 0 ? resolve(this.#workingDirectory(), path, follow) : this.#findInBoth(path, follow);
  }

  #findInBoth(path: Path, follow: boolean): Place {
    const above = this.#tryFrom(this.#from_root, path, follow);
    if (above !== null && exists(above)) return above;
    let here: Place;
    try {
      here = resolve(this.#workingDirectory(), path, follow);
    } catch (thrown) {
      if (above !== null && thrown instanceof Errno) return above;
      throw thrown;
    }
    if (exists(here) || above === null) return here;
    const single_and_free = path.names.length === 1 && !above.linked;
    return single_and_free ? here : above;
  }

  /** The place from `start`, null when the way to it ends in NOENT. */
  #tryFrom(start: Start, path: Path, follow: boolean): Place | null {
    try {
      return resolve(start, path, follow);
    } catch (thrown) {
      if (thrown === fail('NOENT')) return null;
      throw thrown;
    }
  }

  /** Kept once found, as a process keeps its working directory when that is renamed. */
  #workingDirectory(): Start {
    if (this.#from_working !== null) return this.#from_working;
    const { at } = resolve(this.#from_root, this.#working!, true);
    if (at === null) throw fail('NOENT');
    let depth = 0;
    for (let above = at.parent; above !== null; above = above.parent) depth++;
    this.#from_working = { directory: at, depth, floor: depth, root: this.#root };
    return this.#from_working;
  }
}

function startAt(directory: Directory): Start {
  return { directory, depth: 0, floor: 0, root: directory };
}
