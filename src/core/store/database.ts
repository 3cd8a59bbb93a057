import { existsSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { fromUnknown, isClass } from '../../errors/index.ts';
import type { Log } from '../log.ts';
import { migrate } from './migrations.ts';
import { openTables, type Tables } from './tables.ts';

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  readonly tables: Tables;
  /** The version of the schema it had; 0 when nothing is in it yet: what lies beside it may still tell what was. */
  readonly version: number;
  /** Where the one before was put when it could not be used. */
  readonly damaged: string | null;
}

/**
 * Opens the database at `path`, or makes it. One that is damaged is set aside as `<path>.damaged-<time>` and a new one
 * is made: the daemon always starts. The caller holds the lock of the data directory.
 *
 * @throws WherryError FailedPrecondition when a newer version wrote it
 */
export function openDatabase(path: string, log: Log): OpenedDatabase {
  try {
    return { ...open(path), damaged: null };
  } catch (thrown) {
    if (isClass(thrown, 'FailedPrecondition') || !existsSync(path)) throw thrown;
    const damaged = `${path}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
    for (const suffix of ['', '-wal', '-shm', '-journal']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, damaged + suffix);
    }
    log.error(`the store's database is damaged and was set aside as ${damaged}: ${fromUnknown(thrown).message}`);
    return { ...open(path), damaged };
  }
}

function open(path: string): Omit<OpenedDatabase, 'damaged'> {
  const database = new DatabaseSync(path);
  try {
    // The lock of the directory makes this the only process, so the log's index needs no shared memory.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // Without the third, a large record leaves a file open in /var/tmp.
    database.exec('PRAGMA cache_size = -2048; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY');
    const [check] = database.prepare('PRAGMA quick_check(1)').all() as { quick_check: string }[];
    if (check?.quick_check !== 'ok') throw new Error(check?.quick_check ?? 'it cannot be checked');
    const version = migrate(database);
    const tables = openTables(database);
    // Reads every row once: what cannot even be read is found now.
    for (const table of Object.values(tables)) table.damaged();
    return { database, tables, version };
  } catch (error) {
    database.close();
    throw error;
  }
}
