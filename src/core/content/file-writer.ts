import { fdatasync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';

import { content_write_bytes } from '../../limits/index.ts';

const syncData = promisify(fdatasync);

/**
 * Appends to a file in large pieces: what is added is copied into a buffer, and while one full buffer is being written
 * the next is filled. The descriptor stays the caller's to close.
 */
export class FileWriter {
  readonly #fd: number;
  #buffer: Buffer;
  #spare: Buffer | null = null;
  #filled = 0;
  /** Where in the file the buffer will go. */
  #offset: number;
  #writing: Promise<void> | null = null;
  #failure: Error | null = null;

  /** `size_hint` is how many bytes are expected: small files need no large buffer. */
  constructor(fd: number, offset: number, size_hint: number | null) {
    this.#fd = fd;
    this.#offset = offset;
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(size_hint ?? content_write_bytes, content_write_bytes)));
  }

  /** Adds `bytes`, which may be changed afterwards. Gives a promise to wait for when the disk is behind, else null. */
  append(bytes: Uint8Array): Promise<void> | null {
    const room = this.#buffer.length - this.#filled;
    if (bytes.length <= room && this.#failure === null) {
      this.#buffer.set(bytes, this.#filled);
      this.#filled += bytes.length;
      return null;
    }
    return this.#spill(bytes);
  }

  /** Writes out what is buffered and makes the file's content durable. */
  async finish(): Promise<void> {
    await this.flush();
    await syncData(this.#fd);
  }

  /** Writes out what is buffered. */
  async flush(): Promise<void> {
    await this.#settled();
    // What is left is a part of one buffer: not worth the way through the thread pool.
    for (let at = 0; at < this.#filled;)
      at += writeSync(this.#fd, this.#buffer, at, this.#filled - at, this.#offset + at);
    this.#offset += this.#filled;
    this.#filled = 0;
  }

  async #spill(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = Math.min(bytes.length - at, this.#buffer.length - this.#filled);
      this.#buffer.set(bytes.subarray(at, at + part), this.#filled);
      this.#filled += part;
      at += part;
      if (this.#filled === this.#buffer.length) {
        await this.#settled();
        this.#start();
      }
    }
  }

  async #settled(): Promise<void> {
    await this.#writing;
    this.#writing = null;
    if (this.#failure !== null) throw this.#failure;
  }

  #start(): void {
    const full = this.#buffer;
    const length = this.#filled;
    const offset = this.#offset;
    this.#buffer = this.#spare ?? Buffer.allocUnsafeSlow(full.length);
    this.#spare = null;
    this.#filled = 0;
    this.#offset += length;
    this.#writing = writeAll(this.#fd, full.subarray(0, length), offset).then(
      () => void (this.#spare = full),
      (error: Error) => void (this.#failure = error),
    );
  }
}

function writeAll(fd: number, bytes: Buffer, offset: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (at: number): void =>
      write(fd, bytes, at, bytes.length - at, offset + at, (error, written) => {
        if (error !== null) reject(error);
        else if (at + written < bytes.length) go(at + written);
        else resolve();
      });
    go(0);
  });
}
