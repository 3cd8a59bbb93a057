import { closeSync, fsync, openSync, writeFile as writeFileLater, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { promisify } from 'node:util';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

import { temporary_prefix } from './paths.ts';

// Only what waits for the disk goes through the thread pool: a way there and back costs more than opening a file.
const sync = promisify(fsync);
const writeFile = promisify(writeFileLater) as (fd: number, content: string | Uint8Array) => Promise<void>;
const written_at_once_bytes = 64 * 1024;

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = openSync(path, 'r');
  try {
    await sync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Replaces the file at `path` as a whole: after a crash it has the old content or the new, never part of either. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const beside = join(dirname(path), temporaryName());
  await writeDurably(beside, content);
  await rename(beside, path);
}

/** Writes a new file and makes its content durable, not yet its name. */
export async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = openSync(path, 'wx', 0o600);
  try {
    if (content.length <= written_at_once_bytes) writeFileSync(file, content);
    else await writeFile(file, content);
    await sync(file);
  } finally {
    closeSync(file);
  }
}

/** A name that nothing else has and that boot removes. */
export function temporaryName(): string {
  return `${temporary_prefix}${randomBytes(8).toString('hex')}`;
}
