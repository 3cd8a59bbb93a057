import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ShimTaskRecord } from './contract.ts';

/** The records of a shim: one file a task, written beside and renamed into place. */
export class TaskRecords {
  readonly #folder: string;

  constructor(shim_folder: string) {
    this.#folder = join(shim_folder, 'tasks');
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
  }

  write(record: ShimTaskRecord): void {
    const path = this.#path(record.container);
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  remove(container: string): void {
    rmSync(this.#path(container), { force: true });
  }

  #path(container: string): string {
    return join(this.#folder, `${container}.json`);
  }
}
