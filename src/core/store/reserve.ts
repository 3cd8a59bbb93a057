import { closeSync, fstatSync, ftruncateSync, openSync } from 'node:fs';

import { fromUnknown } from '../../errors/index.ts';
import { disk_reserve_bytes } from '../../limits/index.ts';
import { allocate } from '../../os/index.ts';
import type { Log } from '../log.ts';

/**
 * A file that holds some space back. On a full disk it is given up, so that removing things, which has to be written
 * down first, still works; once there is space again it is taken back.
 */
export class Reserve {
  readonly #path: string;
  readonly #log: Log;

  constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /** Gives the space up; false when there was none left to give. */
  giveUp(): boolean {
    const fd = openSync(this.#path, 'a', 0o600);
    try {
      if (fstatSync(fd).blocks === 0) return false;
      ftruncateSync(fd);
    } finally {
      closeSync(fd);
    }
    this.#log.warn('the disk is full: the reserve was given up, remove images or containers now');
    return true;
  }

  /** Takes the space back if there is any. */
  refill(): void {
    const fd = openSync(this.#path, 'a', 0o600);
    try {
      if (fstatSync(fd).size >= disk_reserve_bytes) return;
      allocate(fd, 0n, BigInt(disk_reserve_bytes));
    } catch (error) {
      ftruncateSync(fd);
      this.#log.warn(`no space can be held in reserve: ${fromUnknown(error).message}`);
    } finally {
      closeSync(fd);
    }
  }
}
