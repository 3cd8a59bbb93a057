import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  event_forward_ms_max,
  event_retry_ms,
  event_retry_ms_max,
  shim_events_waiting_max,
} from '../../limits/index.ts';
import { EventsForwardService, packMessage, TtrpcClient, type types } from '../../wire/index.ts';
import { complain } from '../complain.ts';

type Waiting = Omit<types.Envelope, '$typeName' | '$unknown'>;

/**
 * Forwards events to a containerd, in order, and again until it takes them: one that was killed gets what happened
 * meanwhile when it is back.
 */
export class Publisher {
  readonly #namespace: string;
  #address = '';
  #waiting: Waiting[] = [];
  #forwarding = false;
  #client: TtrpcClient | null = null;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Where its ttrpc socket is; containerd says it with each container. */
  set address(address: string) {
    if (address === '' || address === this.#address) return;
    this.#address = address;
    this.#client?.close();
  }

  /** Whether nothing waits any more. */
  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  publish<Schema extends DescMessage>(topic: string, schema: Schema, event: MessageInitShape<Schema>): void {
    if (this.#address === '') return;
    if (this.#waiting.length >= shim_events_waiting_max) {
      complain(`containerd takes no events: ${this.#waiting.shift()!.topic} is given up on`);
    }
    this.#waiting.push({
      timestamp: timestampFromDate(new Date()),
      namespace: this.#namespace,
      topic,
      event: packMessage(schema, create(schema, event)),
    });
    void this.#forward();
  }

  async #forward(): Promise<void> {
    if (this.#forwarding) return;
    this.#forwarding = true;
    let pause_ms = event_retry_ms;
    while (this.#waiting.length > 0) {
      const envelope = this.#waiting[0]!;
      try {
        const client = await this.#connected();
        await client
          .service(EventsForwardService)
          .forward(
            { envelope },
            { timeout_ms: event_forward_ms_max, metadata: { 'containerd-namespace-ttrpc': this.#namespace } },
          );
        // An overflow may have taken it away meanwhile.
        if (this.#waiting[0] === envelope) this.#waiting.shift();
        pause_ms = event_retry_ms;
      } catch {
        this.#client?.close();
        this.#client = null;
        await sleep(pause_ms);
        pause_ms = Math.min(pause_ms * 2, event_retry_ms_max);
      }
    }
    this.#forwarding = false;
  }

  async #connected(): Promise<TtrpcClient> {
    if (this.#client !== null) return this.#client;
    const client = await TtrpcClient.connect(this.#address);
    this.#client = client;
    void client.closed.then(() => {
      if (this.#client === client) this.#client = null;
    });
    return client;
  }
}
