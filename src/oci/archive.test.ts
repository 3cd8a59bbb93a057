import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import {
  type ArchiveImage,
  type ArchiveSource,
  type Digester,
  LayerIndexer,
  mediaType,
  openIndex,
  planArchive,
} from './index.ts';
import { makeTar, type Member } from './testdata/make-tar.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};
const sha = (bytes: Uint8Array | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function sourceOf(members: readonly Member[]): { source: ArchiveSource; tar: Uint8Array } {
  const tar = makeTar(members);
  const indexer = new LayerIndexer({ digester });
  indexer.write(tar);
  const part = (offset: number, length: number): Uint8Array => tar.subarray(offset, offset + length);
  const source: ArchiveSource = {
    index: openIndex(indexer.finish().index),
    digester,
    read: async (offset, length) => part(offset, length),
    digest: async (offset, length) => sha(part(offset, length)),
  };
  return { source, tar };
}

const plan = (...members: Member[]): Promise<readonly ArchiveImage[]> => planArchive(sourceOf(members).source);

const layer = makeTar([{ name: 'a.wasm', data: '\0asm' }]);
const config = json({
  architecture: 'wasm',
  os: 'wasi',
  config: {},
  rootfs: { type: 'layers', diff_ids: [sha(layer)] },
});
const blob = (data: Uint8Array): Member => ({ name: `blobs/sha256/${sha(data).slice(7)}`, data });
const descriptor = (type: string, data: Uint8Array): object => ({
  mediaType: type,
  digest: sha(data),
  size: data.length,
});
const manifest = json({
  schemaVersion: 2,
  mediaType: mediaType.ociManifest,
  config: descriptor(mediaType.ociConfig, config),
  layers: [descriptor(mediaType.ociLayer, layer)],
});
const layout: Member = { name: 'oci-layout', data: '{"imageLayoutVersion":"1.0.0"}' };
function indexJson(annotations: object, data: Uint8Array = manifest, type: string = mediaType.ociManifest): Member {
  const entries = [{ ...descriptor(type, data), annotations }];
  return { name: 'index.json', data: json({ schemaVersion: 2, manifests: entries }) };
}

test('an old docker save: a manifest is made, layers are found through their links', async () => {
  const { source, tar } = sourceOf([
    { name: 'two/layer.tar', flag: '2', link: '../one/layer.tar' },
    {
      name: 'manifest.json',
      data: json([{ Config: 'c.json', RepoTags: ['hello:1', 'reg:5000/x'], Layers: ['two/layer.tar'] }]),
    },
    { name: 'c.json', data: config },
    { name: 'one/layer.tar', data: layer },
  ]);
  const [image, ...others] = await planArchive(source);
  assert.ok(image !== undefined && others.length === 0);
  assert.deepEqual(image.names, ['docker.io/library/hello:1', 'reg:5000/x:latest']);
  const found = image.manifests[0]!;
  assert.equal(found.config.descriptor.digest, sha(config));
  const { place, descriptor: described } = found.layers[0]!;
  assert.deepEqual(tar.slice(place.offset, place.offset + place.size), layer);
  assert.deepEqual(described, { mediaType: mediaType.dockerLayer, digest: sha(layer), size: layer.length });
  assert.deepEqual(image.target.platform, { os: 'wasi', architecture: 'wasm' });
  assert.deepEqual(
    image.documents.map((document) => sha(document.bytes)),
    [sha(config), image.target.digest],
  );
});

test('a compressed layer in an old docker save gets its own digest', async () => {
  const packed = gzipSync(layer);
  const [image] = await plan(
    { name: 'manifest.json', data: json([{ Config: 'c', RepoTags: null, Layers: ['l'] }]) },
    { name: 'c', data: config },
    { name: 'l', data: packed },
  );
  assert.deepEqual(image!.names, []);
  assert.deepEqual(image!.manifests[0]!.layers[0]!.descriptor, descriptor(mediaType.dockerLayerGzip, packed));
});

test('an OCI layout keeps its manifests as they are', async () => {
  const name = 'docker.io/library/hello:latest';
  const [image] = await plan(
    indexJson({ 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': 'latest' }),
    blob(layer),
    blob(manifest),
    blob(config),
    layout,
  );
  assert.deepEqual(image!.names, [name]);
  assert.equal(image!.target.digest, sha(manifest));
  assert.equal(image!.target.annotations, undefined);
  assert.deepEqual(
    image!.documents.map((document) => document.descriptor.digest),
    [sha(config), sha(manifest)],
  );
  assert.equal(image!.manifests[0]!.layers[0]!.descriptor.digest, sha(layer));
});

test('a bare tag names nothing, a reference does, and manifest.json beside a layout gives its names', async () => {
  const blobs = [blob(layer), blob(manifest), blob(config), layout];
  const names = async (annotations: object, ...more: Member[]): Promise<readonly string[]> =>
    (await plan(indexJson(annotations), ...blobs, ...more))[0]!.names;
  assert.deepEqual(await names({ 'org.opencontainers.image.ref.name': 'latest' }), []);
  assert.deepEqual(await names({ 'org.opencontainers.image.ref.name': 'a/b:c' }), ['docker.io/a/b:c']);
  const saved = json([{ Config: blob(config).name, RepoTags: ['hello:2'], Layers: [] }]);
  assert.deepEqual(await names({}, { name: 'manifest.json', data: saved }), ['docker.io/library/hello:2']);
});

test('an index in a layout may have platforms whose manifests were not saved', async () => {
  const multi = json({
    schemaVersion: 2,
    mediaType: mediaType.ociIndex,
    manifests: [
      { ...descriptor(mediaType.ociManifest, json('gone')), platform: { os: 'linux', architecture: 'amd64' } },
      { ...descriptor(mediaType.ociManifest, manifest), platform: { os: 'wasi', architecture: 'wasm' } },
    ],
  });
  const [image] = await plan(
    layout,
    indexJson({}, multi, mediaType.ociIndex),
    blob(multi),
    blob(manifest),
    blob(config),
  );
  assert.equal(image!.target.digest, sha(multi));
  assert.equal(image!.manifests.length, 1);
  assert.deepEqual(image!.manifests[0]!.layers, [undefined], 'a layer that is not there is told');
});

test('archives that are none, or lie, are refused in words', async () => {
  const saved = (image: object): Member => ({ name: 'manifest.json', data: json([image]) });
  const cases: [Member[], RegExp][] = [
    [[{ name: 'readme' }], /unrecognized image format/],
    [[saved({ Config: 'c', Layers: [] })], /names "c", which it does not have/],
    [[saved({ Config: '../../etc/passwd', Layers: [] })], /does not have/],
    [[saved({ Config: 'c', Layers: [] }), { name: 'c', data: config }], /expected 1, got 0/],
    [[saved({ Config: 'c', Layers: ['x'], RepoTags: ['A:b'] }), { name: 'c', data: config }], /must be lowercase/],
    [[{ name: 'manifest.json', data: '{}' }], /its top is not a list/],
    [[layout, indexJson({}), blob(config)], /names sha256:\w+, which it does not have/],
    [
      [layout, indexJson({}), { ...blob(manifest), data: manifest.map((byte, i) => (i === 20 ? 0x20 : byte)) }],
      /hashes to/,
    ],
    [[layout, indexJson({}), { ...blob(manifest), data: '{}' }], /has 2 bytes, its descriptor says/],
    [[{ ...layout, data: '{"imageLayoutVersion":"9"}' }, indexJson({})], /version "9"/],
  ];
  for (const [members, message] of cases) await assert.rejects(plan(...members), { name: 'WherryError', message });
});
