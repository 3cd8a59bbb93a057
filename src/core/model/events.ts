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
  /** Publishes what somebody else has seen, at the time that they say. InvalidArgument without one. */
  forward(envelope: Omit<Envelope, 'timestamp'> & { readonly timestamp: Date | undefined }): void;
  /** Gives what is published from now on, until the signal aborts. */
  subscribe(listener: (envelope: Envelope) => void, signal: AbortSignal): void;
}
