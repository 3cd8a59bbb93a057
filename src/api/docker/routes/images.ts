import type { Readable } from 'node:stream';

import { type Filters, type Images, parseFilters } from '../../../engine/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { historyJson, inspectJson, summaryJson } from '../image-json.ts';
import { platformParameter } from '../platform-parameter.ts';
import { loginFromHeader } from '../registry-login.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';

/** `GET /images/json`, of the images of any namespace. */
export async function imageList(images: Images, request: ApiRequest, reply: ApiReply): Promise<void> {
  const withManifests = !request.before('1.47') && request.flag('manifests');
  if (!request.before('1.54') && request.flag('identity') && !withManifests) {
    throw new WherryError('InvalidArgument', 'conflicting options: identity requires manifests=1');
  }
  const found = await images.list(listFilters(request));
  reply.json(
    200,
    found.map((image) => summaryJson(image, request.before, withManifests)),
  );
}

/** Operations on images, but for those that are not implemented. */
export function imageRoutes(images: Images): readonly Route[] {
  const name = (request: ApiRequest): string => request.params['name'] ?? '';

  async function inspect(request: ApiRequest, reply: ApiReply): Promise<void> {
    const withManifests = !request.before('1.48') && request.flag('manifests');
    const platform = request.before('1.49') ? null : platformParameter(request.query.get('platform'));
    if (withManifests && platform !== null) {
      const problem = 'conflicting options: manifests and platform options cannot both be set';
      throw new WherryError('InvalidArgument', problem);
    }
    const image = await images.inspect(name(request), platform);
    reply.json(200, inspectJson(image, request.before, withManifests));
  }

  async function history(request: ApiRequest, reply: ApiReply): Promise<void> {
    const platform = request.before('1.48') ? null : platformParameter(request.query.get('platform'));
    reply.json(200, historyJson(await images.history(name(request), platform)));
  }

  async function create(request: ApiRequest, reply: ApiReply): Promise<void> {
    const image = request.query.get('fromImage') ?? '';
    if (image === '') {
      const problem = 'POST /images/create with fromSrc (docker import) is not implemented';
      throw new WherryError('Unimplemented', problem);
    }
    const platform = request.before('1.32') ? null : platformParameter(request.query.get('platform'));
    await reply.progress(async (report) => {
      await images.pull({
        image,
        tag: request.query.get('tag') ?? '',
        platform,
        login: loginFromHeader(request.headers['x-registry-auth']),
        report,
        signal: request.signal,
      });
    });
  }

  async function load(request: ApiRequest, reply: ApiReply): Promise<void> {
    const given = request.before('1.48') ? [] : request.query.getAll('platform');
    if (given.length > 1 && request.before('1.52')) {
      throw new WherryError(
        'InvalidArgument',
        'multiple platform parameters are not supported in this API version; use API version 1.52 or later',
      );
    }
    const platforms = given.flatMap((text) => platformParameter(text) ?? []);
    const wanted = { tag: request.query.get('tag') ?? '', platforms, quiet: request.flag('quiet') };
    // The connection is needed for the answer, also when loading stops in the middle of the body.
    const body = request.body.iterator({ destroyOnReturn: false });
    await reply.progress(async (report) => {
      try {
        await images.load(body, { ...wanted, report });
      } catch (error) {
        await drain(request.body);
        throw error;
      }
    });
  }

  async function push(request: ApiRequest, reply: ApiReply): Promise<void> {
    const platform = request.before('1.46') ? null : platformParameter(request.query.get('platform'));
    await reply.progress(async (report) => {
      await images.push({
        image: name(request),
        tag: request.query.get('tag') ?? '',
        platform,
        login: loginFromHeader(request.headers['x-registry-auth']),
        report,
        signal: request.signal,
      });
    });
  }

  async function save(request: ApiRequest, reply: ApiReply, names: readonly string[]): Promise<void> {
    const given = request.before('1.48') ? [] : request.query.getAll('platform');
    if (given.length > 1 && request.before('1.52')) {
      throw new WherryError(
        'InvalidArgument',
        'multiple platform parameters are not supported in this API version; use API version 1.52 or later',
      );
    }
    const bytes = await images.save(
      names,
      given.flatMap((text) => platformParameter(text) ?? []),
    );
    await sendArchive(bytes, request, reply);
  }

  async function tag(request: ApiRequest, reply: ApiReply): Promise<void> {
    await images.tag(name(request), request.query.get('repo') ?? '', request.query.get('tag') ?? '');
    reply.empty(201);
  }

  async function remove(request: ApiRequest, reply: ApiReply): Promise<void> {
    const force = request.flag('force');
    if (!request.before('1.50') && request.query.has('platforms')) {
      if (force) {
        throw new WherryError('Unimplemented', 'DELETE /images/{name} with platforms is not implemented');
      }
      throw new WherryError(
        'InvalidArgument',
        'Content will be removed from all images referencing this variant. Use —-force to force delete.',
      );
    }
    reply.json(200, await images.remove(name(request), { force }));
  }

  async function prune(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { removed, reclaimed_bytes } = await images.prune(parseFilters(request.query.get('filters')));
    reply.json(200, { ImagesDeleted: removed.length === 0 ? null : removed, SpaceReclaimed: reclaimed_bytes });
  }

  return [
    { method: 'GET', pattern: '/images/json', handler: (request, reply) => imageList(images, request, reply) },
    { method: 'POST', pattern: '/images/create', handler: create },
    { method: 'POST', pattern: '/images/load', handler: load },
    { method: 'POST', pattern: '/images/prune', min_version: '1.25', handler: prune },
    {
      method: 'GET',
      pattern: '/images/get',
      handler: (request, reply) => save(request, reply, request.query.getAll('names')),
    },
    {
      method: 'GET',
      pattern: '/images/{name:.*}/get',
      handler: (request, reply) => save(request, reply, [name(request)]),
    },
    { method: 'POST', pattern: '/images/{name:.*}/push', handler: push },
    { method: 'GET', pattern: '/images/{name:.*}/json', handler: inspect },
    { method: 'GET', pattern: '/images/{name:.*}/history', handler: history },
    { method: 'POST', pattern: '/images/{name:.*}/tag', handler: tag },
    { method: 'DELETE', pattern: '/images/{name:.*}', handler: remove },
  ];
}

/** Sends an archive; what goes wrong before its first byte is an ordinary error, later the answer breaks off. */
async function sendArchive(bytes: AsyncIterable<Uint8Array>, request: ApiRequest, reply: ApiReply): Promise<void> {
  const pieces = bytes[Symbol.asyncIterator]();
  try {
    let next = await pieces.next();
    const stream = reply.stream(200, 'application/x-tar');
    for (; next.done !== true && !request.signal.aborted; next = await pieces.next()) await stream.write(next.value);
    stream.end();
  } finally {
    await pieces.return?.();
  }
}

function listFilters(request: ApiRequest): Filters {
  const filters = parseFilters(request.query.get('filters'));
  const reference = request.before('1.25') ? request.query.get('filter') : null;
  return reference === null || reference === '' ? filters : new Map([...filters, ['reference', [reference]]]);
}

/** Takes what a client still sends: many read no answer before they have sent all. */
async function drain(body: Readable): Promise<void> {
  if (body.readableEnded || body.destroyed) return;
  await new Promise<void>((resolve) => {
    body
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
    body.resume();
  });
}
