import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for a test. Its path is short, because a unix socket's path ends at 107 bytes. */
export function temporaryFolder(name = ''): string {
  return mkdtempSync(join(tmpdir(), `we-${name}`));
}
