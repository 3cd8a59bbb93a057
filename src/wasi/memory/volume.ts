import { fail } from '../errno.ts';
import type { Filetype, Stat, Times } from '../files.ts';

/** What an inode costs beside its bytes, so that a guest cannot fill memory with empty files. */
export const inode_bytes = 256;

/** What the inodes of one tree share: its bound, its clock, its numbers. */
export class Volume {
  readonly dev: bigint = 1n;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
  readonly #bytes_max: number;
  #used = 0;
  #next_ino = 1n;

  constructor(bytes_max: number, now: () => bigint) {
    this.#bytes_max = bytes_max;
    this.now = now;
  }

  get bytes_left(): number {
    return this.#bytes_max - this.#used;
  }

  /** Takes `bytes`, or gives them back when negative. NOSPC when there are not as many. */
  take(bytes: number): void {
    if (bytes > this.bytes_left) throw fail('NOSPC');
    this.#used += bytes;
  }

  number(): bigint {
    return this.#next_ino++;
  }
}

/** What all inodes have. */
export abstract class Inode {
  readonly volume: Volume;
  readonly ino: bigint;
  abstract readonly type: Filetype;
  nlink = 0n;
  atim: bigint;
  mtim: bigint;
  ctim: bigint;

  /** `bytes` are taken beside what every inode takes. */
  constructor(volume: Volume, bytes = 0) {
    volume.take(inode_bytes + bytes);
    this.volume = volume;
    this.ino = volume.number();
    const now = volume.now();
    this.atim = now;
    this.mtim = now;
    this.ctim = now;
  }

  abstract get size(): bigint;

  stat(): Stat {
    const { ino, type, nlink, size, atim, mtim, ctim } = this;
    return { dev: this.volume.dev, ino, type, nlink, size, atim, mtim, ctim };
  }

  setTimes({ atim, mtim }: Times): void {
    const now = this.volume.now();
    if (atim !== undefined) this.atim = atim === 'now' ? now : atim;
    if (mtim !== undefined) this.mtim = mtim === 'now' ? now : mtim;
    this.ctim = now;
  }

  touch(): void {
    this.mtim = this.volume.now();
    this.ctim = this.mtim;
  }

  /** A name of it is gone. */
  unlinked(): void {
    this.nlink--;
    this.ctim = this.volume.now();
    this.releaseIfUnused();
  }

  /** Gives its bytes back once it has no name and nobody has it open. */
  abstract releaseIfUnused(): void;
}
