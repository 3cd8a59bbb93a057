import { type Engine, parseFilters } from '../../../engine/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { containerJson } from '../container-json.ts';
import { readCreateRequest, readUpdateRequest } from '../container-request.ts';
import { summaryJson } from '../container-summary-json.ts';
import { dimension, integerParameter } from '../numbers.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';

/** Operations on containers that are answered at once. */
export function containerRoutes(engine: Engine): readonly Route[] {
  const { containers } = engine;
  const id = (request: ApiRequest): string => request.params['id'] ?? '';

  async function create(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { container, warnings } = await containers.create(await readCreateRequest(request));
    reply.json(201, { Id: container.id, Warnings: warnings });
  }

  async function list(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { query, before } = request;
    const found = containers.list({
      all: request.flag('all'),
      limit: integerParameter(query, 'limit') ?? 0,
      filters: parseFilters(query.get('filters')),
    });
    const sized = request.flag('size');
    const shown = found.map(async (container) =>
      summaryJson(container, engine, before, sized ? await containers.size(container) : null),
    );
    reply.json(200, await Promise.all(shown));
  }

  async function inspect(request: ApiRequest, reply: ApiReply): Promise<void> {
    const container = containers.find(id(request));
    const sizes = request.flag('size') ? await containers.size(container) : null;
    const walls = await containers.walls(container);
    reply.json(200, containerJson(container, engine, request.before, { sizes, walls }));
  }

  async function start(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { headers, query } = request;
    if (Number(headers['content-length'] ?? 0) > 7 || headers['transfer-encoding'] !== undefined) {
      throw new WherryError(
        'InvalidArgument',
        'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
      );
    }
    if ((query.get('checkpoint') ?? '') !== '') {
      throw new WherryError('InvalidArgument', 'checkpoint is only supported in experimental mode');
    }
    await containers.start(id(request));
    reply.empty(204);
  }

  function stopOptions(request: ApiRequest): { readonly signal: string; readonly timeout_s: number | null } {
    const { query, before } = request;
    return { signal: before('1.42') ? '' : (query.get('signal') ?? ''), timeout_s: integerParameter(query, 't') };
  }

  async function stop(request: ApiRequest, reply: ApiReply): Promise<void> {
    await containers.stop(id(request), stopOptions(request));
    reply.empty(204);
  }

  async function restart(request: ApiRequest, reply: ApiReply): Promise<void> {
    await containers.restart(id(request), stopOptions(request));
    reply.empty(204);
  }

  async function kill(request: ApiRequest, reply: ApiReply): Promise<void> {
    await containers.kill(id(request), request.query.get('signal') ?? '');
    reply.empty(204);
  }

  async function pause(request: ApiRequest, reply: ApiReply): Promise<void> {
    await containers.pause(id(request));
    reply.empty(204);
  }

  async function unpause(request: ApiRequest, reply: ApiReply): Promise<void> {
    await containers.unpause(id(request));
    reply.empty(204);
  }

  async function rename(request: ApiRequest, reply: ApiReply): Promise<void> {
    await containers.rename(id(request), request.query.get('name') ?? '');
    reply.empty(204);
  }

  async function update(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { fields, policy } = await readUpdateRequest(request);
    reply.json(200, { Warnings: await containers.update(id(request), fields, policy) });
  }

  async function resize(request: ApiRequest, reply: ApiReply): Promise<void> {
    const height = dimension(request.query, 'h', 'height');
    const width = dimension(request.query, 'w', 'width');
    await containers.resize(id(request), width, height);
    reply.empty(200);
  }

  async function top(request: ApiRequest, reply: ApiReply): Promise<void> {
    const ps_args = request.query.get('ps_args') ?? '';
    const { titles, rows } = await containers.processes(id(request), ps_args === '' ? '-ef' : ps_args);
    reply.json(200, { Titles: titles, Processes: rows });
  }

  async function remove(request: ApiRequest, reply: ApiReply): Promise<void> {
    if (request.flag('link')) {
      throw new WherryError('Unimplemented', 'links between containers are not there yet in Wherry');
    }
    await containers.remove(id(request), { force: request.flag('force'), volumes: request.flag('v') });
    reply.empty(204);
  }

  async function prune(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { ids, reclaimed_bytes } = await containers.prune(parseFilters(request.query.get('filters')));
    reply.json(200, { ContainersDeleted: ids.length === 0 ? null : ids, SpaceReclaimed: reclaimed_bytes });
  }

  return [
    { method: 'GET', pattern: '/containers/json', handler: list },
    { method: 'POST', pattern: '/containers/create', handler: create },
    { method: 'POST', pattern: '/containers/prune', min_version: '1.25', handler: prune },
    { method: 'GET', pattern: '/containers/{id}/json', handler: inspect },
    { method: 'GET', pattern: '/containers/{id}/top', handler: top },
    { method: 'POST', pattern: '/containers/{id}/start', handler: start },
    { method: 'POST', pattern: '/containers/{id}/stop', handler: stop },
    { method: 'POST', pattern: '/containers/{id}/restart', handler: restart },
    { method: 'POST', pattern: '/containers/{id}/kill', handler: kill },
    { method: 'POST', pattern: '/containers/{id}/pause', handler: pause },
    { method: 'POST', pattern: '/containers/{id}/unpause', handler: unpause },
    { method: 'POST', pattern: '/containers/{id}/rename', handler: rename },
    { method: 'POST', pattern: '/containers/{id}/update', handler: update },
    { method: 'POST', pattern: '/containers/{id}/resize', handler: resize },
    { method: 'DELETE', pattern: '/containers/{id}', handler: remove },
  ];
}
