import type { Any } from '@bufbuild/protobuf/wkt';
import { setImmediate } from 'node:timers/promises';

import { WherryError } from '../../../errors/index.ts';
import {
  transfer_stream_name_bytes_max,
  transfer_stream_unclaimed_ms_max,
  transfer_streams_max,
} from '../../../limits/index.ts';

/** What may wait to be sent on one stream before a word more is dropped. */
const unsent_max = 4096;

interface Unsent {
  readonly message: Any;
  /** Called when it is on its way, or will never be. */
  readonly taken: (() => void) | null;
}

/** One stream that a client opened beside a transfer. Messages are read from it only as they are asked for. */
export class TransferStream {
  readonly #messages: AsyncIterator<Any>;
  readonly #signal: AbortSignal;
  readonly #unsent: Unsent[] = [];
  #wake: (() => void) | null = null;
  #closed = false;
  #unclaimed: NodeJS.Timeout | null;

  constructor(messages: AsyncIterator<Any>, signal: AbortSignal) {
    this.#messages = messages;
    this.#signal = signal;
    this.#unclaimed = setTimeout(() => this.close(), transfer_stream_unclaimed_ms_max);
    this.#unclaimed.unref();
    signal.addEventListener('abort', () => this.close(), { once: true });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Says that a transfer has it: it stays until that ends. */
  claim(): this {
    if (this.#unclaimed !== null) clearTimeout(this.#unclaimed);
    this.#unclaimed = null;
    return this;
  }

  /**
   * The next message; null when the client has sent its last.
   *
   * @throws WherryError Cancelled when the client is gone
   */
  async receive(): Promise<Any | null> {
    let next: IteratorResult<Any>;
    try {
      next = await this.#messages.next();
    } catch (cause) {
      if (cause instanceof WherryError) throw cause;
      throw new WherryError('Cancelled', 'context canceled', { cause });
    }
    if (next.done !== true) return next.value;
    // A stream that was given up looks like one that is over until the rest of the news has come.
    await setImmediate();
    if (this.#signal.aborted) throw new WherryError('Cancelled', 'context canceled');
    return null;
  }

  /** Sends a message; settles when the connection has taken it. A client that takes nothing holds up the sender. */
  async send(message: Any): Promise<void> {
    if (this.#closed) throw new WherryError('Cancelled', 'context canceled');
    await new Promise<void>((taken) => {
      this.#unsent.push({ message, taken });
      this.#wake?.();
    });
    if (this.#signal.aborted) throw new WherryError('Cancelled', 'context canceled');
  }

  /** Sends a message that nobody waits for; false when too many wait already, and it is dropped. */
  post(message: Any): boolean {
    if (this.#closed || this.#unsent.length >= unsent_max) return false;
    this.#unsent.push({ message, taken: null });
    this.#wake?.();
    return true;
  }

  /** What is sent, until the stream is closed and all of it is taken. */
  async *outgoing(): AsyncGenerator<Any> {
    try {
      for (;;) {
        const next = this.#unsent.shift();
        if (next !== undefined) {
          try {
            yield next.message;
          } finally {
            next.taken?.();
          }
        } else if (this.#closed) {
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = null;
        }
      }
    } finally {
      this.#closed = true;
      this.#giveUp();
    }
  }

  /** Ends the stream behind what was sent. */
  close(): void {
    this.claim();
    this.#closed = true;
    this.#wake?.();
    if (this.#signal.aborted) this.#giveUp();
  }

  #giveUp(): void {
    for (const { taken } of this.#unsent.splice(0)) taken?.();
  }
}

/** The streams of all namespaces by name. */
export class TransferStreams {
  readonly #namespaces = new Map<string, Map<string, TransferStream>>();
  #count = 0;

  /**
   * Keeps a stream under its name until `forget`.
   *
   * @throws WherryError Unknown, as containerd, when the name is taken; ResourceExhausted when there are too many
   */
  register(namespace: string, id: string, stream: TransferStream): void {
    if (Buffer.byteLength(id) > transfer_stream_name_bytes_max) {
      throw new WherryError('InvalidArgument', `a stream's name has at most ${transfer_stream_name_bytes_max} bytes`);
    }
    const streams = this.#namespaces.get(namespace) ?? new Map<string, TransferStream>();
    if (streams.has(id)) throw new WherryError('Unknown', 'already exists');
    if (this.#count >= transfer_streams_max) {
      throw new WherryError('ResourceExhausted', `there are ${transfer_streams_max} streams already`);
    }
    streams.set(id, stream);
    this.#count++;
    this.#namespaces.set(namespace, streams);
  }

  forget(namespace: string, id: string): void {
    const streams = this.#namespaces.get(namespace);
    if (streams?.delete(id) === true) this.#count--;
    if (streams?.size === 0) this.#namespaces.delete(namespace);
  }

  /**
   * Gives a stream to the transfer that names it.
   *
   * @throws WherryError NotFound
   */
  claim(namespace: string, id: string): TransferStream {
    const stream = this.#namespaces.get(namespace)?.get(id);
    if (stream === undefined || stream.isClosed) throw new WherryError('NotFound', 'not found');
    return stream.claim();
  }
}
