import { touched_directories_max } from '../../limits/index.ts';

/**
 * The directories of a root filesystem that were touched, each told once: to who asked in the reply, to the other
 * processes of the container in a notice before it. The paths are written as in the guest's `Touched`.
 */
export class Announcements {
  readonly #told: Set<string>;
  #pending: string[] = [];
  #everything = false;

  constructor(paths: readonly string[]) {
    this.#told = new Set();
    for (const path of paths) this.touch(path);
    this.#pending = [];
  }

  /** All that was touched so far, for a process that starts now. */
  get all(): readonly string[] {
    return [...this.#told];
  }

  touch(path: string): void {
    if (this.#everything || this.#told.has(path)) return;
    if (this.#told.size >= touched_directories_max) {
      // From here on the broker is asked for everything.
      this.#everything = true;
      this.#told.clear();
      this.#told.add('/');
      this.#pending.push('/');
      return;
    }
    this.#told.add(path);
    this.#pending.push(path);
  }

  /** Says it again: a directory of the image is gone, which others may believe in. */
  removed(path: string): void {
    this.touch(path);
    if (!this.#pending.includes(path)) this.#pending.push(path);
  }

  /** What is to be told now. */
  take(): readonly string[] {
    const pending = this.#pending;
    this.#pending = [];
    return pending;
  }
}
