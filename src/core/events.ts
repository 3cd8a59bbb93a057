import { WherryError } from '../errors/index.ts';
import type { Log } from './log.ts';
import type { Any, Envelope, Events } from './model.ts';
import { checkIdentifier } from './names.ts';

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

  /** An event that is a function is made only when somebody listens. */
  publish(namespace: string, topic: string, event: Any | (() => Any)): void {
    checkTopic(topic);
    if (!this.heard) return;
    const made = typeof event === 'function' ? event() : event;
    this.#tell({ timestamp: new Date(), namespace, topic, event: made });
  }

  forward({ timestamp, namespace, topic, event }: Envelope): void {
    checkIdentifier(namespace, 'event envelope has invalid namespace');
    checkTopic(topic);
    this.#tell({ timestamp, namespace, topic, event });
  }

  subscribe(listener: (envelope: Envelope) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    // One function may listen twice.
    const own = (envelope: Envelope): void => listener(envelope);
    this.#listeners.add(own);
    signal.addEventListener('abort', () => this.#listeners.delete(own), { once: true });
  }

  #tell(envelope: Envelope): void {
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
}

/** @throws WherryError InvalidArgument, in containerd's words, for what is no topic */
function checkTopic(topic: string): void {
  const of = `envelope topic ${JSON.stringify(topic)}`;
  const refuse = (reason: string): never => {
    throw new WherryError('InvalidArgument', `${of}: ${reason}: invalid argument`);
  };
  if (topic === '') refuse('must not be empty');
  if (!topic.startsWith('/')) refuse("must start with '/'");
  if (topic === '/') refuse('must have at least one component');
  for (const component of topic.slice(1).split('/'))
    checkIdentifier(component, `${of}: failed validation on component ${JSON.stringify(component)}`);
}
