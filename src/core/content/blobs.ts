import { closeSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';

import { WherryError } from '../../errors/index.ts';
import { algorithmOf, digestOf, isDigest, parseDigest } from '../../oci/index.ts';
import type { Content, ContentInfo, ContentWriter, Labels, WriterOptions } from '../model.ts';
import { digester } from '../digester.ts';
import { syncFolder } from '../durable.ts';
import { checkName } from '../names.ts';
import type { Paths } from '../paths.ts';
import { createLeases } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
import type { BlobRow } from '../store/rows.ts';
import { no_namespace, type Tables } from '../store/tables.ts';
import { fromSystem, isCode } from '../system-error.ts';
import { type MadeBlob, openIngest } from './ingest.ts';

export interface BlobsOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
}

/**
 * The content of all namespaces: a file under its digest, which is visible from the moment its row is committed.
 * The file is there before the row and goes after it, so a crash leaves at most a file without a row, which boot
 * removes.
 */
export class Blobs {
  readonly #paths: Paths;
  readonly #store: Store;
  readonly #tables: Tables;
  /** Folders of the ingests that have a writer. */
  readonly #held = new Set<string>();
  /** How many commits are putting a blob in place: until its row is there nobody may remove the file. */
  readonly #arriving = new Map<string, number>();

  constructor({ paths, store, tables }: BlobsOptions) {
    this.#paths = paths;
    this.#store = store;
    this.#tables = tables;
  }

  /** The content as `namespace` sees it. */
  view(namespace: string): Content {
    return {
      info: async (digest) => this.#info(namespace, digest, this.#row(digest)),
      has: (digest) => this.has(digest),
      readAll: async (digest, bytes_max) => this.read(digest, bytes_max),
      open: async (digest) => this.#open(digest),
      path: (digest) => {
        this.#row(digest);
        return this.#paths.blob(digest);
      },
      writer: (ref, expected, options) => this.#writer(namespace, ref, expected ?? {}, options ?? {}),
      list: async () => this.#tables.blobs.all().map(({ key, value }) => this.#info(namespace, key, value)),
      setLabels: (digest, labels) =>
        this.#store.transact(() => {
          this.#row(digest);
          this.#label(namespace, digest, labels);
        }),
      delete: (digest) =>
        this.#store.transact(() => {
          this.#row(digest);
          this.remove(digest);
        }),
    };
  }

  has(digest: string): boolean {
    return isDigest(digest) && this.#tables.blobs.has(no_namespace, digest);
  }

  /** @throws WherryError NotFound */
  size(digest: string): number {
    return this.#row(digest).size;
  }

  /**
   * The whole of a blob, checked.
   *
   * @throws WherryError NotFound, ResourceExhausted when it has more than `bytes_max` bytes, DataLoss when it is damaged
   */
  read(digest: string, bytes_max: number): Uint8Array {
    const { size } = this.#row(digest);
    if (size > bytes_max) {
      throw new WherryError(
        'ResourceExhausted',
        `Cannot read ${digest}: it has ${size} bytes and ${bytes_max} are allowed here.`,
      );
    }
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.#paths.blob(digest));
    } catch (thrown) {
      throw lost(digest, thrown);
    }
    if (digestOf(bytes, digester, algorithmOf(digest)) !== digest) {
      throw new WherryError(
        'DataLoss',
        `Cannot read ${digest}: the blob is damaged. Remove the image and pull it again.`,
      );
    }
    return bytes;
  }

  /**
   * A blob that may be a JSON document, checked; null for one that is none or has more than `bytes_max` bytes.
   *
   * @throws WherryError NotFound, DataLoss
   */
  readDocument(digest: string, bytes_max: number): Uint8Array | null {
    const { fd, size } = this.#open(digest);
    const first = Buffer.alloc(1);
    try {
      readSync(fd, first, 0, 1, 0);
    } finally {
      closeSync(fd);
    }
    return size > bytes_max || first[0] !== 0x7b ? null : this.read(digest, bytes_max);
  }

  /** Whether a commit of the blob is on its way. */
  isArriving(digest: string): boolean {
    return this.#arriving.has(digest);
  }

  /** Whether `folder`, of an ingest, has a writer. */
  isHeld(folder: string): boolean {
    return this.#held.has(folder);
  }

  /** Removes a blob inside a transaction; its file goes once that is durable. */
  remove(digest: string): void {
    this.#tables.blobs.delete(no_namespace, digest);
    this.#tables.layers.delete(no_namespace, digest);
    for (const namespace of this.#tables.blob_labels.namespaces()) this.#tables.blob_labels.delete(namespace, digest);
    this.#store.after(() => this.#unlinkUnlisted(digest));
  }

  #row(digest: string): BlobRow {
    const row = isDigest(digest) ? this.#tables.blobs.find(no_namespace, digest) : null;
    if (row === null) throw new WherryError('NotFound', `content ${digest.slice(0, 200)}: not found`);
    return row;
  }

  #info(namespace: string, digest: string, { size, created_at }: BlobRow): ContentInfo {
    const labels = this.#tables.blob_labels.find(namespace, digest)?.labels ?? {};
    return { digest, size, labels, created_at: new Date(created_at) };
  }

  #open(digest: string): { fd: number; size: number } {
    const { size } = this.#row(digest);
    try {
      return { fd: openSync(this.#paths.blob(digest), 'r'), size };
    } catch (thrown) {
      throw lost(digest, thrown);
    }
  }

  async #writer(
    namespace: string,
    ref: string,
    expected: { digest?: string; size?: number },
    options: WriterOptions,
  ): Promise<ContentWriter> {
    checkName('an ingest', ref);
    const { digest, size } = expected;
    if (digest !== undefined && parseDigest(digest) && this.has(digest)) {
      await this.#keep(namespace, digest, options.lease);
      throw alreadyExists(digest);
    }
    const folder = this.#paths.ingest(namespace, ref);
    if (this.#held.has(folder)) {
      throw new WherryError(
        'Unavailable',
        `Cannot write "${ref}": somebody else is writing it. Wait until they are done.`,
      );
    }
    this.#held.add(folder);
    try {
      return await openIngest({
        folder,
        namespace,
        ref,
        digest: digest ?? null,
        size: size ?? null,
        install: (file, made) => this.#install(file, made, namespace, options.lease),
        release: () => void this.#held.delete(folder),
      });
    } catch (thrown) {
      this.#held.delete(folder);
      throw fromSystem(thrown, `Cannot write "${ref}"`);
    }
  }

  /** Puts the complete and durable `file` in its place and makes it visible. */
  async #install(file: string, made: MadeBlob, namespace: string, lease: string | undefined): Promise<void> {
    const { digest, size, labels } = made;
    this.#arriving.set(digest, (this.#arriving.get(digest) ?? 0) + 1);
    try {
      if (this.has(digest)) {
        await this.#keep(namespace, digest, lease);
        throw alreadyExists(digest);
      }
      const folder = this.#paths.blobFolder(digest);
      await rename(file, this.#paths.blob(digest));
      await syncFolder(folder);
      await this.#store.transact(() => {
        const before = this.#tables.blobs.find(no_namespace, digest);
        if (before === null)
          this.#tables.blobs.put(no_namespace, digest, { size, created_at: new Date().toISOString() });
        this.#label(namespace, digest, labels);
        this.#lease(namespace, digest, lease);
      });
    } finally {
      const left = (this.#arriving.get(digest) ?? 1) - 1;
      if (left > 0) this.#arriving.set(digest, left);
      else this.#arriving.delete(digest);
      this.#unlinkUnlisted(digest);
    }
  }

  async #keep(namespace: string, digest: string, lease: string | undefined): Promise<void> {
    if (lease !== undefined) await this.#store.transact(() => this.#lease(namespace, digest, lease));
  }

  #lease(namespace: string, digest: string, lease: string | undefined): void {
    if (lease === undefined) return;
    createLeases(namespace, { table: this.#tables.leases, scope: this.#store }).add(lease, {
      type: 'content',
      id: digest,
    });
  }

  #label(namespace: string, digest: string, labels: Labels): void {
    if (Object.keys(labels).length === 0) this.#tables.blob_labels.delete(namespace, digest);
    else this.#tables.blob_labels.put(namespace, digest, { labels });
  }

  #unlinkUnlisted(digest: string): void {
    if (this.has(digest) || this.#arriving.has(digest)) return;
    try {
      unlinkSync(this.#paths.blob(digest));
    } catch (thrown) {
      if (!isCode(thrown, 'ENOENT')) throw fromSystem(thrown, `Cannot remove ${digest}`);
    }
  }
}

function alreadyExists(digest: string): WherryError {
  return new WherryError('AlreadyExists', `content ${digest}: already exists`);
}

function lost(digest: string, cause: unknown): WherryError {
  return new WherryError(
    'DataLoss',
    `Cannot read ${digest}: its file cannot be read. Remove the image and pull it again.`,
    { cause },
  );
}
