import { type EngineEvent, type EngineEvents, matchesEvent, parseFilters } from '../../../engine/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { gone, parseTimestamp } from '../numbers.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';

/** Events as they happen. */
export function eventRoutes(events: EngineEvents): readonly Route[] {
  async function follow(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { query, signal } = request;
    const since_ns = parseTimestamp('since', query.get('since') ?? '', "'");
    const until_ns = parseTimestamp('until', query.get('until') ?? '', "'");
    if (since_ns > 0n && until_ns > 0n && since_ns > until_ns) {
      const shown = (name: string): string => query.get(name) ?? '';
      throw new WherryError(
        'InvalidArgument',
        `\`since\` time (${shown('since')}) cannot be after \`until\` time (${shown('until')})`,
      );
    }
    const filters = parseFilters(query.get('filters'));
    const { type, print } = formOf(request);
    const stream = reply.stream(200, type);
    const wanted = (event: EngineEvent): boolean =>
      matchesEvent(filters, event) && !(request.before('1.46') && event.Type === 'image' && event.Action === 'create');
    const send = (event: EngineEvent): void => {
      if (wanted(event)) void stream.write(print(event));
    };
    const live = new AbortController();
    const rest_ms = until_ns === 0n ? Infinity : Number(until_ns / 1_000_000n) - Date.now();
    if (since_ns > 0n || until_ns > 0n) {
      for (const event of events.kept(since_ns, until_ns === 0n ? null : until_ns)) send(event);
    }
    if (rest_ms > 0) {
      events.subscribe(send, live.signal);
      await Promise.race([gone(signal), afterMs(rest_ms, live.signal)]);
      live.abort();
    }
    stream.end();
  }

  return [{ method: 'GET', pattern: '/events', handler: follow }];
}

function afterMs(ms: number, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (!Number.isFinite(ms)) return;
    // The longest a timer can be; who waits longer asks again.
    const timer = setTimeout(() => resolve(null), Math.min(ms, 2 ** 31 - 1));
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}

interface Form {
  readonly type: string;
  readonly print: (event: EngineEvent) => string;
}

const record_separator = '\x1e';

function formOf(request: ApiRequest): Form {
  if (request.before('1.52')) {
    return { type: 'application/json', print: (event) => `${eventJson({ ...legacy(event) }, event)}\n` };
  }
  const accepted = (request.headers.accept ?? '').split(',').map((each) => each.split(';', 1)[0]!.trim());
  const known = ['application/jsonl', 'application/x-ndjson', 'application/json-seq'];
  const type = accepted.find((each) => known.includes(each)) ?? 'application/jsonl';
  const prefix = type === 'application/json-seq' ? record_separator : '';
  return { type, print: (event) => `${prefix}${eventJson({}, event)}\n` };
}

function legacy({ Type, Action, Actor }: EngineEvent): Record<string, string> {
  if (Type === 'container') return { status: Action, id: Actor.ID, from: Actor.Attributes['image'] ?? '' };
  return Type === 'image' ? { status: Action, id: Actor.ID } : {};
}

/** The nanoseconds are more than a JavaScript number holds, so they are written by hand. */
function eventJson(first: Record<string, string>, event: EngineEvent): string {
  const { Type, Action, Actor, scope, time_ns } = event;
  const head = JSON.stringify({ ...first, Type, Action, Actor, scope, time: Number(time_ns / 1_000_000_000n) });
  return `${head.slice(0, -1)},"timeNano":${time_ns}}`;
}
