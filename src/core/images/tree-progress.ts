import { transfer_progress_interval_ms } from '../../limits/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import { referenceKey } from './references.ts';

/** One word about a transfer, in the terms of containerd's progress stream. */
export interface TransferProgress {
  readonly event: string;
  /** What it is about: an image, or content as `referenceKey` calls it; left out for the transfer itself. */
  readonly name?: string;
  /** What leads to it, by name. */
  readonly parents?: readonly string[];
  readonly progress?: number;
  readonly total?: number;
  readonly descriptor?: Descriptor;
}

export type TransferReport = (progress: TransferProgress) => void;

interface Job {
  readonly descriptor: Descriptor;
  readonly name: string;
  readonly parents: readonly string[];
  offset: number;
  told: number;
  state: 'waiting' | 'moving' | 'done' | 'told';
}

/** Tells how far each piece of an image is that is fetched or pushed, not more often than a person can read. */
export class TreeProgress {
  readonly #root: string;
  readonly #moving: string;
  readonly #report: TransferReport;
  readonly #jobs = new Map<string, Job>();
  readonly #parents = new Map<string, string[]>();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param root the name of the image
   * @param moving the event of a piece that is on its way: `downloading` or `uploading`
   */
  constructor(root: string, moving: string, report: TransferReport) {
    this.#root = root;
    this.#moving = moving;
    this.#report = report;
    this.#timer = setInterval(() => this.#update(), transfer_progress_interval_ms);
    this.#timer.unref();
  }

  /** A piece that will be looked after. */
  add(descriptor: Descriptor): void {
    const { digest, size } = descriptor;
    if (this.#jobs.has(digest)) return;
    const name = referenceKey(descriptor);
    const parents = this.#parents.get(digest) ?? [this.#root];
    this.#jobs.set(digest, { descriptor, name, parents, offset: 0, told: 0, state: 'waiting' });
    this.#report({ event: 'waiting', name, parents, progress: 0, total: size, descriptor });
  }

  /** What a piece leads to, before any of that is added. */
  lead(parent: Descriptor, children: readonly Descriptor[]): void {
    for (const { digest } of children) {
      const known = this.#parents.get(digest);
      if (known === undefined) this.#parents.set(digest, [referenceKey(parent)]);
      else known.push(referenceKey(parent));
    }
  }

  /** A piece that was where it should go before anything was moved. */
  exists({ digest }: Descriptor): void {
    const job = this.#jobs.get(digest);
    if (job === undefined || job.state === 'told') return;
    const { descriptor, name } = job;
    job.state = 'told';
    this.#report({ event: 'already exists', name, progress: descriptor.size, total: descriptor.size, descriptor });
  }

  moved({ digest }: Descriptor, offset: number): void {
    const job = this.#jobs.get(digest);
    if (job === undefined || job.state === 'done' || job.state === 'told') return;
    job.offset = offset;
    job.state = 'moving';
  }

  done({ digest }: Descriptor): void {
    const job = this.#jobs.get(digest);
    if (job !== undefined && job.state !== 'told') job.state = 'done';
  }

  /** Tells the rest; nothing is told afterwards. */
  close(): void {
    clearInterval(this.#timer);
    this.#update();
  }

  #update(): void {
    for (const job of this.#jobs.values()) {
      const { descriptor, name, parents, offset } = job;
      if (job.state === 'moving' && offset > job.told) {
        job.told = offset;
        this.#report({ event: this.#moving, name, parents, progress: offset, total: descriptor.size, descriptor });
      } else if (job.state === 'done') {
        job.state = 'told';
        const { size } = descriptor;
        this.#report({ event: 'complete', name, parents, progress: size, total: size, descriptor });
      }
    }
  }
}
