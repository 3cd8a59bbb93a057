import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { blob_bytes_max } from '../../limits/index.ts';
import { algorithmOf } from '../../oci/index.ts';
import type { ContentWriter, Labels } from '../model.ts';
import { fromSystem } from '../system-error.ts';
import { FileWriter } from './file-writer.ts';

/** A blob that is complete and durable, but not yet in its place. */
export interface MadeBlob {
  readonly digest: string;
  readonly size: number;
  readonly labels: Labels;
}

export interface IngestOptions {
  /** The folder of this ingest: `data`, and `ref` which says whose it is. */
  readonly folder: string;
  readonly namespace: string;
  readonly ref: string;
  /** What the caller expects, null when it does not know yet. */
  readonly digest: string | null;
  readonly size: number | null;
  /** Takes the file over; throws AlreadyExists when the blob is there. */
  install(file: string, made: MadeBlob): Promise<void>;
  /** Called once, when the writer is of no more use. */
  release(): void;
}

/** Begins an ingest, or goes on with what its folder has. */
export async function openIngest(options: IngestOptions): Promise<ContentWriter> {
  const { folder, digest } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const algorithm = digest === null ? 'sha256' : algorithmOf(digest);
  const path = join(folder, 'data');
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size: offset } = fstatSync(fd);
    const hash = createHash(algorithm);
    if (offset > 0) await hashFile(path, hash);
    else await describe(options);
    return new Ingest(options, path, fd, { algorithm, hash, offset });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

interface Progress {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hash: Hash;
  readonly offset: number;
}

class Ingest implements ContentWriter {
  readonly #options: IngestOptions;
  readonly #path: string;
  readonly #fd: number;
  readonly #writer: FileWriter;
  readonly #algorithm: 'sha256' | 'sha512';
  readonly #hash: Hash;
  #offset: number;
  #ended = false;

  constructor(options: IngestOptions, path: string, fd: number, { algorithm, hash, offset }: Progress) {
    this.#options = options;
    this.#path = path;
    this.#fd = fd;
    this.#algorithm = algorithm;
    this.#hash = hash;
    this.#offset = offset;
    this.#writer = new FileWriter(fd, offset, options.size === null ? null : options.size - offset);
  }

  get offset(): number {
    return this.#offset;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    const { ref, size } = this.#options;
    const end = this.#offset + chunk.length;
    if (end > (size ?? blob_bytes_max)) {
      throw size === null
        ? new WherryError('ResourceExhausted', `Cannot write "${ref}": it has more than ${blob_bytes_max} bytes.`)
        : new WherryError(
            'FailedPrecondition',
            `Cannot write "${ref}": unexpected size, more than the ${size} bytes it was said to have.`,
          );
    }
    this.#offset = end;
    this.#hash.update(chunk);
    try {
      const behind = this.#writer.append(chunk);
      if (behind !== null) await behind;
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot write "${ref}"`);
    }
  }

  async commit(
    size: number | null,
    digest: string | null,
    labels: Labels = {},
  ): Promise<{ digest: string; size: number }> {
    this.#requireOpen();
    this.#ended = true;
    const { ref } = this.#options;
    try {
      await this.#writer.finish();
      const wanted_size = size ?? this.#options.size;
      if (wanted_size !== null && wanted_size !== this.#offset) {
        throw new WherryError(
          'FailedPrecondition',
          `Cannot commit "${ref}": unexpected commit size ${this.#offset}, expected ${wanted_size}.`,
        );
      }
      const made = { digest: await this.#checked(digest ?? this.#options.digest), size: this.#offset, labels };
      await this.#options.install(this.#path, made);
      return { digest: made.digest, size: made.size };
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot commit "${ref}"`);
    } finally {
      // What is not what was expected will not become it by going on.
      closeSync(this.#fd);
      await this.#discard();
    }
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#writer.flush();
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot write "${this.#options.ref}"`);
    } finally {
      closeSync(this.#fd);
      this.#options.release();
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#writer.flush().catch(() => {});
    closeSync(this.#fd);
    await this.#discard();
  }

  /** The digest of what was written, which must be `expected` if that is known. */
  async #checked(expected: string | null): Promise<string> {
    let actual: string;
    if (expected !== null && algorithmOf(expected) !== this.#algorithm) {
      const hash = createHash(algorithmOf(expected));
      await hashFile(this.#path, hash);
      actual = `${algorithmOf(expected)}:${hash.digest('hex')}`;
    } else {
      actual = `${this.#algorithm}:${this.#hash.digest('hex')}`;
    }
    if (expected !== null && expected !== actual) {
      throw new WherryError(
        'FailedPrecondition',
        `Cannot commit "${this.#options.ref}": unexpected commit digest ${actual}, expected ${expected}.`,
      );
    }
    return actual;
  }

  async #discard(): Promise<void> {
    try {
      await rm(this.#options.folder, { recursive: true, force: true });
    } finally {
      this.#options.release();
    }
  }

  #requireOpen(): void {
    if (this.#ended)
      throw new WherryError('FailedPrecondition', `Cannot write "${this.#options.ref}": its writer is closed.`);
  }
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
}

async function describe({ folder, namespace, ref, digest, size }: IngestOptions): Promise<void> {
  const text = JSON.stringify({ namespace, ref, digest, size, started_at: new Date().toISOString() });
  await writeFile(join(folder, 'ref'), text, { mode: 0o600 });
}
