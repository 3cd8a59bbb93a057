import * as v from 'valibot';

import { type Networks, parseFilters } from '../../../engine/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { networkJson } from '../network-json.ts';
import { parseBody } from '../parse-body.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';

const text = v.nullish(v.string(), '');
const createRequest = v.object({ Name: text, Driver: text });
const connectRequest = v.object({ Container: text });

/** Operations on networks. */
export function networkRoutes(networks: Networks): readonly Route[] {
  const id = (request: ApiRequest): string => request.params['id'] ?? '';

  function list(request: ApiRequest, reply: ApiReply): void {
    const withContainers = request.before('1.28');
    const found = networks.list(parseFilters(request.query.get('filters')));
    reply.json(
      200,
      found.map((network) => networkJson(network, withContainers)),
    );
  }

  function inspect(request: ApiRequest, reply: ApiReply): void {
    const scope = request.before('1.31') ? '' : (request.query.get('scope') ?? '');
    if (scope !== '' && scope !== 'local') throw new WherryError('NotFound', `network ${id(request)} not found`);
    reply.json(200, networkJson(networks.get(id(request)), true));
  }

  async function create(request: ApiRequest): Promise<void> {
    const { Name, Driver } = parseBody(createRequest, await request.json());
    networks.create(Name, Driver);
  }

  async function connect(request: ApiRequest): Promise<void> {
    networks.connect(id(request), parseBody(connectRequest, await request.json()).Container);
  }

  async function disconnect(request: ApiRequest): Promise<void> {
    networks.disconnect(id(request), parseBody(connectRequest, await request.json()).Container);
  }

  function prune(request: ApiRequest, reply: ApiReply): void {
    const names = networks.prune(parseFilters(request.query.get('filters')));
    reply.json(200, { NetworksDeleted: names.length === 0 ? null : names });
  }

  return [
    { method: 'GET', pattern: '/networks', handler: list },
    { method: 'POST', pattern: '/networks/create', handler: create },
    { method: 'POST', pattern: '/networks/prune', min_version: '1.25', handler: prune },
    { method: 'GET', pattern: '/networks/{id:.*}', handler: inspect },
    { method: 'POST', pattern: '/networks/{id:.*}/connect', handler: connect },
    { method: 'POST', pattern: '/networks/{id:.*}/disconnect', handler: disconnect },
    { method: 'DELETE', pattern: '/networks/{id:.*}', handler: (request) => networks.remove(id(request)) },
  ];
}
