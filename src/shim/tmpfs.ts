import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { complain } from './complain.ts';

/** Memory that a container sees as a folder: empty at each start, gone at its end. */
export interface Tmpfs {
  readonly path: string;
  remove(): void;
}

/** Makes one in `folder`, which lies on a filesystem of memory, as the shim's state folder does. */
export function makeTmpfs(folder: string): Tmpfs {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = mkdtempSync(join(folder, 'mount-'));
  chmodSync(path, 0o1777);
  return {
    path,
    remove() {
      try {
        rmSync(path, { recursive: true, force: true });
      } catch (error) {
        complain(`cannot remove ${path}: ${(error as Error).message}`);
      }
    },
  };
}
