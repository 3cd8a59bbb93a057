import { directory_moves_remembered_max } from '../../limits/index.ts';

interface Move {
  readonly mount: number;
  readonly from: string;
  /** Null when the directory was removed. */
  readonly to: string | null;
}

/**
 * The directories that this guest renamed and removed. A directory is known to the broker by its path; one that is
 * open follows its own moves here, when it is used next.
 */
export class Moves {
  #moves: Move[] = [];
  #dropped = 0;

  /** How many there ever were: the position of somebody who knows them all. */
  get count(): number {
    return this.#dropped + this.#moves.length;
  }

  add(mount: number, from: string, to: string | null): void {
    this.#moves.push({ mount, from, to });
    if (this.#moves.length <= directory_moves_remembered_max) return;
    const half = directory_moves_remembered_max / 2;
    this.#moves = this.#moves.slice(half);
    this.#dropped += half;
  }

  /** Where the directory that was at `path` is after the moves since `position`; null when it is gone. */
  follow(mount: number, path: string, position: number): string | null {
    if (path === '') return path;
    if (position < this.#dropped) return null;
    let at = path;
    for (let i = position - this.#dropped; i < this.#moves.length; i++) {
      const move = this.#moves[i]!;
      if (move.mount !== mount) continue;
      if (isWithin(at, move.from)) {
        if (move.to === null) return null;
        at = move.to + at.slice(move.from.length);
      } else if (move.to !== null && isWithin(at, move.to)) {
        return null;
      }
    }
    return at;
  }
}

/** Whether `path` is `directory` or below it. */
function isWithin(path: string, directory: string): boolean {
  return path.startsWith(directory) && (path.length === directory.length || path[directory.length] === '/');
}
