import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A registry in memory (distribution-spec 1.1), which can be told to misbehave. */
export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** By `REPOSITORY DIGEST`. */
  readonly blobs: Map<string, Buffer>;
  /** By `REPOSITORY REFERENCE`. */
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
  /** `METHOD PATH` of every request, in order, and its `Authorization`. */
  readonly requests: { readonly line: string; readonly authorization: string | undefined }[];
  /** Answers a request itself and gives true, before the registry does. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  /** `user:password`; null lets everybody in. */
  login: string | null;
}

export async function startRegistry(t: TestContext): Promise<TestRegistry> {
  const uploads = new Map<string, Buffer>();
  const registry: TestRegistry = {
    address: '',
    blobs: new Map(),
    manifests: new Map(),
    requests: [],
    intercept: null,
    login: null,
  };
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    registry.requests.push({ line: `${method} ${url}`, authorization: headers.authorization });
    if (registry.intercept?.(request, response) === true) return;
    const isIn =
      registry.login === null || headers.authorization === `Basic ${Buffer.from(registry.login).toString('base64')}`;
    if (!isIn) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end();
      return;
    }
    answer(registry, uploads, request, response).catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(registry, { address: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function answer(
  registry: TestRegistry,
  uploads: Map<string, Buffer>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://registry');
  const { method = 'GET' } = request;
  const say = (status: number, headers: Record<string, string> = {}, body?: Uint8Array): void => {
    response.writeHead(status, headers).end(method === 'HEAD' ? undefined : body);
  };
  if (url.pathname === '/v2/') return say(200);
  const [, repository = '', kind = '', name = ''] =
    /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs)\/([^/]*)$/.exec(url.pathname) ?? [];
  if (kind === 'manifests' && method === 'PUT') {
    const bytes = await read(request);
    const digest = sha256(bytes);
    const manifest = { type: request.headers['content-type'] ?? '', bytes };
    registry.manifests.set(`${repository} ${name}`, manifest).set(`${repository} ${digest}`, manifest);
    return say(201, { 'docker-content-digest': digest });
  }
  if (kind === 'manifests') {
    const found = registry.manifests.get(`${repository} ${name}`);
    if (found === undefined) return say(404);
    const headers = {
      'content-type': found.type,
      'docker-content-digest': sha256(found.bytes),
      'content-length': String(found.bytes.length),
    };
    return say(200, headers, found.bytes);
  }
  if (kind === 'blobs') {
    const found = registry.blobs.get(`${repository} ${name}`);
    return found === undefined ? say(404) : say(200, { 'content-length': String(found.length) }, found);
  }
  if (kind !== 'blobs/uploads') return say(404);
  if (method === 'POST') {
    const from = registry.blobs.get(`${url.searchParams.get('from') ?? ''} ${url.searchParams.get('mount') ?? ''}`);
    if (from !== undefined) {
      registry.blobs.set(`${repository} ${url.searchParams.get('mount')!}`, from);
      return say(201, { location: '/' });
    }
    const id = String(uploads.size + 1);
    uploads.set(id, Buffer.alloc(0));
    return say(202, { location: `/v2/${repository}/blobs/uploads/${id}?state=x` });
  }
  const before = uploads.get(name);
  if (before === undefined) return say(404);
  const at = { location: `/v2/${repository}/blobs/uploads/${name}?state=x` };
  if (method === 'GET') return say(204, { ...at, range: `0-${before.length - 1}` });
  // What came before a connection broke counts.
  request.on('data', (piece: Buffer) => uploads.set(name, Buffer.concat([uploads.get(name)!, piece])));
  await once(request, 'end');
  const bytes = uploads.get(name)!;
  if (method === 'PATCH') return say(202, { ...at, range: `0-${bytes.length - 1}` });
  if (url.searchParams.get('digest') !== sha256(bytes)) return say(400);
  registry.blobs.set(`${repository} ${sha256(bytes)}`, bytes);
  return say(201, { 'docker-content-digest': sha256(bytes) });
}

async function read(request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
