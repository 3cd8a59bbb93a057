import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { mirror_delay_ms } from '../limits/index.ts';
import type { Descriptor } from '../oci/index.ts';
import { replaceFile } from './durable.ts';
import type { Log } from './log.ts';
import type { Labels } from './model.ts';
import type { Paths } from './paths.ts';
import type { ContainerRow, SnapshotRow } from './store/rows.ts';
import type { Tables } from './store/tables.ts';

/** `container.json` in a container's folder: what a lost database is rebuilt from. */
export interface ContainerMirror {
  readonly namespace: string;
  readonly id: string;
  readonly container: ContainerRow;
  readonly snapshot: SnapshotRow | null;
}

/** How `index.json` says what a descriptor cannot. */
export const mirrorAnnotation = {
  namespace: 'io.wherry.namespace',
  name: 'io.containerd.image.name',
  labels: 'io.wherry.labels',
  created_at: 'io.wherry.created-at',
} as const;

/**
 * Copies of images and containers in plain files, written a moment after the change: they are there for the day the
 * database is damaged, so nobody waits for them, and what came and went meanwhile is never written.
 */
export class Mirror {
  readonly #paths: Paths;
  readonly #tables: Tables;
  readonly #log: Log;
  readonly #containers = new Map<string, { namespace: string; id: string }>();
  #images = false;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(paths: Paths, tables: Tables, log: Log) {
    this.#paths = paths;
    this.#tables = tables;
    this.#log = log;
  }

  imagesChanged(): void {
    this.#images = true;
    this.#schedule();
  }

  containerChanged(namespace: string, id: string): void {
    this.#containers.set(`${namespace}/${id}`, { namespace, id });
    this.#schedule();
  }

  /** Compares every mirror with the store and writes those that differ. */
  async reconcile(): Promise<void> {
    this.#images = true;
    for (const { namespace, key } of this.#tables.containers.all())
      this.#containers.set(`${namespace}/${key}`, { namespace, id: key });
    await this.flush();
  }

  /** Writes what is due now. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  #schedule(): void {
    if (this.#timer !== null) return;
    this.#timer = setTimeout(() => void this.flush(), mirror_delay_ms);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    try {
      if (this.#images) {
        this.#images = false;
        await writeIfChanged(this.#paths.images, this.#index());
      }
      const due = [...this.#containers.values()];
      this.#containers.clear();
      for (const { namespace, id } of due) await this.#writeContainer(namespace, id);
    } catch (error) {
      this.#log.warn(`cannot write the mirror of the store: ${(error as Error).message}`);
    }
  }

  async #writeContainer(namespace: string, id: string): Promise<void> {
    const container = this.#tables.containers.find(namespace, id);
    if (container === null) return;
    const snapshot =
      container.snapshot_key === '' ? null : this.#tables.snapshots.find(namespace, container.snapshot_key);
    const mirror: ContainerMirror = { namespace, id, container, snapshot };
    const folder = this.#paths.container(namespace, id);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await writeIfChanged(join(folder, 'container.json'), JSON.stringify(mirror));
    } catch (error) {
      if (this.#tables.containers.has(namespace, id)) throw error;
    }
    // It may have been deleted meanwhile, and its folder with it.
    if (!this.#tables.containers.has(namespace, id)) await rm(folder, { recursive: true, force: true });
  }

  #index(): string {
    const manifests = this.#tables.images.all().map(({ namespace, key, value }): Descriptor => {
      const { target, labels, created_at } = value;
      return { ...target, annotations: { ...target.annotations, ...annotations(namespace, key, labels, created_at) } };
    });
    return JSON.stringify(
      { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests },
      null,
      1,
    );
  }
}

function annotations(namespace: string, name: string, labels: Labels, created_at: string): Record<string, string> {
  return {
    [mirrorAnnotation.name]: name,
    [mirrorAnnotation.namespace]: namespace,
    [mirrorAnnotation.created_at]: created_at,
    [mirrorAnnotation.labels]: JSON.stringify(labels),
  };
}

async function writeIfChanged(path: string, content: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => null);
  if (before !== content) await replaceFile(path, content);
}
