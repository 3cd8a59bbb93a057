import { closeSync, openSync, readFileSync, readSync, unlinkSync } from 'node:fs';

import { WherryError } from '../../errors/index.ts';
import { algorithmOf, digestOf, isDigest } from '../../oci/index.ts';
import { digester } from '../digester.ts';
import type { Paths } from '../paths.ts';
import type { BlobRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { no_namespace, type Tables } from '../store/tables.ts';
import { fromSystem, isCode } from '../system-error.ts';

export interface BlobsOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
}

/**
 * The bytes of all content, whoever may see them: a file under its digest, which is there before its row and goes
 * after it, so a crash leaves at most a file without a row, which boot removes.
 */
export class Blobs {
  readonly #paths: Paths;
  readonly #store: Store;
  readonly #tables: Tables;
  /** How many commits are putting a blob in place: until its row is there nobody may remove the file. */
  readonly #arriving = new Map<string, number>();

  constructor({ paths, store, tables }: BlobsOptions) {
    this.#paths = paths;
    this.#store = store;
    this.#tables = tables;
  }

  has(digest: string): boolean {
    return isDigest(digest) && this.#tables.blobs.has(no_namespace, digest);
  }

  /** @throws WherryError NotFound */
  size(digest: string): number {
    return this.row(digest).size;
  }

  /**
   * The whole of a blob, checked.
   *
   * @throws WherryError NotFound, ResourceExhausted when it has more than `bytes_max` bytes, DataLoss when it is damaged
   */
  read(digest: string, bytes_max: number): Uint8Array {
    const { size } = this.row(digest);
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
    const { fd, size } = this.open(digest);
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

  /** Says that a blob is about to come into its place; the file stays until what this gives is called. */
  arrive(digest: string): () => void {
    this.#arriving.set(digest, (this.#arriving.get(digest) ?? 0) + 1);
    return () => {
      const left = (this.#arriving.get(digest) ?? 1) - 1;
      if (left > 0) this.#arriving.set(digest, left);
      else this.#arriving.delete(digest);
      this.#unlinkUnlisted(digest);
    };
  }

  /** Removes a blob from everybody inside a transaction; its file goes once that is durable. */
  remove(digest: string): void {
    this.#tables.blobs.delete(no_namespace, digest);
    this.#tables.layers.delete(no_namespace, digest);
    for (const { key: namespace } of this.#tables.namespaces.list(no_namespace))
      this.#tables.contents.delete(namespace, digest);
    this.#store.after(() => this.#unlinkUnlisted(digest));
  }

  /** @throws WherryError NotFound */
  row(digest: string): BlobRow {
    const row = isDigest(digest) ? this.#tables.blobs.find(no_namespace, digest) : null;
    if (row === null) throw new WherryError('NotFound', `content digest ${digest.slice(0, 200)}: not found`);
    return row;
  }

  /** @throws WherryError NotFound, DataLoss when its file is gone */
  open(digest: string): { fd: number; size: number } {
    const { size } = this.row(digest);
    try {
      return { fd: openSync(this.#paths.blob(digest), 'r'), size };
    } catch (thrown) {
      throw lost(digest, thrown);
    }
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

function lost(digest: string, cause: unknown): WherryError {
  return new WherryError(
    'DataLoss',
    `Cannot read ${digest}: its file cannot be read. Remove the image and pull it again.`,
    { cause },
  );
}
