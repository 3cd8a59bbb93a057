import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';

import { mediaType } from '../../oci/index.ts';
import type { Images } from './images.ts';
import type { Progress } from './progress.ts';
import { json, sha256, testImage, testImages, type TestImage } from './testing.ts';

/** A registry on this machine, as far as pulling needs one. */
interface TestRegistry {
  readonly host: string;
  /** Manifests and indexes by tag or digest. */
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Uint8Array }>;
  readonly blobs: Map<string, Uint8Array>;
  readonly requests: string[];
  /** Called before an answer; true when it gave one itself. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean;
}

async function testRegistry(t: TestContext): Promise<TestRegistry> {
  const server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const registry: TestRegistry = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    manifests: new Map(),
    blobs: new Map(),
    requests: [],
    before: () => false,
  };
  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? '';
    registry.requests.push(`${request.method} ${url}`);
    if (registry.before(request, response)) return;
    const [, kind = '', name = ''] = /^\/v2\/[a-z/]+\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    const manifest = kind === 'manifests' ? registry.manifests.get(name) : undefined;
    const bytes = manifest?.bytes ?? (kind === 'blobs' ? registry.blobs.get(name) : undefined);
    if (bytes === undefined) {
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers: Record<string, string | number> = { 'content-length': bytes.length - from };
    if (manifest !== undefined) headers['content-type'] = manifest.type;
    if (from > 0) headers['content-range'] = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(from > 0 ? 206 : 200, headers).end(bytes.subarray(from));
  }
  return registry;
}

function publish(registry: TestRegistry, image: TestImage, tag?: string): void {
  for (const [digest, bytes] of image.blobs) registry.blobs.set(digest, bytes);
  const manifest = { type: image.manifest.mediaType, bytes: image.blobs.get(image.manifest.digest)! };
  registry.manifests.set(image.manifest.digest, manifest);
  if (tag !== undefined) registry.manifests.set(tag, manifest);
}

function publishIndex(registry: TestRegistry, tag: string, images: readonly (readonly [TestImage, string])[]): string {
  const manifests = images.map(([image, platform]) => {
    publish(registry, image);
    const [os, architecture] = platform.split('/');
    return { ...image.manifest, platform: { os, architecture } };
  });
  const bytes = json({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests });
  for (const name of [tag, sha256(bytes)]) registry.manifests.set(name, { type: mediaType.ociIndex, bytes });
  return sha256(bytes);
}

async function pull(images: Images, image: string, platform: string | null = null): Promise<Progress[]> {
  const said: Progress[] = [];
  const [os = '', architecture = ''] = platform?.split('/') ?? [];
  await images.pull({
    image,
    tag: '',
    platform: platform === null ? null : { os, architecture },
    login: null,
    report: (progress) => said.push(progress),
  });
  return said;
}

function statuses(said: readonly Progress[]): string[] {
  return said.map(({ status = '' }) => status).filter((status) => !['Downloading', 'Extracting'].includes(status));
}

test('a pull tells each step as Docker does, and the second that nothing is new', async (t) => {
  const { images, events } = await testImages(t);
  const registry = await testRegistry(t);
  const image = await testImage();
  publish(registry, image, '1');
  const name = `${registry.host}/demo/hello:1`;
  const said = await pull(images, name);
  const id = image.layer.digest.slice(7, 19);
  assert.deepEqual(said[0], { status: 'Pulling from demo/hello', id: '1' });
  assert.deepEqual(statuses(said), [
    'Pulling from demo/hello',
    'Pulling fs layer',
    'Download complete',
    'Pull complete',
    `Digest: ${image.manifest.digest}`,
    `Status: Downloaded newer image for ${name}`,
  ]);
  const downloading = said.find(({ status }) => status === 'Downloading');
  assert.deepEqual(downloading?.progressDetail, { current: image.layer.bytes.length, total: image.layer.bytes.length });
  assert.equal(downloading.id, id);
  assert.deepEqual(events, [
    { Type: 'image', Action: 'pull', Actor: { ID: name, Attributes: { name: `${registry.host}/demo/hello` } } },
  ]);
  assert.deepEqual(statuses(await pull(images, name)), [
    'Pulling from demo/hello',
    `Digest: ${image.manifest.digest}`,
    `Status: Image is up to date for ${name}`,
  ]);
  assert.equal((await images.find(name, null)).id, image.manifest.digest);
});

test('Wasm is taken first, another platform when it is asked for', async (t) => {
  const { core, images } = await testImages(t);
  const registry = await testRegistry(t);
  const wasm = await testImage();
  const linux = await testImage({ platform: { os: 'linux', architecture: 's390x' }, files: { true: 'ELF' } });
  const id = publishIndex(registry, 'latest', [
    [linux, 'linux/s390x'],
    [wasm, 'wasi/wasm'],
  ]);
  await pull(images, `${registry.host}/demo/multi`);
  const found = await images.find(`${registry.host}/demo/multi`, null);
  assert.equal(found.id, id);
  assert.equal(found.manifest.digest, wasm.manifest.digest);
  assert.ok(!core.namespace('moby').content.has(linux.layer.digest));

  await pull(images, `${registry.host}/demo/multi`, 'linux/s390x');
  const other = await images.find(`${registry.host}/demo/multi`, { os: 'linux', architecture: 's390x' });
  assert.equal(other.manifest.digest, linux.manifest.digest);
  assert.equal(images.count, 1);

  await assert.rejects(pull(images, `${registry.host}/demo/multi`, 'linux/riscv64'), {
    class: 'NotFound',
    message:
      'no matching manifest for linux/riscv64 in the manifest list entries: no match for platform in manifest: not found',
  });
});

test('a Wasm artifact without an image config is pulled and can be found to run', async (t) => {
  const { images } = await testImages(t);
  const registry = await testRegistry(t);
  const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const config = json({
    created: '2026-01-01T00:00:00Z',
    architecture: 'wasm',
    os: 'wasip1',
    layerDigests: [sha256(module)],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.wasmConfig, digest: sha256(config), size: config.length },
    layers: [{ mediaType: mediaType.wasm, digest: sha256(module), size: module.length }],
  });
  registry.manifests.set('1', { type: mediaType.ociManifest, bytes: manifest });
  for (const bytes of [module, config]) registry.blobs.set(sha256(bytes), bytes);
  await pull(images, `${registry.host}/demo/artifact:1`);
  const found = await images.find(`${registry.host}/demo/artifact:1`, { os: 'wasi', architecture: 'wasm' });
  assert.equal(found.form, 'artifact');
  assert.deepEqual(found.config.config.Entrypoint, ['/module.wasm']);
  assert.deepEqual(found.diff_ids, [sha256(module)]);
});

test('a broken pull is gone on with where it broke off', async (t) => {
  const { images } = await testImages(t);
  const registry = await testRegistry(t);
  const image = await testImage({ files: { noise: randomBytes(60_000) } });
  publish(registry, image, '1');
  const part = 1000;
  registry.before = (request, response) => {
    if (!(request.url ?? '').endsWith(image.layer.digest)) return false;
    if (request.headers.range !== undefined) {
      response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"no more"}]}');
      return true;
    }
    response.writeHead(200, { 'content-length': image.layer.bytes.length });
    response.write(image.layer.bytes.subarray(0, part), () => setTimeout(() => response.destroy(), 20));
    return true;
  };
  await assert.rejects(pull(images, `${registry.host}/demo/big:1`), {
    class: 'PermissionDenied',
    message: 'error from registry: no more',
  });
  assert.equal(images.count, 0);
  let range: string | undefined;
  registry.before = (request) => {
    if ((request.url ?? '').endsWith(image.layer.digest)) range = request.headers.range;
    return false;
  };
  await pull(images, `${registry.host}/demo/big:1`);
  assert.equal(range, `bytes=${part}-`);
});

test('what a registry gets wrong ends the pull with nothing visible', async (t) => {
  const { core, images } = await testImages(t);
  const registry = await testRegistry(t);
  const image = await testImage();
  publish(registry, image, '1');
  const lying = await testImage({ diffID: `sha256:${'1'.repeat(64)}`, created: '2020-01-01T00:00:00Z' });
  publish(registry, lying, 'lying');
  registry.blobs.set(image.layer.digest, Buffer.alloc(image.layer.bytes.length, 7));
  registry.manifests.set('text', { type: mediaType.ociManifest, bytes: Buffer.from('no JSON') });
  registry.manifests.set('old', { type: mediaType.dockerSchema1, bytes: json({ schemaVersion: 1, fsLayers: [] }) });
  const cases: readonly [string, string, RegExp][] = [
    ['1', 'DataLoss', /is not what its digest says/],
    ['text', 'InvalidArgument', /it is not JSON/],
    ['old', 'InvalidArgument', /schema 1 support has been removed/],
    ['nothing', 'NotFound', /^failed to resolve reference "127\.0\.0\.1:\d+\/demo\/x:nothing": 127.*: not found$/],
  ];
  for (const [tag, errorClass, message] of cases) {
    await assert.rejects(pull(images, `${registry.host}/demo/x:${tag}`), { class: errorClass, message }, tag);
  }
  registry.blobs.set(image.layer.digest, image.layer.bytes);
  await assert.rejects(pull(images, `${registry.host}/demo/x:lying`), {
    class: 'DataLoss',
    message: /config says sha256:111/,
  });
  assert.equal(images.count, 0);
  await core.collect();
  assert.deepEqual(await core.namespace('moby').content.list(), []);
  await assert.rejects(pull(images, 'scratch'), { class: 'PermissionDenied', message: "'scratch' is a reserved name" });
});

test('two pulls of one image at once both get it and fetch each layer once', async (t) => {
  const { images } = await testImages(t);
  const registry = await testRegistry(t);
  const image = await testImage();
  publish(registry, image, '1');
  await Promise.all([pull(images, `${registry.host}/demo/a:1`), pull(images, `${registry.host}/demo/b:1`)]);
  assert.equal(images.count, 1);
  assert.equal(registry.requests.filter((request) => request.endsWith(`/blobs/${image.layer.digest}`)).length, 1);
});

test('a login is checked against its registry', async (t) => {
  const { images } = await testImages(t);
  const registry = await testRegistry(t);
  registry.before = (request, response) => {
    const good = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    if (request.headers.authorization === good) response.writeHead(200).end('{}');
    else {
      const text = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}';
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(text);
    }
    return true;
  };
  const login = {
    username: 'me',
    password: 'secret',
    identityToken: '',
    registryToken: '',
    serverAddress: registry.host,
  };
  await images.checkLogin(login);
  await assert.rejects(images.checkLogin({ ...login, password: 'wrong' }), {
    class: 'Unauthenticated',
    message: 'authentication required',
  });
  await assert.rejects(images.checkLogin({ ...login, serverAddress: 'no address' }), { class: 'InvalidArgument' });
});
