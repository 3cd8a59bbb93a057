import { open, rename } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

import { temporary_prefix } from './paths.ts';

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
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
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A name that nothing else has and that boot removes. */
export function temporaryName(): string {
  return `${temporary_prefix}${randomBytes(8).toString('hex')}`;
}
