import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extract } from 'tar-stream';

import { buffer } from 'node:stream/consumers';

import { parseManifest } from '../../oci/index.ts';
import { sha256, tarOf } from '../testing/fixtures.ts';
import { type ExportArchive, exportArchive } from './export.ts';
import type { ImageDestination, ImageReference } from './image-destination.ts';
import { importArchive } from './import.ts';
import { withLease } from './lease.ts';
import type { ImageScope } from './scope.ts';
import { destination, imageScope, layoutOf, makeImage, makeIndex, pieces } from './testing.ts';

const linux = { os: 'linux', architecture: 'amd64' };
const arm = { os: 'linux', architecture: 'arm64' };
const named = { 'io.containerd.image.name': 'example.com/app:1', 'org.opencontainers.image.ref.name': '1' };

const prefix = (name: string, more: Partial<ImageReference> = {}): ImageReference => ({
  name,
  is_prefix: true,
  allow_overwrite: false,
  add_digest: false,
  skip_named_digest: false,
  ...more,
});
const anyName = [prefix('import', { allow_overwrite: true })];

async function importInto(
  scope: ImageScope,
  archive: Uint8Array,
  to: Partial<ImageDestination>,
  compress = false,
): Promise<string[]> {
  const images = await withLease(scope, (lease) =>
    importArchive(scope, pieces(archive), {
      to: destination('', to),
      lease,
      compress,
      report: () => {},
      signal: new AbortController().signal,
    }),
  );
  return images.map(({ name }) => name);
}

const whole: Omit<ExportArchive, 'images'> = {
  platforms: [linux],
  all_platforms: false,
  skip_compatibility_manifest: false,
  skip_non_distributable: false,
  skip_missing: false,
};

async function exported(scope: ImageScope, name: string, more: Partial<ExportArchive> = {}): Promise<Buffer> {
  const image = scope.space.findImage(name)!;
  const options = { ...whole, images: [{ name, target: image.target }], ...more };
  return Buffer.concat(await Array.fromAsync(exportArchive(scope.space.content, options)));
}

async function filesOf(archive: Uint8Array): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const tar = extract();
  tar.end(archive);
  for await (const entry of tar) files.set(entry.header.name, String(await buffer(entry)));
  return files;
}

test('an archive goes in and out again, and comes out the same each time', async (t) => {
  const scope = await imageScope(t);
  const image = await makeImage(linux, [{ a: '1' }, { b: '2' }]);
  assert.deepEqual(await importInto(scope, await layoutOf(image, named), { references: anyName }), [
    'example.com/app:1',
  ]);
  const archive = await exported(scope, 'example.com/app:1');
  assert.deepEqual(archive, await exported(scope, 'example.com/app:1'));
  const files = await filesOf(archive);
  assert.deepEqual(
    [...files.keys()],
    [
      'blobs/',
      'blobs/sha256/',
      ...[...image.blobs.keys()].map((digest) => `blobs/sha256/${digest.slice(7)}`).sort(),
      'index.json',
      'manifest.json',
      'oci-layout',
    ],
  );
  const { digest, mediaType, size } = image.target;
  assert.equal(
    files.get('index.json'),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ mediaType, digest, size, annotations: named }],
    }),
  );
  const other = await imageScope(t);
  await importInto(other, archive, { references: anyName });
  assert.deepEqual(await exported(other, 'example.com/app:1'), archive);
});

test('names come from annotations, by prefixes', async (t) => {
  const scope = await imageScope(t);
  const image = await makeImage(linux);
  const full = await layoutOf(image, named);
  const short = await layoutOf(image, { 'org.opencontainers.image.ref.name': 'v2' });
  const { digest } = image.target;
  const cases: readonly [Buffer, ImageReference, readonly string[]][] = [
    [full, prefix('example.com/app'), ['example.com/app:1']],
    [full, prefix('example.com/other'), []],
    [full, prefix('example.com/ap'), []],
    [full, prefix('any', { allow_overwrite: true }), ['example.com/app:1']],
    [full, prefix('other', { add_digest: true }), [`other@${digest}`]],
    [full, prefix('example.com/app', { add_digest: true }), ['example.com/app:1', `example.com/app@${digest}`]],
    [full, prefix('example.com/app', { add_digest: true, skip_named_digest: true }), ['example.com/app:1']],
    [short, prefix('base'), ['base:v2']],
  ];
  for (const [archive, reference, names] of cases) {
    assert.deepEqual(await importInto(scope, archive, { references: [reference] }), names);
  }
  assert.deepEqual(await importInto(scope, full, { name: 'index:1' }), ['index:1']);
});

test('what is no archive, or lacks a part, is refused', async (t) => {
  const scope = await imageScope(t);
  const image = await makeImage(linux);
  const refuse = async (archive: Uint8Array, message: string | RegExp): Promise<void> => {
    await assert.rejects(importInto(scope, archive, { references: anyName }), { message });
  };
  await refuse(Buffer.alloc(0), 'unrecognized image format');
  await refuse(Buffer.alloc(2000, 'x'), 'archive/tar: invalid tar header');
  await refuse(await tarOf({ x: 'y' }), 'unrecognized image format');
  await refuse((await layoutOf(image, named)).subarray(0, 1500), 'unexpected EOF');
  const { [image.target.digest]: _gone, ...blobs } = Object.fromEntries(image.blobs);
  const lacking = await layoutOf({ ...image, blobs: new Map(Object.entries(blobs)) }, named);
  await refuse(lacking, `content digest ${image.target.digest}: not found`);
  const lying = new Map([...image.blobs].map(([digest, bytes]) => [digest, Buffer.from(bytes).reverse()]));
  await refuse(await layoutOf({ ...image, blobs: lying }, named), /digest/);
  assert.deepEqual(scope.space.images(), []);
});

test('of an index the platform that is asked for is exported, or all, or what is here', async (t) => {
  const scope = await imageScope(t);
  const images = [await makeImage(linux, [{ a: 'x' }]), await makeImage(arm, [{ a: 'y' }])];
  await importInto(scope, await layoutOf(makeIndex(images), named), { references: anyName });
  const count = async (more: Partial<ExportArchive>): Promise<number> => {
    const files = await filesOf(await exported(scope, 'example.com/app:1', more));
    return [...files.keys()].filter((name) => /^blobs\/sha256\/./.test(name)).length;
  };
  assert.equal(await count({}), 4);
  assert.equal(await count({ all_platforms: true }), 7);
  await assert.rejects(count({ platforms: [{ os: 'linux', architecture: 's390x' }] }), {
    message: 'no manifest found for platform: not found',
  });
  const [, layer] = [...images[1]!.blobs].find(([, bytes]) => bytes[0] === 0x1f)!;
  const digest = [...images[1]!.blobs].find(([, bytes]) => bytes === layer)![0];
  await scope.space.content.delete(digest);
  await assert.rejects(count({ all_platforms: true }), {
    message: `failed to get reader: content digest ${digest}: not found`,
  });
  assert.equal(await count({ all_platforms: true, skip_missing: true }), 5);
});

test('what docker save wrote before it wrote layouts gets a manifest, with its layers compressed when asked', async (t) => {
  const scope = await imageScope(t);
  const layer = await tarOf({ a: 'x'.repeat(5000) });
  const config = JSON.stringify({ ...linux, config: {}, rootfs: { type: 'layers', diff_ids: [sha256(layer)] } });
  const saved = JSON.stringify([{ Config: 'config.json', RepoTags: ['old:1'], Layers: ['1/layer.tar'] }]);
  const archive = await tarOf({ 'config.json': config, '1/layer.tar': layer, 'manifest.json': saved });
  const layerOf = async (): Promise<Record<string, unknown>> => {
    const { target } = scope.space.findImage('docker.io/library/old:1')!;
    const manifest = parseManifest(await scope.space.content.readAll(target.digest, 1e6), target.mediaType, 'it');
    assert.ok(manifest.kind === 'manifest');
    return { ...manifest.layers[0] };
  };
  assert.deepEqual(await importInto(scope, archive, { references: anyName }), ['docker.io/library/old:1']);
  const type = 'application/vnd.docker.image.rootfs.diff.tar';
  assert.deepEqual(await layerOf(), { mediaType: type, digest: sha256(layer), size: layer.length });
  await importInto(scope, archive, { references: anyName }, true);
  const { mediaType, digest, size } = await layerOf();
  assert.equal(mediaType, `${type}.gzip`);
  assert.ok(Number(size) < layer.length);
  const { labels } = await scope.space.content.info(String(digest));
  assert.equal(labels['containerd.io/uncompressed'], sha256(layer));
});
