import type { MessageInitShape } from '@bufbuild/protobuf';

import type { Content, ContentWriter } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { contentApi } from '../../../wire/services.ts';
import { fromSize, toTimestamp } from '../messages.ts';

const { WriteAction } = contentApi;

type Reply = MessageInitShape<typeof contentApi.WriteContentResponseSchema>;

/**
 * containerd's Content.Write: one ingest for the time of a call. Each request is answered with where the ingest stands;
 * a call that ends without a commit leaves an ingest to go on with.
 */
export async function* writeContent(
  content: Content,
  lease: string | null,
  requests: AsyncIterable<contentApi.WriteContentRequest>,
): AsyncGenerator<Reply> {
  let session: Session | null = null;
  try {
    for await (const request of requests) {
      session ??= await Session.open(content, lease, request);
      const reply = await session.answer(request);
      yield reply;
      if (request.action === WriteAction.COMMIT) return;
    }
  } finally {
    await session?.close();
  }
}

class Session {
  readonly #content: Content;
  readonly #writer: ContentWriter;
  #total: number;
  #expected: string;
  /** What the last STAT said, which containerd repeats from then on. */
  #told: Pick<Reply, 'total' | 'startedAt' | 'updatedAt'> = {};

  private constructor(content: Content, writer: ContentWriter, first: contentApi.WriteContentRequest) {
    this.#content = content;
    this.#writer = writer;
    this.#total = fromSize(first.total);
    this.#expected = first.expected;
  }

  static async open(content: Content, lease: string | null, first: contentApi.WriteContentRequest): Promise<Session> {
    const { ref, expected: digest } = first;
    if (ref === '') throw new WherryError('InvalidArgument', 'first message must have a reference');
    const size = Math.max(0, fromSize(first.total));
    const how = { as_client: true, ...(lease === null ? {} : { lease }) };
    return new Session(content, await content.writer(ref, { digest, size }, how), first);
  }

  async answer(request: contentApi.WriteContentRequest): Promise<Reply> {
    const { action, expected, total } = request;
    if (expected !== '') {
      this.#expected = expected;
      if (this.#content.has(expected)) {
        await this.#writer.abort();
        throw new WherryError('AlreadyExists', `blob with expected digest ${expected} exists`);
      }
    }
    if (total > 0n) this.#total = fromSize(total);
    if (action === WriteAction.STAT) {
      const { started_at, updated_at } = this.#writer.status;
      this.#told = {
        total: BigInt(this.#total),
        startedAt: toTimestamp(started_at),
        updatedAt: toTimestamp(updated_at),
      };
      return { action, offset: BigInt(this.#writer.offset), digest: this.#writer.digest, ...this.#told };
    }
    await this.#write(request);
    const offset = BigInt(this.#writer.offset);
    const { digest } = this.#writer;
    if (action !== WriteAction.COMMIT) return { action, offset, digest, ...this.#told };
    const size = this.#total > 0 ? this.#total : null;
    const made = await this.#writer.commit(size, this.#expected === '' ? null : this.#expected, request.labels);
    return { action, offset, digest: made.digest, ...this.#told };
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #write({ offset, data }: contentApi.WriteContentRequest): Promise<void> {
    const at = this.#writer.offset;
    if (offset > 0n && offset !== BigInt(at))
      throw new WherryError('OutOfRange', `write @${offset} must occur at current offset ${at}`);
    if (offset <= 0n && at > 0) await this.#writer.restart();
    if (data.length > 0) await this.#writer.write(data);
  }
}
