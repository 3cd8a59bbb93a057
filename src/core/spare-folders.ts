import { renameSync } from 'node:fs';
import { lstat, readdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';

import { spare_folders_max } from '../limits/index.ts';
import type { Log } from './log.ts';

const spare_file = 'spare';

/**
 * Folders of containers that were removed, each with one empty file, for containers to come. Some filesystems take
 * their time for new inodes after others were deleted (ext4 passes over those of the last minutes, one by one), and a
 * rename costs nothing. They have temporary names, so a boot removes them.
 */
export class SpareFolders {
  readonly #log: Log;
  readonly #spare: string[] = [];
  #closed = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Empties the folder of a container and keeps it, with the file whose name ends so; or removes it. */
  async add(folder: string, file_suffix: string): Promise<void> {
    try {
      const wanted = !this.#closed && this.#spare.length < spare_folders_max;
      if (wanted && (await this.#empty(folder, file_suffix)) && !this.#closed) this.#spare.push(folder);
      else await this.#remove(folder);
    } catch (error) {
      this.#log.warn(`cannot remove ${folder}: ${(error as Error).message}`);
    }
  }

  /** Moves a spare folder to `path`, where none is, its empty file under the name `file`; false when there is none. */
  take(path: string, file: string): boolean {
    const folder = this.#spare.pop();
    if (folder === undefined) return false;
    try {
      renameSync(join(folder, spare_file), join(folder, file));
      renameSync(folder, path);
      return true;
    } catch {
      void this.#remove(folder);
      return false;
    }
  }

  async #empty(folder: string, file_suffix: string): Promise<boolean> {
    const names = await readdir(folder);
    const kept = names.find((name) => name.endsWith(file_suffix));
    if (kept === undefined) return false;
    const path = join(folder, kept);
    const { nlink, isFile } = await lstat(path).then((stats) => ({ nlink: stats.nlink, isFile: stats.isFile() }));
    // Under another name it is somebody's copy.
    if (!isFile || nlink !== 1) return false;
    for (const name of names) if (name !== kept) await rm(join(folder, name), { recursive: true, force: true });
    await truncate(path, 0);
    await rename(path, join(folder, spare_file));
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#spare.splice(0).map((folder) => this.#remove(folder)));
  }

  async #remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true }).catch((error: Error) =>
      this.#log.warn(`cannot remove ${folder}: ${error.message}`),
    );
  }
}
