import { checkFilters, type Images, parseFilters, type System } from '../../../engine/index.ts';
import { parseLogin } from '../registry-login.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';
import { infoJson, versionJson } from '../system-json.ts';
import { newest_version, oldest_version } from '../version.ts';

const cache_filters = [
  'description',
  'id',
  'inuse',
  'label',
  'label!',
  'parent',
  'private',
  'shared',
  'type',
  'unused-for',
  'until',
];

/** Operations on the daemon as a whole. */
export function systemRoutes(system: System, images: Images): readonly Route[] {
  function ping(_request: ApiRequest, reply: ApiReply): void {
    reply.header('Builder-Version', '2');
    reply.header('Swarm', 'inactive');
    reply.header('Cache-Control', 'no-cache, no-store, must-revalidate');
    reply.header('Pragma', 'no-cache');
    reply.text(200, 'OK');
  }

  async function auth(request: ApiRequest, reply: ApiReply): Promise<void> {
    await images.checkLogin(parseLogin(await request.json()), request.signal);
    reply.json(200, { Status: 'Login Succeeded', IdentityToken: '' });
  }

  /** Nothing is built here yet, so there is no cache to prune. */
  function pruneBuildCache(request: ApiRequest, reply: ApiReply): void {
    checkFilters(parseFilters(request.query.get('filters')), cache_filters);
    reply.json(200, { CachesDeleted: null, SpaceReclaimed: 0 });
  }

  return [
    { method: 'GET', pattern: '/_ping', handler: ping },
    { method: 'HEAD', pattern: '/_ping', handler: ping },
    {
      method: 'GET',
      pattern: '/version',
      handler: (_request, reply) =>
        reply.json(200, versionJson(system, { newest: newest_version, oldest: oldest_version })),
    },
    { method: 'GET', pattern: '/info', handler: (request, reply) => reply.json(200, infoJson(system, request.before)) },
    { method: 'POST', pattern: '/auth', handler: auth },
    { method: 'POST', pattern: '/build/prune', min_version: '1.31', handler: pruneBuildCache },
  ];
}
