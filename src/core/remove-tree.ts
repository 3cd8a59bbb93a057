import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

/**
 * Removes what is at `path`, however deep: a guest makes trees whose paths no system call takes. Those only `rmSync`
 * can remove, which goes from directory to directory. Throws what else fails.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    rmSync(path, { recursive: true, force: true });
  }
}
