import type { Any, Envelope, Events } from './model.ts';
import type { Log } from './log.ts';

/** Events to who listens in this process. Nothing is kept: what was published before is gone. */
export class EventBus implements Events {
  readonly #listeners = new Set<(envelope: Envelope) => void>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether anybody listens: who has to make an event first may spare it. */
  get heard(): boolean {
    return this.#listeners.size > 0;
  }

  publish(namespace: string, topic: string, event: Any): void {
    if (!this.heard) return;
    this.forward({ timestamp: new Date(), namespace, topic, event });
  }

  forward(envelope: Envelope): void {
    for (const listener of this.#listeners) {
      try {
        listener(envelope);
      } catch (error) {
        this.#log.error(
          `a listener failed at ${envelope.topic}: ${error instanceof Error ? error.stack : String(error)}`,
        );
      }
    }
  }

  subscribe(listener: (envelope: Envelope) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // One function may listen twice.
    const own = (envelope: Envelope): void => listener(envelope);
    this.#listeners.add(own);
    signal.addEventListener('abort', () => this.#listeners.delete(own), { once: true });
  }
}
