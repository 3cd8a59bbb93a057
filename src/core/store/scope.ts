import type { ObjectEvent } from './object-events.ts';

/** What the parts of a transaction need of the one they are in. */
export interface Scope {
  /** @throws WherryError Internal outside of a transaction */
  requireAct(): void;
  /** Runs `hook` once the transaction is durable, before its caller hears of that. */
  after(hook: () => void): void;
}

/** Tells of a change once it is durable. */
export type Publish = (namespace: string, event: ObjectEvent) => void;
