import type { Any } from './basics.ts';

export interface Envelope {
  readonly timestamp: Date;
  readonly namespace: string;
  readonly topic: string;
  readonly event: Any;
}

export interface Events {
  publish(namespace: string, topic: string, event: Any): void;
  /** Publishes an event that somebody else made, a shim say, as it is. */
  forward(envelope: Envelope): void;
  /** Gives what is published from now on, until the signal aborts. */
  subscribe(listener: (envelope: Envelope) => void, signal: AbortSignal): void;
}
