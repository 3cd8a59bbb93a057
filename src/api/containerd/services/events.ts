import type { MessageInitShape } from '@bufbuild/protobuf';

import { type Core, type Envelope, type Filter, parseFilters } from '../../../core/index.ts';
import { isClass, WherryError } from '../../../errors/index.ts';
import { events_waiting_bytes_max, events_waiting_max } from '../../../limits/index.ts';
import type { CallContext, ServiceHandlers } from '../../../wire/index.ts';
import type { EventsService, eventTypes } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import { eventFields } from '../event-fields.ts';
import { fromTimestamp, fromWireAny, required, toTimestamp, toWireAny } from '../messages.ts';

/** containerd's Events service: what happens, to all who listen, in every namespace. */
export function eventsService(core: Core): ServiceHandlers<typeof EventsService> {
  return {
    async publish({ topic, event }, call) {
      const namespace = publisherOf(call);
      core.events.publish(namespace, topic, fromWireAny(required(event, 'event')) ?? no_event);
      return {};
    },
    async forward({ envelope }) {
      const { namespace, topic, event, timestamp } = required(envelope, 'envelope');
      core.events.forward({
        namespace,
        topic,
        event: fromWireAny(event) ?? no_event,
        timestamp: fromTimestamp(timestamp) ?? new Date(0),
      });
      return {};
    },
    subscribe({ filters }, { signal }) {
      const isWanted = readFilters(filters);
      const queue = new Queue();
      core.events.subscribe((envelope) => {
        if (isWanted(eventFields(envelope))) queue.add(envelope);
      }, signal);
      signal.addEventListener('abort', () => queue.end(), { once: true });
      return queue.messages();
    },
  };
}

function publisherOf(call: CallContext): string {
  try {
    return namespaceOf(call);
  } catch (thrown) {
    if (!isClass(thrown, 'FailedPrecondition')) throw thrown;
    throw new WherryError('FailedPrecondition', `failed publishing event: ${thrown.message}`, { cause: thrown });
  }
}

function readFilters(filters: readonly string[]): Filter {
  try {
    return parseFilters(filters);
  } catch (thrown) {
    if (!isClass(thrown, 'InvalidArgument')) throw thrown;
    // The class is lost on the way through containerd.
    const reason = `subscription error: failed parsing subscription filters: ${thrown.message}`;
    throw new WherryError('Unknown', reason, { cause: thrown });
  }
}

const no_event = { type_url: '', value: new Uint8Array() };

/** Envelopes on their way to one subscriber. */
class Queue {
  #waiting: Envelope[] = [];
  #waiting_bytes = 0;
  #wake: (() => void) | null = null;
  #ended = false;
  #overrun = false;

  add(envelope: Envelope): void {
    const bytes = this.#waiting_bytes + envelope.event.value.length;
    if (this.#overrun || this.#waiting.length >= events_waiting_max || bytes > events_waiting_bytes_max) {
      this.#overrun = true;
    } else {
      this.#waiting.push(envelope);
      this.#waiting_bytes = bytes;
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *messages(): AsyncGenerator<MessageInitShape<typeof eventTypes.EnvelopeSchema>> {
    while (!this.#ended) {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#waiting_bytes = 0;
      for (const { timestamp, namespace, topic, event } of batch)
        yield { timestamp: toTimestamp(timestamp), namespace, topic, event: toWireAny(event) };
      if (this.#overrun) {
        throw new WherryError('ResourceExhausted', 'events were lost: too many waited to be read. Subscribe again.');
      }
      if (this.#waiting.length > 0 || this.#ended) continue;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
    }
  }
}
