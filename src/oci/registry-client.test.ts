import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';

import { parseChallenges } from './auth-challenge.ts';
import {
  type Descriptor,
  type Digester,
  type Fetch,
  type FetchRequest,
  mediaType,
  parseNormalized,
  type Reference,
  RegistryClient,
  type RegistryClientOptions,
} from './index.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};
const sha = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociManifest }));
const blob = Buffer.alloc(300_000, 'blob');
const descriptor: Descriptor = { mediaType: mediaType.ociLayer, digest: sha(blob), size: blob.length };

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const client = (options: Partial<RegistryClientOptions> = {}): RegistryClient =>
  new RegistryClient({ fetch: fetch as unknown as Fetch, digester, ...options });
const reference = (host: string, rest = 'team/app:1'): Reference => parseNormalized(`${host}/${rest}`);

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function answer(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  body?: Uint8Array | string,
): void {
  response.writeHead(status, headers).end(body);
}

function manifestAnswer(request: IncomingMessage, response: ServerResponse, body: Uint8Array = manifest): void {
  const headers = {
    'content-type': mediaType.ociManifest,
    'content-length': String(body.length),
    'docker-content-digest': sha(manifest),
  };
  answer(response, 200, headers, request.method === 'HEAD' ? undefined : body);
}

test('a tag resolves without its manifest, and a manifest is what its digest says', async (t) => {
  const asked: string[] = [];
  const host = await serve(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const accept = request.headers.accept ?? '';
    assert.ok(accept.includes(mediaType.ociIndex) && accept.includes(mediaType.dockerManifest));
    manifestAnswer(request, response);
  });
  const expected = { mediaType: mediaType.ociManifest, digest: sha(manifest), size: manifest.length };
  assert.deepEqual(await client().resolve(reference(host)), expected);
  assert.deepEqual(asked, ['HEAD /v2/team/app/manifests/1']);
  const fetched = await client().fetchManifest(reference(host, `team/app@${sha(manifest)}`));
  assert.deepEqual(fetched.descriptor, expected);
  assert.deepEqual(Buffer.from(fetched.bytes), manifest);
});

test('a manifest that does not hash to its digest is refused', async (t) => {
  const host = await serve(t, (request, response) => manifestAnswer(request, response, Buffer.from('{"evil":1}')));
  await assert.rejects(client().fetchManifest(reference(host, `team/app@${sha(manifest)}`)), { class: 'DataLoss' });
  await assert.rejects(client().fetchManifest(reference(host)), { class: 'DataLoss' });
});

test("a registry's refusals come in Docker's words", async (t) => {
  const answers: Record<string, [number, string]> = {
    gone: [404, ''],
    secret: [401, ''],
    denied: [403, ''],
    broken: [500, JSON.stringify({ errors: [{ code: 'X', message: 'disk\u001b[31m full', detail: { n: 1 } }] })],
    busy: [503, 'no json'],
  };
  const host = await serve(t, (request, response) => {
    const [status, body] = answers[/\/v2\/(\w+)\//.exec(request.url ?? '')![1]!]!;
    answer(response, status, {}, request.method === 'HEAD' ? undefined : body);
  });
  const refusal = (name: string): Promise<unknown> => client().resolve(reference(host, `${name}:1`));
  await assert.rejects(refusal('gone'), {
    class: 'NotFound',
    message: `failed to resolve reference "${host}/gone:1": ${host}/gone:1: not found`,
  });
  for (const name of ['secret', 'denied']) {
    await assert.rejects(refusal(name), {
      class: 'NotFound',
      message: `pull access denied for ${host}/${name}, repository does not exist or may require 'docker login'`,
    });
  }
  await assert.rejects(refusal('broken'), {
    class: 'Unknown',
    message: 'error from registry: disk [31m full - {"n":1}',
  });
  await assert.rejects(refusal('busy'), {
    class: 'Unavailable',
    message: 'error from registry: unexpected status 503',
  });
});

test('a registry that is not there is named with the reason', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((done) => server.close(done));
  await assert.rejects(client().resolve(reference(host)), {
    class: 'Unknown',
    message: `failed to resolve reference "${host}/team/app:1": failed to do request: Head "http://${host}/v2/team/app/manifests/1": dial tcp ${host}: connect: connection refused`,
  });
});

test('tokens are fetched where the registry says, for pulling this repository only', async (t) => {
  const tokens: [string, string | undefined][] = [];
  const host: string = await serve(t, (request, response) => {
    if (request.url!.startsWith('/token')) {
      tokens.push([request.url!, request.headers.authorization]);
      answer(response, 200, {}, JSON.stringify({ token: 'T1' }));
    } else if (request.headers.authorization === 'Bearer T1') {
      manifestAnswer(request, response);
    } else {
      const scope = 'repository:team/app:pull,push repository:other/secret:pull';
      const challenge = `Bearer realm="http://${host}/token",service="reg",scope="${scope}"`;
      answer(response, 401, { 'www-authenticate': challenge });
    }
  });
  const credentials = (domain: string): { username: string; password: string } => {
    assert.equal(domain, host);
    return { username: 'ann', password: 'pä:ss' };
  };
  const registry = client({ credentials });
  await registry.resolve(reference(host));
  await registry.fetchManifest(reference(host));
  assert.equal(tokens.length, 1, 'a token is used again');
  const [url, authorization] = tokens[0]!;
  const query = new URL(url, 'http://x').searchParams;
  assert.deepEqual(
    [...query],
    [
      ['service', 'reg'],
      ['scope', 'repository:team/app:pull'],
      ['account', 'ann'],
    ],
  );
  assert.equal(Buffer.from(authorization!.slice(6), 'base64').toString(), 'ann:pä:ss');
});

test('a token server without TLS on another host is not asked', async (t) => {
  let asked = false;
  const other = await serve(t, (_request, response) => {
    asked = true;
    answer(response, 200, {}, '{"token":"x"}');
  });
  const host = await serve(t, (_request, response) => {
    answer(response, 401, { 'www-authenticate': `Bearer realm="http://${other}/token",service="s"` });
  });
  const registry = client({ credentials: () => ({ username: 'a', password: 'b' }) });
  await assert.rejects(registry.resolve(reference(host)), { message: /neither https nor itself/ });
  assert.equal(asked, false);
});

test('credentials do not follow a redirect to another origin, and no challenge from there is answered', async (t) => {
  const seen: (string | undefined)[] = [];
  const cdn = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    if (request.url === '/blob') answer(response, 200, {}, blob);
    else answer(response, 401, { 'www-authenticate': 'Basic realm="give"' });
  });
  const host = await serve(t, (request, response) => {
    if (request.headers.authorization === undefined) {
      answer(response, 401, { 'www-authenticate': 'Basic realm="registry"' });
    } else if (request.url!.includes('/blobs/')) answer(response, 307, { location: `http://${cdn}/blob` });
    else answer(response, 302, { location: `http://${cdn}/manifest` });
  });
  const registry = client({ credentials: () => ({ username: 'a', password: 'b' }) });
  assert.deepEqual(await collect(registry.fetchBlob(reference(host), descriptor)), blob);
  await assert.rejects(registry.resolve(reference(host)), { message: /pull access denied/ });
  assert.deepEqual(seen, [undefined, undefined]);
});

test('other registries get TLS, Docker Hub its own host, and a redirect never leaves TLS', async () => {
  const asked: string[] = [];
  const redirecting = async (url: string, request: FetchRequest): ReturnType<Fetch> => {
    asked.push(url);
    assert.equal(request.redirect, 'manual');
    const headers = new Map([['location', 'http://example.com/evil']]);
    return { status: 307, headers: { get: (name) => headers.get(name) ?? null }, body: null };
  };
  const registry = client({ fetch: redirecting, insecureRegistries: ['plain.example:5000'] });
  for (const text of ['hello', 'ghcr.io/a/b']) {
    await assert.rejects(registry.resolve(parseNormalized(text)), { message: /redirects to "http:.*not to https/ });
  }
  await assert.rejects(registry.resolve(parseNormalized('plain.example:5000/a')), {
    message: /redirects more than 10/,
  });
  assert.deepEqual(asked.slice(0, 3), [
    'https://registry-1.docker.io/v2/library/hello/manifests/latest',
    'https://ghcr.io/v2/a/b/manifests/latest',
    'http://plain.example:5000/v2/a/manifests/latest',
  ]);
});

test('a broken download goes on where it broke, also at a registry without ranges', async (t) => {
  for (const hasRanges of [true, false]) {
    const ranges: (string | undefined)[] = [];
    const host = await serve(t, (request, response) => {
      ranges.push(request.headers.range);
      const start = hasRanges ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0;
      const range = start > 0 ? { 'content-range': `bytes ${start}-${blob.length - 1}/${blob.length}` } : {};
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': String(blob.length - start), ...range });
      if (ranges.length > 1) response.end(blob.subarray(start));
      else response.write(blob.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
    });
    assert.deepEqual(await collect(client().fetchBlob(reference(host), descriptor)), blob);
    assert.equal(ranges.length, 2);
    assert.match(ranges[1]!, /^bytes=[1-9]\d*-$/);
    const rest = await collect(client().fetchBlob(reference(host), descriptor, { offset: 299_000 }));
    assert.deepEqual(rest, blob.subarray(299_000));
  }
});

test('a registry that sends more than it said is stopped', async (t) => {
  const host = await serve(t, (_request, response) => answer(response, 200, {}, Buffer.concat([blob, blob])));
  await assert.rejects(collect(client().fetchBlob(reference(host), descriptor)), {
    class: 'DataLoss',
    message: /more than/,
  });
  const wrong = { ...descriptor, digest: sha(manifest) };
  const exact = await serve(t, (_request, response) => answer(response, 200, {}, blob));
  await assert.rejects(client().fetchDocument(reference(exact), wrong, 1_000_000), { class: 'DataLoss' });
  await assert.rejects(client().fetchDocument(reference(exact), wrong, 1000), { class: 'ResourceExhausted' });
});

test('a login is good or says why not', async (t) => {
  const host = await serve(t, (request, response) => {
    const isGood = request.headers.authorization === `Basic ${btoa('ann:secret')}`;
    const refusal = JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] });
    answer(response, isGood ? 200 : 401, { 'www-authenticate': 'Basic realm="x"' }, isGood ? '{}' : refusal);
  });
  await client({ credentials: () => ({ username: 'ann', password: 'secret' }) }).login(host);
  await assert.rejects(client({ credentials: () => ({ username: 'ann', password: 'no' }) }).login(host), {
    class: 'Unauthenticated',
    message: 'authentication required',
  });
});

test('challenges are read with several schemes, quotes and escapes', () => {
  const read = parseChallenges('Negotiate, Basic realm="a, \\"b\\"", Bearer realm=https://x/t,service="s"');
  assert.deepEqual(
    read.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]),
    [
      ['negotiate', {}],
      ['basic', { realm: 'a, "b"' }],
      ['bearer', { realm: 'https://x/t', service: 's' }],
    ],
  );
});
