import { type FileHandle, open } from 'node:fs/promises';

import { log_read_bytes } from '../../../limits/index.ts';

const newline = 0x0a;

/** One file of a log, read line by line while it grows. What is not a whole line yet stays for the next time. */
export class LogFile {
  readonly ino: number;
  readonly #file: FileHandle;
  #offset: number;
  #rest: Buffer = Buffer.alloc(0);

  /** null when there is no such file. */
  static async open(path: string): Promise<LogFile | null> {
    try {
      const file = await open(path, 'r');
      return new LogFile(file, (await file.stat()).ino);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  private constructor(file: FileHandle, ino: number) {
    this.#file = file;
    this.ino = ino;
    this.#offset = 0;
  }

  /** Whole lines from here to the end, a block at a time. */
  async *lines(): AsyncGenerator<string> {
    for (;;) {
      const block = Buffer.allocUnsafe(log_read_bytes);
      const { bytesRead } = await this.#file.read(block, 0, block.length, this.#offset);
      if (bytesRead === 0) return;
      this.#offset += bytesRead;
      const data = Buffer.concat([this.#rest, block.subarray(0, bytesRead)]);
      let from = 0;
      for (let to = data.indexOf(newline); to >= 0; to = data.indexOf(newline, from)) {
        yield data.toString('utf8', from, to);
        from = to + 1;
      }
      this.#rest = data.subarray(from);
    }
  }

  /**
   * Goes to where the last `count` lines begin.
   *
   * @returns how many lines fewer there are
   */
  async seekLast(count: number): Promise<number> {
    const { size } = await this.#file.stat();
    let missing = count;
    let end = size;
    let ends_line = false;
    while (end > 0) {
      const start = Math.max(0, end - log_read_bytes);
      const block = Buffer.allocUnsafe(end - start);
      await this.#file.read(block, 0, block.length, start);
      for (let i = block.length - 1; i >= 0; i--) {
        if (block[i] !== newline) continue;
        // The newline that ends a line begins the one after it.
        if (ends_line) missing--;
        ends_line = true;
        if (missing === 0) {
          this.#offset = start + i + 1;
          return 0;
        }
      }
      end = start;
    }
    this.#offset = 0;
    return ends_line ? missing - 1 : missing;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
