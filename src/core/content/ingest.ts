import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, ftruncateSync, openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { blob_bytes_max } from '../../limits/index.ts';
import { algorithmOf, isDigest } from '../../oci/index.ts';
import { digestFault } from '../digest-fault.ts';
import { checkLabels } from '../labels.ts';
import type { ContentWriter, IngestStatus, Labels } from '../model.ts';
import { fromSystem } from '../system-error.ts';
import { FileWriter } from './file-writer.ts';
import type { Holder, KnownIngest } from './ingests.ts';

/** A blob that is complete and durable, but not yet in its place. */
export interface MadeBlob {
  readonly digest: string;
  readonly size: number;
  readonly labels: Labels;
}

export interface IngestOptions {
  readonly known: KnownIngest;
  /** Takes the file over; throws AlreadyExists when the blob is there. */
  install(file: string, made: MadeBlob): Promise<void>;
  /** Called once, when the writer is of no more use; `done` when the ingest is, too. */
  release(done: boolean): Promise<void>;
}

/** Begins an ingest, or goes on with what its folder has. */
export async function openIngest(options: IngestOptions): Promise<ContentWriter> {
  const { folder, record } = options.known;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const algorithm = isDigest(record.expected) ? algorithmOf(record.expected) : 'sha256';
  const path = join(folder, 'data');
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size: offset, mtime } = fstatSync(fd);
    const hash = createHash(algorithm);
    if (offset > 0) await hashFile(path, hash);
    else await writeFile(join(folder, 'ref'), JSON.stringify(record), { mode: 0o600 });
    return new Ingest(options, path, fd, { algorithm, hash, offset, updated_at: mtime });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

interface Progress {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hash: Hash;
  readonly offset: number;
  readonly updated_at: Date;
}

class Ingest implements ContentWriter, Holder {
  readonly since: Date = new Date();
  readonly #options: IngestOptions;
  readonly #path: string;
  readonly #fd: number;
  readonly #algorithm: 'sha256' | 'sha512';
  #writer: FileWriter;
  #hash: Hash;
  #offset: number;
  #updated_at: Date;
  #ended = false;
  /** Somebody threw the ingest away while it was being written. */
  #dropped = false;

  constructor(options: IngestOptions, path: string, fd: number, progress: Progress) {
    const { algorithm, hash, offset, updated_at } = progress;
    this.#options = options;
    this.#path = path;
    this.#fd = fd;
    this.#algorithm = algorithm;
    this.#hash = hash;
    this.#offset = offset;
    this.#updated_at = updated_at;
    this.#writer = this.#fileWriter();
    options.known.holder = this;
  }

  get offset(): number {
    return this.#offset;
  }

  get updated_at(): Date {
    return this.#updated_at;
  }

  get digest(): string {
    return `${this.#algorithm}:${this.#hash.copy().digest('hex')}`;
  }

  get status(): IngestStatus {
    const { ref, total, expected, started_at } = this.#options.known.record;
    const { offset, updated_at } = this;
    return { ref, offset, total, expected, started_at: new Date(started_at), updated_at };
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    const { ref, total, client } = this.#options.known.record;
    const end = this.#offset + chunk.length;
    // A client is told when it commits.
    if (total > 0 && !client && end > total) {
      throw new WherryError(
        'FailedPrecondition',
        `Cannot write "${ref}": unexpected size, more than the ${total} bytes it was said to have.`,
      );
    }
    if (end > blob_bytes_max)
      throw new WherryError('ResourceExhausted', `Cannot write "${ref}": it has more than ${blob_bytes_max} bytes.`);
    this.#offset = end;
    this.#updated_at = new Date();
    this.#hash.update(chunk);
    try {
      const behind = this.#writer.append(chunk);
      if (behind !== null) await behind;
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot write "${ref}"`);
    }
  }

  async restart(): Promise<void> {
    this.#requireOpen();
    try {
      await this.#writer.flush();
      ftruncateSync(this.#fd);
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot write "${this.#options.known.record.ref}"`);
    }
    this.#offset = 0;
    this.#hash = createHash(this.#algorithm);
    this.#writer = this.#fileWriter();
  }

  async commit(
    size: number | null,
    digest: string | null,
    labels: Labels = {},
  ): Promise<{ digest: string; size: number }> {
    this.#requireOpen();
    this.#ended = true;
    const { ref, total, expected, client } = this.#options.known.record;
    let done = !client;
    try {
      await this.#writer.finish();
      this.#checkSize(size ?? (total > 0 ? total : null));
      const wanted = digest ?? (expected === '' ? null : expected);
      const kept = checkLabels('info.Labels', labels);
      const made = { digest: await this.#checked(wanted), size: this.#offset, labels: kept };
      if (this.#dropped) throw new WherryError('NotFound', `reference ${ref}: not found`);
      done = true;
      await this.#options.install(this.#path, made);
      return { digest: made.digest, size: made.size };
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot commit "${ref}"`);
    } finally {
      // What is not what was expected will not become it by going on; a client may want to look at it.
      closeSync(this.#fd);
      await this.#options.release(done);
    }
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    try {
      await this.#writer.flush();
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot write "${this.#options.known.record.ref}"`);
    } finally {
      closeSync(this.#fd);
      await this.#options.release(false);
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#writer.flush().catch(() => {});
    closeSync(this.#fd);
    await this.#options.release(true);
  }

  drop(): void {
    this.#dropped = true;
  }

  #fileWriter(): FileWriter {
    const { total } = this.#options.known.record;
    return new FileWriter(this.#fd, this.#offset, total > this.#offset ? total - this.#offset : null);
  }

  #checkSize(wanted: number | null): void {
    if (wanted === null || wanted === this.#offset) return;
    throw new WherryError(
      'FailedPrecondition',
      `${JSON.stringify(this.#options.known.record.ref)} failed size validation: ${this.#offset} != ${wanted}: failed precondition`,
    );
  }

  /** The digest of what was written, which must be `expected` if that is known. */
  async #checked(expected: string | null): Promise<string> {
    const own = this.digest;
    if (expected === null || expected === own) return own;
    const fault = digestFault(expected);
    if (fault !== null) throw new WherryError('InvalidArgument', fault);
    let actual = own;
    if (algorithmOf(expected) !== this.#algorithm) {
      const hash = createHash(algorithmOf(expected));
      await hashFile(this.#path, hash);
      actual = `${algorithmOf(expected)}:${hash.digest('hex')}`;
    }
    if (expected === actual) return actual;
    throw new WherryError(
      'FailedPrecondition',
      `unexpected commit digest ${actual}, expected ${expected}: failed precondition`,
    );
  }

  #requireOpen(): void {
    if (this.#ended) throw new WherryError('FailedPrecondition', 'cannot commit on closed writer: failed precondition');
  }
}

async function hashFile(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
}
