import { WherryError } from '../../errors/index.ts';
import type { ContentWriter, IngestStatus, Labels } from '../model.ts';

export interface OfferedOptions {
  readonly status: IngestStatus;
  /** Makes the blob visible. */
  take(labels: Labels): Promise<void>;
  /** An ordinary ingest of the same name, for who wants to write it all the same. */
  begin(): Promise<ContentWriter>;
}

/**
 * A writer of content that the store has from another namespace: it is complete from the start and has only to be
 * committed. The "shared" policy of containerd.
 */
export class OfferedContent implements ContentWriter {
  readonly #options: OfferedOptions;
  /** From when on it is written. */
  #own: ContentWriter | null = null;

  constructor(options: OfferedOptions) {
    this.#options = options;
  }

  get offset(): number {
    return this.#own?.offset ?? this.#options.status.offset;
  }

  get digest(): string {
    return this.#own?.digest ?? this.#options.status.expected;
  }

  get status(): IngestStatus {
    return this.#own?.status ?? this.#options.status;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#own !== null) await this.#own.write(chunk);
    else if (chunk.length > 0) {
      const { ref, offset } = this.#options.status;
      throw new WherryError(
        'FailedPrecondition',
        `Cannot write "${ref}": unexpected size, more than the ${offset} bytes it was said to have.`,
      );
    }
  }

  async restart(): Promise<void> {
    this.#own ??= await this.#options.begin();
    await this.#own.restart();
  }

  async commit(
    size: number | null,
    digest: string | null,
    labels: Labels = {},
  ): Promise<{ digest: string; size: number }> {
    if (this.#own !== null) return this.#own.commit(size, digest, labels);
    const { ref, expected, offset } = this.#options.status;
    if (size !== null && size !== 0 && size !== offset) {
      throw new WherryError(
        'FailedPrecondition',
        `${JSON.stringify(ref)} failed size validation: ${offset} != ${size}: failed precondition`,
      );
    }
    if (digest !== null && digest !== expected)
      throw new WherryError('FailedPrecondition', `${JSON.stringify(ref)} unexpected digest: failed precondition`);
    await this.#options.take(labels);
    return { digest: expected, size: offset };
  }

  async close(): Promise<void> {
    await this.#own?.close();
  }

  async abort(): Promise<void> {
    await this.#own?.abort();
  }
}
