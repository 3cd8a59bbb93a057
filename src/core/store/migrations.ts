import type { DatabaseSync } from 'node:sqlite';

import { WherryError } from '../../errors/index.ts';

/** A table of documents. */
function table(name: string): string {
  return (
    `CREATE TABLE ${name} (namespace TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, sum INTEGER NOT NULL, ` +
    'PRIMARY KEY (namespace, key)) WITHOUT ROWID;'
  );
}

const document_tables = ['image', 'container', 'snapshot', 'lease', 'blob', 'blob_label', 'layer', 'record'];

/** What each version of the schema adds to the one before. Entries are never changed, only appended. */
const migrations: readonly string[] = [
  document_tables.map(table).join('\n'),
  // What was the labels of a blob says since then that it is visible in a namespace.
  `ALTER TABLE blob_label RENAME TO content; ${table('namespace')} ${table('sandbox')}`,
];

/**
 * Brings the schema to this version; gives the version that it had, 0 for an empty database.
 *
 * @throws WherryError FailedPrecondition when a newer version of the program has been here
 */
export function migrate(database: DatabaseSync): number {
  database.exec('CREATE TABLE IF NOT EXISTS migration (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)');
  const row = database.prepare('SELECT max(version) AS version FROM migration').get() as { version: number | null };
  const version = row.version ?? 0;
  const { user_version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version !== user_version) throw new Error(`its version is given as ${version} and as ${user_version}`);
  if (version > migrations.length) {
    throw new WherryError(
      'FailedPrecondition',
      `Cannot open the store: it was written by a newer version (schema ${version}, this one knows ${migrations.length}). Use that version.`,
    );
  }
  const applied = database.prepare('INSERT INTO migration (version, applied_at) VALUES (?, ?)');
  for (const [at, sql] of migrations.entries()) {
    if (at < version) continue;
    database.exec('BEGIN IMMEDIATE');
    database.exec(sql);
    applied.run(at + 1, new Date().toISOString());
    database.exec(`PRAGMA user_version = ${at + 1}`);
    database.exec('COMMIT');
  }
  return version;
}
