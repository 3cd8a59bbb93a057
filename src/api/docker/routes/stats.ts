import type { Engine } from '../../../engine/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';
import { statsJson } from '../stats-json.ts';

/** What containers use, once or from now on. */
export function statsRoutes({ containers }: Engine): readonly Route[] {
  async function stats(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { params, query, signal } = request;
    const stream = query.has('stream') ? request.flag('stream') : true;
    const one_shot = !request.before('1.41') && request.flag('one-shot');
    if (stream && one_shot) throw new WherryError('InvalidArgument', 'cannot have stream=true and one-shot=true');
    const container = containers.find(params['id'] ?? '');
    const samples = containers.stats(container, { stream, one_shot, signal });
    if (!stream) {
      for await (const [before, now] of samples) reply.json(200, statsJson(container, before, now));
      return;
    }
    const answer = reply.stream(200, 'application/json');
    try {
      for await (const [before, now] of samples) {
        if (signal.aborted) return;
        await answer.write(`${JSON.stringify(statsJson(container, before, now))}\n`);
      }
    } finally {
      answer.end();
    }
  }

  return [{ method: 'GET', pattern: '/containers/{id}/stats', handler: stats }];
}
