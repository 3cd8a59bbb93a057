import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { parseLocator, RegistryPusher } from '../../oci/index.ts';
import { startRegistry, type TestRegistry } from '../testing/registry.ts';
import { registryClientFor } from './registry-access.ts';

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

function pusher(registry: TestRegistry, login?: { username: string; password: string }): RegistryPusher {
  const client = registryClientFor({
    default_scheme: 'http',
    hosts_folder: '',
    headers: {},
    credentials: async () => login,
  });
  return new RegistryPusher(client, parseLocator(`${registry.address}/team/app:1`));
}

async function* slices(bytes: Uint8Array, offset: number, piece = 16 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

const blob = (bytes: Uint8Array): { mediaType: string; digest: string; size: number } => ({
  mediaType: 'application/octet-stream',
  digest: sha256(bytes),
  size: bytes.length,
});

test('a blob is uploaded once, and then it is there', async (t) => {
  const registry = await startRegistry(t);
  const bytes = randomBytes(100_000);
  const told: number[] = [];
  const options = { read: (at: number) => slices(bytes, at), onProgress: (at: number) => told.push(at) };
  assert.equal(await pusher(registry).pushBlob(blob(bytes), options), 'pushed');
  assert.deepEqual(registry.blobs.get(`team/app ${sha256(bytes)}`), bytes);
  assert.equal(told.at(-1), bytes.length);
  assert.equal(await pusher(registry).pushBlob(blob(bytes), options), 'exists');
});

test('a blob that another repository has is mounted from there', async (t) => {
  const registry = await startRegistry(t);
  const bytes = Buffer.from('shared');
  registry.blobs.set(`team/base ${sha256(bytes)}`, bytes);
  const read = (): never => assert.fail('nothing is to be sent');
  assert.equal(await pusher(registry).pushBlob(blob(bytes), { read, mountFrom: 'team/base' }), 'mounted');
  assert.ok(registry.blobs.has(`team/app ${sha256(bytes)}`));
});

test('an upload that breaks off goes on where the registry says it is', async (t) => {
  const registry = await startRegistry(t);
  const bytes = randomBytes(400_000);
  let broken = false;
  const offsets: number[] = [];
  registry.intercept = (request) => {
    if (request.method !== 'PUT' || broken) return false;
    broken = true;
    let taken = 0;
    request.on('data', (piece: Buffer) => {
      taken += piece.length;
      if (taken > 100_000) request.socket.destroy();
    });
    return false;
  };
  const result = await pusher(registry).pushBlob(blob(bytes), {
    read: (at) => {
      offsets.push(at);
      return slices(bytes, at);
    },
  });
  assert.equal(result, 'pushed');
  assert.deepEqual(registry.blobs.get(`team/app ${sha256(bytes)}`), bytes);
  assert.equal(offsets.length, 2);
  assert.ok(offsets[1]! > 0, 'what was there is not sent again');
});

test('a manifest goes by its tag, or by its digest alone', async (t) => {
  const registry = await startRegistry(t);
  const bytes = Buffer.from('{"schemaVersion":2}');
  const descriptor = { ...blob(bytes), mediaType: 'application/vnd.oci.image.manifest.v1+json' };
  assert.equal(await pusher(registry).pushManifest(descriptor, bytes, null), 'pushed');
  assert.equal(registry.manifests.has('team/app 1'), false);
  assert.equal(await pusher(registry).pushManifest(descriptor, bytes, '1'), 'pushed');
  assert.equal(await pusher(registry).pushManifest(descriptor, bytes, '1'), 'exists');
  assert.equal(registry.manifests.get('team/app 1')?.type, descriptor.mediaType);
});

test('a tag that points elsewhere is moved', async (t) => {
  const registry = await startRegistry(t);
  registry.manifests.set('team/app 1', { type: 'x/y', bytes: Buffer.from('older') });
  const bytes = Buffer.from('{"schemaVersion":2}');
  assert.equal(await pusher(registry).pushManifest(blob(bytes), bytes, '1'), 'pushed');
});

test('credentials are shown when they are wanted; without them it is said in the words of container tools', async (t) => {
  const registry = await startRegistry(t);
  registry.login = 'joe:secret';
  const bytes = Buffer.from('x');
  const options = { read: (at: number) => slices(bytes, at) };
  await assert.rejects(pusher(registry).pushBlob(blob(bytes), options), {
    message:
      'push access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials',
  });
  const url = `http://${registry.address}/v2/team/app/blobs/${sha256(bytes)}`;
  await assert.rejects(pusher(registry, { username: 'joe', password: 'no' }).pushBlob(blob(bytes), options), {
    message: `unexpected status from HEAD request to ${url}: 401 Unauthorized`,
  });
  const result = await pusher(registry, { username: 'joe', password: 'secret' }).pushBlob(blob(bytes), options);
  assert.equal(result, 'pushed');
});

test('a token is asked for pushing this repository and pulling the one that is mounted from', async (t) => {
  const registry = await startRegistry(t);
  const scopes: string[][] = [];
  registry.intercept = (request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    if (url.pathname === '/token') {
      scopes.push(url.searchParams.getAll('scope'));
      response.writeHead(200).end('{"token":"t"}');
      return true;
    }
    if (request.headers.authorization === 'Bearer t') return false;
    const realm = `Bearer realm="http://${registry.address}/token",service="s"`;
    response.writeHead(401, { 'www-authenticate': realm }).end();
    return true;
  };
  const bytes = Buffer.from('y');
  registry.blobs.set(`team/base ${sha256(bytes)}`, bytes);
  const read = (at: number): AsyncIterable<Uint8Array> => slices(bytes, at);
  assert.equal(await pusher(registry).pushBlob(blob(bytes), { read, mountFrom: 'team/base' }), 'mounted');
  assert.deepEqual(scopes, [
    ['repository:team/app:pull,push'],
    ['repository:team/app:pull,push', 'repository:team/base:pull'],
  ]);
});

test('credentials do not go where an upload leads to', async (t) => {
  const registry = await startRegistry(t);
  const other = await startRegistry(t);
  registry.login = 'joe:secret';
  registry.intercept = (request, response) => {
    if (request.method !== 'POST' || request.headers.authorization === undefined) return false;
    response.writeHead(202, { location: `http://${other.address}/v2/team/app/blobs/uploads/1` }).end();
    return true;
  };
  other.intercept = (request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
    return true;
  };
  const bytes = Buffer.from('z');
  const options = { read: (at: number) => slices(bytes, at) };
  await pusher(registry, { username: 'joe', password: 'secret' }).pushBlob(blob(bytes), options);
  assert.deepEqual(
    other.requests.map(({ authorization }) => authorization),
    [undefined],
  );
});

test('a registry that says it took something else is not believed', async (t) => {
  const registry = await startRegistry(t);
  const wrong = `sha256:${'0'.repeat(64)}`;
  registry.intercept = (request, response) => {
    if (request.method !== 'PUT') return false;
    request.resume().on('end', () => response.writeHead(201, { 'docker-content-digest': wrong }).end());
    return true;
  };
  const bytes = Buffer.from('w');
  await assert.rejects(
    pusher(registry).pushBlob(blob(bytes), { read: (at) => slices(bytes, at) }),
    /got digest ".*", expected sha256/,
  );
});
