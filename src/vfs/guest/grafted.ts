import type { Directory, DirectoryEntry, File, OpenOptions, Stat, Times, Walked } from '../../wasi/index.ts';

/** A directory from elsewhere, hung into the tree: itself in everything but what lies above it. */
export class GraftedDirectory implements Directory {
  readonly #inner: Directory;
  readonly #above: () => Directory | null;

  constructor(inner: Directory, above: () => Directory | null) {
    this.#inner = inner;
    this.#above = above;
  }

  get parent(): Directory | null {
    return this.#above();
  }

  stat(): Stat {
    return this.#inner.stat();
  }

  walk(names: readonly string[]): Walked {
    const walked = this.#inner.walk(names);
    return walked.directory === this.#inner ? { ...walked, directory: this } : walked;
  }

  list(cookie: bigint): readonly DirectoryEntry[] {
    const above = this.#above() ?? this;
    return this.#inner.list(cookie).map((entry) => (entry.name === '..' ? { ...entry, ino: above.stat().ino } : entry));
  }

  statChild(name: string): Stat {
    return this.#inner.statChild(name);
  }

  open(name: string, options: OpenOptions): File {
    return this.#inner.open(name, options);
  }

  makeDirectory(name: string): void {
    this.#inner.makeDirectory(name);
  }

  removeDirectory(name: string): void {
    this.#inner.removeDirectory(name);
  }

  unlink(name: string): void {
    this.#inner.unlink(name);
  }

  symlink(target: string, name: string): void {
    this.#inner.symlink(target, name);
  }

  readlink(name: string): string {
    return this.#inner.readlink(name);
  }

  rename(name: string, to: Directory, to_name: string): void {
    this.#inner.rename(name, to instanceof GraftedDirectory ? to.#inner : to, to_name);
  }

  link(name: string, to: Directory, to_name: string): void {
    this.#inner.link(name, to instanceof GraftedDirectory ? to.#inner : to, to_name);
  }

  setTimes(times: Times): void {
    this.#inner.setTimes(times);
  }

  setChildTimes(name: string, times: Times): void {
    this.#inner.setChildTimes(name, times);
  }

  sync(): void {
    this.#inner.sync();
  }

  close(): void {}
}
