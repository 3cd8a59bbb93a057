import { events_kept_max } from '../limits/index.ts';
import type { Filters } from './filters.ts';

/** An event as Docker tells of it. */
export interface EngineEvent {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  /** Nanoseconds since 1970. */
  readonly time_ns: bigint;
}

export type EventFields = Pick<EngineEvent, 'Type' | 'Action' | 'Actor'>;

/** What happened: told to those who listen, the last of it kept for those who ask later. */
export class EngineEvents {
  readonly #kept: EngineEvent[] = [];
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  #last_ns = 0n;

  get listeners(): number {
    return this.#listeners.size;
  }

  publish({ Type, Action, Actor }: EventFields): void {
    // Two events never have the same time, so that `since` can tell them apart.
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#last_ns = now > this.#last_ns ? now : this.#last_ns + 1n;
    const event: EngineEvent = { Type, Action, Actor, scope: 'local', time_ns: this.#last_ns };
    this.#kept.push(event);
    if (this.#kept.length > events_kept_max) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** Those kept that happened in between, both included. */
  kept(since_ns: bigint, until_ns: bigint | null): readonly EngineEvent[] {
    return this.#kept.filter(({ time_ns }) => time_ns >= since_ns && (until_ns === null || time_ns <= until_ns));
  }

  /** Calls `listener` with what happens from now on, until the signal aborts. */
  subscribe(listener: (event: EngineEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }
}

const object_keys = [
  'container',
  'image',
  'volume',
  'network',
  'daemon',
  'plugin',
  'service',
  'node',
  'secret',
  'config',
];

/** Whether an event fits the filters of a request; keys that are not known are not looked at. */
export function matchesEvent(filters: Filters, { Type, Action, Actor, scope }: EngineEvent): boolean {
  const { ID, Attributes } = Actor;
  const any = (key: string, fits: (value: string) => boolean): boolean => {
    const values = filters.get(key) ?? [];
    return values.length === 0 || values.some(fits);
  };
  const prefixed = ['health_status', 'exec_create', 'exec_start'];
  return (
    any('event', (value) => Action === value || (prefixed.includes(value) && Action.startsWith(value))) &&
    any('type', (value) => Type === value) &&
    any('scope', (value) => scope === value) &&
    (filters.get('label') ?? []).every((label) => {
      const at = label.indexOf('=');
      const key = at < 0 ? label : label.slice(0, at);
      return Object.hasOwn(Attributes, key) && (at < 0 || Attributes[key] === label.slice(at + 1));
    }) &&
    object_keys.every((key) =>
      any(key, (value) => {
        if (key === 'image') return isImage(value, { Type, ID, Attributes });
        return Type === key && (ID.startsWith(value) || (Attributes['name'] ?? '').startsWith(value));
      }),
    )
  );
}

function isImage(
  value: string,
  event: { Type: string; ID: string; Attributes: Readonly<Record<string, string>> },
): boolean {
  const name = event.Attributes[event.Type === 'image' ? 'name' : 'image'] ?? '';
  const untagged = name.replace(/:[^/:]*$/, '');
  return [name, untagged, ...(event.Type === 'image' ? [event.ID] : [])].includes(value);
}
