import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';

import { WherryError } from '../../errors/index.ts';

/** A row where it stands. */
export interface Placed<Row> {
  readonly namespace: string;
  readonly key: string;
  readonly value: Row;
}

interface Stored {
  readonly namespace: string;
  readonly key: string;
  readonly body: string;
  readonly sum: number;
}

/**
 * Documents by namespace and key, each with a checksum of its own: a flipped byte in the database damages one document,
 * which is noticed, and not the others.
 */
export class Table<Row extends object> {
  readonly name: string;
  readonly #find: StatementSync;
  readonly #list: StatementSync;
  readonly #all: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #namespaces: StatementSync;
  readonly #any: StatementSync;

  constructor(database: DatabaseSync, name: string) {
    this.name = name;
    this.#find = database.prepare(`SELECT body, sum FROM ${name} WHERE namespace = ? AND key = ?`);
    this.#list = database.prepare(`SELECT namespace, key, body, sum FROM ${name} WHERE namespace = ? ORDER BY key`);
    this.#all = database.prepare(`SELECT namespace, key, body, sum FROM ${name} ORDER BY namespace, key`);
    this.#put = database.prepare(`INSERT OR REPLACE INTO ${name} (namespace, key, body, sum) VALUES (?, ?, ?, ?)`);
    this.#delete = database.prepare(`DELETE FROM ${name} WHERE namespace = ? AND key = ?`);
    this.#namespaces = database.prepare(`SELECT DISTINCT namespace FROM ${name}`);
    this.#any = database.prepare(`SELECT 1 FROM ${name} WHERE namespace = ? LIMIT 1`);
  }

  /** @throws WherryError DataLoss when the document is damaged */
  find(namespace: string, key: string): Row | null {
    const row = this.#find.get(namespace, key) as Pick<Stored, 'body' | 'sum'> | undefined;
    if (row === undefined) return null;
    const value = decode<Row>({ namespace, key, ...row });
    if (value === null) {
      throw new WherryError(
        'DataLoss',
        `Cannot read the ${this.name} "${key}": its record is damaged. Restart the daemon to have it repaired.`,
      );
    }
    return value;
  }

  has(namespace: string, key: string): boolean {
    return this.#find.get(namespace, key) !== undefined;
  }

  /** Whether a namespace has a document. */
  any(namespace: string): boolean {
    return this.#any.get(namespace) !== undefined;
  }

  /** The documents of a namespace in the order of their keys, without damaged ones. */
  list(namespace: string): Placed<Row>[] {
    return decodeAll<Row>(this.#list.all(namespace));
  }

  /** The documents of all namespaces, without damaged ones. */
  all(): Placed<Row>[] {
    return decodeAll<Row>(this.#all.all());
  }

  /** The places of documents that are damaged. */
  damaged(): { readonly namespace: string; readonly key: string }[] {
    return (this.#all.all() as unknown as Stored[]).filter((row) => decode(row) === null);
  }

  put(namespace: string, key: string, value: Row): void {
    const body = JSON.stringify(value);
    this.#put.run(namespace, key, body, checksum(namespace, key, body));
  }

  delete(namespace: string, key: string): boolean {
    return this.#delete.run(namespace, key).changes !== 0;
  }

  namespaces(): string[] {
    return (this.#namespaces.all() as unknown as { namespace: string }[]).map((row) => row.namespace);
  }
}

function decodeAll<Row>(rows: readonly unknown[]): Placed<Row>[] {
  const placed: Placed<Row>[] = [];
  for (const row of rows as Stored[]) {
    const value = decode<Row>(row);
    if (value !== null) placed.push({ namespace: row.namespace, key: row.key, value });
  }
  return placed;
}

function decode<Row>({ namespace, key, body, sum }: Stored): Row | null {
  const sound = typeof body === 'string' && checksum(namespace, key, body) === sum;
  return sound ? (JSON.parse(body) as Row) : null;
}

function checksum(namespace: string, key: string, body: string): number {
  return crc32(body, crc32(`${namespace}\0${key}\0`));
}
