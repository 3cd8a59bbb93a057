import { touched_directories_max } from '../../limits/index.ts';

/**
 * Where the writable layer differs from the image: the directories that only the broker can answer for. A path is
 * below the root, without a slash before it, `''` the root itself. With a slash behind it, it says that nothing of the
 * image is to be seen there or below: the directory is another one, made after the image's was removed.
 */
export class Touched {
  readonly #directories: Set<string> = new Set();
  readonly #replaced: Set<string> = new Set();
  /** Directories of the image that the broker was asked for and that still are the image's. */
  readonly #confirmed: Set<string> = new Set();

  constructor(paths: readonly string[]) {
    for (const path of paths) this.add(path);
  }

  add(path: string): void {
    if (path.endsWith('/')) {
      this.#replaced.add(path.slice(0, -1));
      this.#confirmed.clear();
    } else {
      this.#directories.add(path);
    }
    // Asking the broker for everything is always right, only slower.
    if (this.#directories.size + this.#replaced.size > touched_directories_max) {
      this.#directories.clear();
      this.#replaced.clear();
      this.#replaced.add('');
      this.#confirmed.clear();
    }
  }

  has(path: string): boolean {
    return this.#directories.has(path) || this.isReplaced(path);
  }

  /** Whether the directory, or one it lies in, has nothing of the image. */
  isReplaced(path: string): boolean {
    if (this.#replaced.size === 0) return false;
    if (this.#replaced.has('')) return true;
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (this.#replaced.has(path.slice(0, end))) return true;
    }
    return this.#replaced.has(path);
  }

  confirm(path: string): void {
    if (this.#confirmed.size >= touched_directories_max) this.#confirmed.clear();
    this.#confirmed.add(path);
  }

  isConfirmed(path: string): boolean {
    return this.#confirmed.has(path);
  }

  /** Something may have been removed: what was confirmed has to be asked again. */
  doubt(): void {
    this.#confirmed.clear();
  }
}
