import {
  accessSync,
  close,
  closeSync,
  constants,
  existsSync,
  fstat,
  fstatSync,
  mkdir,
  open,
  openSync,
  renameSync,
  rmSync,
  write,
} from 'node:fs';
import { dirname } from 'node:path';

import { log_backlog_bytes_max, log_retry_ms } from '../limits/index.ts';

/** A log in Docker's json-file format: one object a line, turned over by size. */
export class JsonLog {
  readonly #path: string;
  readonly #bytes_max: number;
  readonly #files_max: number;
  /** Null until the file is open: nobody waits for that but the first line. */
  #fd: number | null = null;
  #size = 0;
  #pending: Buffer[] = [];
  #pending_bytes = 0;
  #writing = false;
  #drained: (() => void)[] = [];
  #giving_up = false;

  /**
   * Goes on at the end of the file at `path`, whose folder is made; `bytes_max` below 1 never turns it over.
   *
   * @throws the system's error when there is something at `path` that cannot be written to
   */
  constructor(path: string, bytes_max: number, files_max: number) {
    this.#path = path;
    this.#bytes_max = bytes_max;
    this.#files_max = files_max;
    try {
      this.#fd = openSync(path, constants.O_WRONLY | constants.O_APPEND);
      this.#size = fstatSync(this.#fd).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      demandWritable(dirname(path));
      this.#writing = true;
      this.#open(() => this.#next());
    }
  }

  /** Takes one line of `stream`. False when so much waits that the writer should stop until `drained`. */
  append(stream: 'stdout' | 'stderr', line: Buffer): boolean {
    const record = Buffer.from(
      `{"log":${JSON.stringify(line.toString())},"stream":"${stream}","time":"${timestamp()}"}\n`,
    );
    this.#pending.push(record);
    this.#pending_bytes += record.length;
    if (!this.#writing) this.#next();
    return this.#pending_bytes < log_backlog_bytes_max;
  }

  /** Settles when all that was taken is in the file. */
  drained(): Promise<void> {
    if (!this.#writing && this.#pending.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  /** Writes the rest and closes. After `patience_ms` a disk that takes nothing is given up on. */
  async close(patience_ms: number): Promise<void> {
    const timer = setTimeout(() => (this.#giving_up = true), patience_ms);
    await this.drained();
    clearTimeout(timer);
    if (this.#fd !== null) closeSync(this.#fd);
  }

  #next(): void {
    if (this.#pending.length === 0) {
      this.#writing = false;
      const waiting = this.#drained;
      this.#drained = [];
      for (const resolve of waiting) resolve();
      return;
    }
    this.#writing = true;
    this.#turnOver();
    // Whole records up to the size limit, at least one.
    let taken = 0;
    let bytes = 0;
    for (const record of this.#pending) {
      if (taken > 0 && this.#bytes_max > 0 && this.#size + bytes + record.length > this.#bytes_max) break;
      bytes += record.length;
      taken++;
    }
    this.#put(Buffer.concat(this.#pending.slice(0, taken)), () => {
      this.#pending.splice(0, taken);
      this.#pending_bytes -= bytes;
      this.#size += bytes;
      this.#next();
    });
  }

  #open(done: () => void): void {
    const again = (): void => {
      if (this.#giving_up) done();
      else setTimeout(() => this.#open(done), log_retry_ms);
    };
    mkdir(dirname(this.#path), { mode: 0o700 }, () =>
      open(this.#path, 'a', 0o640, (error, fd) => {
        if (error !== null) return again();
        fstat(fd, (failed, stats) => {
          if (failed !== null) return close(fd, again);
          this.#fd = fd;
          this.#size = stats.size;
          done();
        });
      }),
    );
  }

  #put(bytes: Buffer, done: () => void): void {
    if (this.#fd === null) return done();
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null && written === bytes.length) done();
      else if (error === null) this.#put(bytes.subarray(written), done);
      else if (this.#giving_up) done();
      // A full disk: the lines wait, and with them the guest, until there is space again.
      else setTimeout(() => this.#put(bytes, done), log_retry_ms);
    });
  }

  #turnOver(): void {
    const first = this.#pending[0];
    if (this.#bytes_max < 1 || first === undefined || this.#size === 0 || this.#size + first.length <= this.#bytes_max)
      return;
    try {
      if (this.#files_max === 1) rmSync(this.#path, { force: true });
      else {
        for (let i = this.#files_max - 2; i >= 1; i--) rename(`${this.#path}.${i}`, `${this.#path}.${i + 1}`);
        rename(this.#path, `${this.#path}.1`);
      }
      const fresh = openSync(this.#path, 'a', 0o640);
      if (this.#fd !== null) closeSync(this.#fd);
      this.#fd = fresh;
      this.#size = 0;
    } catch {
      // No space for a new file: the old one grows until there is.
    }
  }
}

/** A folder that is there must take files; one that is not, its folder must take. */
function demandWritable(folder: string): void {
  accessSync(existsSync(folder) ? folder : dirname(folder), constants.W_OK);
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

let anchor_ms = 0;
let anchor_ns = 0n;

/** Now in RFC 3339 with nanoseconds: the wall clock, refined by the monotonic one between its milliseconds. */
function timestamp(): string {
  const ms = Date.now();
  const ns = process.hrtime.bigint();
  if (ms !== anchor_ms) {
    anchor_ms = ms;
    anchor_ns = ns;
  }
  const below = ns - anchor_ns;
  const rest = String(below < 1_000_000n ? below : 999_999n).padStart(6, '0');
  return new Date(ms).toISOString().replace('Z', `${rest}Z`);
}
