import type { Any } from './basics.ts';

export interface Envelope {
  readonly timestamp: Date;
  readonly namespace: string;
  readonly topic: string;
  readonly event: Any;
}

export interface Events {
  /** InvalidArgument for a topic that is none. */
  publish(namespace: string, topic: string, event: Any): void;
  /** Publishes what somebody else has seen. InvalidArgument for a namespace or topic that is none. */
  forward(envelope: Envelope): void;
  /** Gives what is published from now on, until the signal aborts. */
  subscribe(listener: (envelope: Envelope) => void, signal: AbortSignal): void;
}
