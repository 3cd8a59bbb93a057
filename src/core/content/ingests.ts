import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { ingest_abandoned_ms } from '../../limits/index.ts';
import { temporaryName } from '../durable.ts';
import type { IngestStatus } from '../model.ts';
import type { Paths } from '../paths.ts';
import { isCode } from '../system-error.ts';

/** What `ref` in the folder of an ingest says. */
export interface IngestRecord {
  readonly namespace: string;
  readonly ref: string;
  /** Bytes it is to have; 0 when nobody said. */
  readonly total: number;
  readonly expected: string;
  readonly started_at: string;
  /** Whether it is a client's, who may come back for it after the daemon was started again. */
  readonly client: boolean;
  /** A blob of the store that is offered as what this ingest is to become; '' for none. */
  readonly offered: string;
}

/** Whoever writes an ingest now. */
export interface Holder {
  readonly since: Date;
  readonly offset: number;
  readonly updated_at: Date;
  /** Takes the ingest away from its writer. */
  drop(): void;
}

/** An ingest: its folder has `data` and `ref`. */
export interface KnownIngest {
  readonly folder: string;
  readonly record: IngestRecord;
  /** Leases that hold it. */
  readonly leases: Set<string>;
  /** When it goes by itself; null for one that leases hold. */
  expires_at: Date | null;
  holder: Holder | null;
}

/** The ingests of all namespaces: what is on disk, and who writes it. */
export class Ingests {
  readonly #paths: Paths;
  readonly #known = new Map<string, KnownIngest>();

  constructor(paths: Paths) {
    this.#paths = paths;
  }

  /** Takes in what an earlier daemon left; call it once, after what nobody can come back for was removed. */
  load(): void {
    for (const name of readdirSync(this.#paths.ingests)) {
      const folder = join(this.#paths.ingests, name);
      const record = readRecord(folder);
      if (record === null) continue;
      const { updated_at } = this.#onDisk(folder, record);
      const expires_at = new Date(updated_at.getTime() + ingest_abandoned_ms);
      this.#known.set(folder, { folder, record, leases: new Set(), expires_at, holder: null });
    }
  }

  find(namespace: string, ref: string): KnownIngest | null {
    return this.#known.get(this.#paths.ingest(namespace, ref)) ?? null;
  }

  /** @throws WherryError NotFound */
  get(namespace: string, ref: string): KnownIngest {
    const known = this.find(namespace, ref);
    if (known === null) throw new WherryError('NotFound', `reference ${ref}: not found`);
    return known;
  }

  /** Ingests of a namespace in the order of their refs. */
  list(namespace: string): KnownIngest[] {
    return [...this.#known.values()]
      .filter(({ record }) => record.namespace === namespace)
      .sort((a, b) => (a.record.ref < b.record.ref ? -1 : 1));
  }

  all(): KnownIngest[] {
    return [...this.#known.values()];
  }

  /** The refs that a lease holds. */
  heldBy(namespace: string, lease: string): string[] {
    return this.list(namespace)
      .filter(({ leases }) => leases.has(lease))
      .map(({ record }) => record.ref);
  }

  add(known: KnownIngest): void {
    this.#known.set(known.folder, known);
  }

  /** Forgets an ingest whose folder is gone or about to go. */
  forget(known: KnownIngest): void {
    if (this.#known.get(known.folder) === known) this.#known.delete(known.folder);
  }

  /** Throws an ingest away, with its writer; nothing when it is gone already and its name may be another's. */
  async discard(known: KnownIngest): Promise<void> {
    if (this.#known.get(known.folder) !== known) return;
    this.forget(known);
    known.holder?.drop();
    const away = join(this.#paths.ingests, temporaryName());
    try {
      renameSync(known.folder, away);
    } catch (thrown) {
      if (isCode(thrown, 'ENOENT')) return;
      throw thrown;
    }
    await rm(away, { recursive: true, force: true });
  }

  status({ folder, record, holder }: KnownIngest): IngestStatus {
    const { ref, total, expected, started_at } = record;
    const { offset, updated_at } = holder ?? this.#onDisk(folder, record);
    return { ref, offset, total, expected, started_at: new Date(started_at), updated_at };
  }

  #onDisk(folder: string, { started_at, offered, total }: IngestRecord): { offset: number; updated_at: Date } {
    try {
      const { size, mtime } = statSync(join(folder, 'data'));
      return { offset: size, updated_at: mtime };
    } catch (thrown) {
      if (!isCode(thrown, 'ENOENT')) throw thrown;
      return { offset: offered === '' ? 0 : total, updated_at: new Date(started_at) };
    }
  }
}

/** The record of the ingest in `folder`; null for a folder that is none. */
export function readRecord(folder: string): IngestRecord | null {
  try {
    const fields = JSON.parse(readFileSync(join(folder, 'ref'), 'utf8')) as Partial<IngestRecord>;
    const { namespace, ref, total, expected, started_at, client, offered } = fields;
    const whole =
      typeof namespace === 'string' &&
      typeof ref === 'string' &&
      typeof total === 'number' &&
      typeof expected === 'string' &&
      typeof started_at === 'string' &&
      typeof client === 'boolean' &&
      typeof offered === 'string';
    return whole ? { namespace, ref, total, expected, started_at, client, offered } : null;
  } catch {
    return null;
  }
}

/** When the data of the ingest in `folder` was last written, in ms since 1970; 0 when there is none. */
export function writtenAt(folder: string): number {
  return statSync(join(folder, 'data'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
