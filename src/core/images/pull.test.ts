import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Index, parseLocator, parseManifest } from '../../oci/index.ts';
import type { Image } from '../model.ts';
import { startRegistry, type TestRegistry } from '../testing/registry.ts';
import type { ImageDestination } from './image-destination.ts';
import { withLease } from './lease.ts';
import { pull } from './pull.ts';
import { registryClientFor } from './registry-access.ts';
import type { ImageScope } from './scope.ts';
import { destination, imageScope, makeArtifact, makeImage, makeIndex, serve } from './testing.ts';
import type { TransferProgress } from './tree-progress.ts';

const linux = { os: 'linux', architecture: 'amd64' };
const wasm = { os: 'wasi', architecture: 'wasm' };

interface Pulled {
  readonly images: readonly Image[];
  readonly said: readonly TransferProgress[];
}

async function pullFrom(
  scope: ImageScope,
  registry: TestRegistry,
  reference: string,
  to: Partial<ImageDestination> = {},
): Promise<Pulled> {
  const name = `${registry.address}/${reference}`;
  const client = registryClientFor({
    default_scheme: 'http',
    hosts_folder: '',
    headers: {},
    credentials: async () => undefined,
  });
  const said: TransferProgress[] = [];
  const images = await withLease(scope, (lease) =>
    pull(scope, {
      name,
      reference: parseLocator(name),
      client,
      lease,
      to: destination(name, to),
      report: (progress) => said.push(progress),
      signal: new AbortController().signal,
    }),
  );
  return { images, said };
}

test('an image comes with all that it leads to, labelled as containerd labels it', async (t) => {
  const scope = await imageScope(t);
  const registry = await startRegistry(t);
  const image = await makeImage(linux, [{ a: '1' }, { b: '2' }]);
  serve(registry, 'team/app', '1', image);
  const { images, said } = await pullFrom(scope, registry, 'team/app:1', { labels: { colour: 'green' } });
  assert.deepEqual(
    images.map(({ name, labels, target }) => ({ name, labels, digest: target.digest })),
    [{ name: `${registry.address}/team/app:1`, labels: { colour: 'green' }, digest: image.target.digest }],
  );
  const { content } = scope.space;
  for (const digest of image.blobs.keys()) assert.ok(content.has(digest));
  const { labels } = await content.info(image.target.digest);
  const source = 'containerd.io/distribution.source.127.0.0.1';
  assert.equal(labels[source], 'team/app');
  assert.deepEqual(
    Object.keys(labels).filter((key) => key !== source),
    ['containerd.io/gc.ref.content.config', 'containerd.io/gc.ref.content.l.0', 'containerd.io/gc.ref.content.l.1'],
  );
  const [first, second, third] = said;
  const from = `OCI Registry (${registry.address}/team/app:1)`;
  assert.deepEqual([first, second], [{ event: `Resolving from ${from}` }, { event: `Pulling from ${from}` }]);
  assert.deepEqual(third, { event: 'fetching image content', name: `${registry.address}/team/app:1` });
  const complete = said.filter(({ event }) => event === 'complete').map(({ name }) => name?.replace(/-.*/, ''));
  assert.deepEqual(
    complete.toSorted((a = '', b = '') => a.localeCompare(b)),
    ['config', 'layer', 'layer', 'manifest'],
  );
  const again = await pullFrom(scope, registry, 'team/app:1');
  assert.equal(again.said.filter(({ event }) => event === 'already exists').length, 4);
});

test('of an index only the wanted platforms come; with all metadata the others come without layers', async (t) => {
  const registry = await startRegistry(t);
  const images = [await makeImage(linux, [{ a: 'l' }]), await makeImage(wasm, [{ a: 'w' }])];
  const index = makeIndex(images);
  serve(registry, 'many', '1', index);
  const counts: number[] = [];
  for (const all_metadata of [false, true]) {
    const scope = await imageScope(t);
    await pullFrom(scope, registry, 'many:1', { choice: { platforms: [linux], all_metadata, manifest_limit: 0 } });
    counts.push([...index.blobs.keys()].filter((digest) => scope.space.content.has(digest)).length);
    assert.ok([...images[0]!.blobs.keys()].every((digest) => scope.space.content.has(digest)));
  }
  // Index, and manifest, config and layer of the one; manifest and config of the other.
  assert.deepEqual(counts, [4, 6]);
});

test('only so many manifests come as are wanted, and none that fits is said', async (t) => {
  const scope = await imageScope(t);
  const registry = await startRegistry(t);
  serve(registry, 'many', '1', makeIndex([await makeImage(wasm)]));
  const choice = { platforms: [linux], all_metadata: false, manifest_limit: 1 };
  await assert.rejects(pullFrom(scope, registry, 'many:1', { choice }), {
    class: 'NotFound',
    message: 'no match for platform in manifest: not found',
  });
});

test('what is unpacked can be found under its chain, and is held by the config', async (t) => {
  const scope = await imageScope(t);
  const registry = await startRegistry(t);
  serve(registry, 'app', '1', await makeImage(linux, [{ a: '1' }, { b: '2' }]));
  const unpacks = [{ platform: linux, snapshotter: 'wherry' }];
  await pullFrom(scope, registry, 'app:1', { unpacks });
  const snapshots = await scope.space.snapshots('wherry').list();
  assert.deepEqual(
    snapshots.map(({ kind }) => kind),
    ['committed', 'committed'],
  );
  const held = (await scope.space.content.list()).map(({ labels }) => labels['containerd.io/gc.ref.snapshot.wherry']);
  const top = snapshots.find(({ key }) => held.includes(key));
  assert.ok(top !== undefined && top.parent !== '');
  await scope.core.collect();
  assert.equal((await scope.space.snapshots('wherry').list()).length, 2);
});

test('an artifact gets an ordinary image beside it that runs for clients that know only such', async (t) => {
  const scope = await imageScope(t);
  const registry = await startRegistry(t);
  const artifact = makeArtifact();
  serve(registry, 'module', '1', artifact);
  const { images } = await pullFrom(scope, registry, 'module:1');
  const { target } = images[0]!;
  const { content } = scope.space;
  const index = parseManifest(await content.readAll(target.digest, 1e6), target.mediaType, 'it') as Index;
  const [own, machine, original] = index.manifests;
  assert.equal(own?.platform?.architecture, 'wasm');
  assert.equal(machine?.platform?.os, 'linux');
  assert.equal(own?.digest, machine?.digest);
  assert.equal(original?.digest, artifact.target.digest);
  const manifest = parseManifest(await content.readAll(own!.digest, 1e6), own!.mediaType, 'it');
  assert.ok(manifest.kind === 'manifest' && manifest.config.mediaType.endsWith('image.config.v1+json'));
  await scope.core.collect();
  for (const digest of [...artifact.blobs.keys(), own!.digest]) assert.ok(content.has(digest), digest);
});

test('what is not there is said in containerd words', async (t) => {
  const scope = await imageScope(t);
  const registry = await startRegistry(t);
  await assert.rejects(pullFrom(scope, registry, 'nothing:1'), {
    class: 'NotFound',
    message: `failed to resolve image: ${registry.address}/nothing:1: not found`,
  });
});

test('a registry that lies about digests or sizes gets nothing named', async (t) => {
  const image = await makeImage(linux);
  const layer = [...image.blobs].find(([, bytes]) => bytes[0] === 0x1f)!;
  const lies: readonly ((registry: TestRegistry) => void)[] = [
    // Another layer of the same size.
    (registry) => registry.blobs.set(`app ${layer[0]}`, Buffer.alloc(layer[1].length, 0x1f)),
    // One that goes on.
    (registry) => registry.blobs.set(`app ${layer[0]}`, Buffer.concat([layer[1], layer[1]])),
    // A manifest that is not the one that the index names.
    (registry) => {
      const index = makeIndex([image]);
      serve(registry, 'app', '1', index);
      registry.manifests.set(`app ${image.target.digest}`, { type: image.target.mediaType, bytes: Buffer.from('{}') });
    },
  ];
  for (const lie of lies) {
    const scope = await imageScope(t);
    const registry = await startRegistry(t);
    serve(registry, 'app', '1', image);
    lie(registry);
    await assert.rejects(pullFrom(scope, registry, 'app:1'), { class: 'DataLoss' });
    assert.deepEqual(scope.space.images(), []);
    assert.equal(scope.space.content.has(layer[0]), false);
  }
});

test('indexes in indexes without end are refused', async (t) => {
  const scope = await imageScope(t);
  const registry = await startRegistry(t);
  let nested = makeIndex([await makeImage(linux)]);
  for (let depth = 0; depth < 10; depth++) nested = makeIndex([nested]);
  serve(registry, 'deep', '1', nested);
  await assert.rejects(pullFrom(scope, registry, 'deep:1'), { class: 'InvalidArgument' });
});

test('a manifest that stands for two platforms comes whole when one of them is wanted', async (t) => {
  const registry = await startRegistry(t);
  const image = await makeImage(wasm);
  const twice = [wasm, linux].map((platform) => ({ ...image, target: { ...image.target, platform } }));
  serve(registry, 'twice', '1', makeIndex(twice));
  const scope = await imageScope(t);
  const choice = { platforms: [linux], all_metadata: true, manifest_limit: 0 };
  const unpacks = [{ platform: linux, snapshotter: '' }];
  await pullFrom(scope, registry, 'twice:1', { choice, unpacks });
  for (const digest of image.blobs.keys()) assert.ok(scope.space.content.has(digest));
  assert.equal((await scope.space.snapshots('overlayfs').list()).length, 1);
});
