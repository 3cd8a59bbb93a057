import * as v from 'valibot';

import { parseFilters, type Volumes } from '../../../engine/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { parseBody } from '../parse-body.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';
import { volumeJson } from '../volume-json.ts';

const map = v.nullish(v.record(v.string(), v.string()), {});

/** Docker's `VolumeCreateRequest`. */
const createRequest = v.object({
  Name: v.nullish(v.string(), ''),
  Driver: v.nullish(v.string(), ''),
  DriverOpts: map,
  Labels: map,
});

/** Operations on volumes. */
export function volumeRoutes(volumes: Volumes): readonly Route[] {
  const name = (request: ApiRequest): string => request.params['name'] ?? '';

  function list(request: ApiRequest, reply: ApiReply): void {
    const found = volumes.list(parseFilters(request.query.get('filters')));
    reply.json(200, { Volumes: found.map(volumeJson), Warnings: null });
  }

  function inspect(request: ApiRequest, reply: ApiReply): void {
    reply.json(200, volumeJson(volumes.get(name(request))));
  }

  async function create(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { Name, Driver, DriverOpts, Labels } = parseBody(createRequest, await request.json());
    const volume = await volumes.create({ name: Name, driver: Driver, options: DriverOpts, labels: Labels });
    reply.json(201, volumeJson(volume));
  }

  async function remove(request: ApiRequest, reply: ApiReply): Promise<void> {
    await volumes.remove(name(request), { force: !request.before('1.25') && request.flag('force') });
    reply.empty(204);
  }

  async function prune(request: ApiRequest, reply: ApiReply): Promise<void> {
    const given = parseFilters(request.query.get('filters'));
    // Before there was a choice all unused volumes went.
    const filters = request.before('1.42') && !given.has('all') ? new Map([...given, ['all', ['true']]]) : given;
    const { names, reclaimed_bytes } = await volumes.prune(filters);
    reply.json(200, { VolumesDeleted: names.length === 0 ? null : names, SpaceReclaimed: reclaimed_bytes });
  }

  function update(): never {
    const problem = 'volume update only valid for cluster volumes, but swarm is unavailable';
    throw new WherryError('Unavailable', problem);
  }

  return [
    { method: 'GET', pattern: '/volumes', handler: list },
    { method: 'POST', pattern: '/volumes/create', handler: create },
    { method: 'POST', pattern: '/volumes/prune', min_version: '1.25', handler: prune },
    { method: 'GET', pattern: '/volumes/{name:.*}', handler: inspect },
    { method: 'PUT', pattern: '/volumes/{name:.*}', min_version: '1.42', handler: update },
    { method: 'DELETE', pattern: '/volumes/{name:.*}', handler: remove },
  ];
}
