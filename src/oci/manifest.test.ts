import assert from 'node:assert/strict';
import { test } from 'node:test';

import { chooseManifest, defaultPlatforms, type Index, mediaType, parseManifest, parsePlatform } from './index.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const descriptor = { mediaType: mediaType.ociConfig, digest, size: 1 };
const manifest = { schemaVersion: 2, config: descriptor, layers: [{ ...descriptor, mediaType: mediaType.ociLayer }] };
const index = { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [] };
const parse = (value: unknown, type?: string): unknown => parseManifest(bytes(value), type, 'x/y:z');

function offering(...platforms: string[]): Index {
  const manifests = platforms.map((text, i) => ({
    mediaType: mediaType.ociManifest,
    digest: `sha256:${String(i).repeat(64)}`,
    size: 1,
    platform: parsePlatform(text),
  }));
  return { kind: 'index', mediaType: mediaType.ociIndex, manifests, annotations: {} };
}

test('manifests and indexes are read as what they are', () => {
  const read = parseManifest(bytes({ ...manifest, annotations: { __proto__x: 'y' } }), mediaType.ociManifest, 'x');
  assert.ok(read.kind === 'manifest' && read.layers[0]!.digest === digest && read.annotations['__proto__x'] === 'y');
  assert.equal(parseManifest(bytes(index), undefined, 'x').kind, 'index');
  assert.equal(
    parseManifest(
      bytes({ ...index, manifests: null, mediaType: undefined, layers: [], config: descriptor }),
      undefined,
      'x',
    ).kind,
    'manifest',
  );
});

test('a document that could be two things, or is not what it was announced as, is refused', () => {
  const cases: [unknown, string | undefined, RegExp][] = [
    [{ ...manifest, manifests: [] }, undefined, /neither a manifest nor an index/],
    [{ ...index, layers: [] }, mediaType.ociIndex, /neither a manifest nor an index/],
    [{ ...manifest, Manifests: [] }, undefined, /Manifests is spelled differently/],
    [index, mediaType.ociManifest, /announced as/],
    [manifest, mediaType.ociIndex, /does not fit its fields/],
    [{ ...manifest, mediaType: 'text/plain' }, undefined, /neither a manifest nor an index/],
    [{ ...manifest, schemaVersion: 1 }, undefined, /schemaVersion is not 2/],
    [{ ...manifest, config: undefined }, undefined, /config is missing/],
    [
      { ...manifest, layers: [{ ...descriptor, digest: 'sha256:../../etc' }] },
      undefined,
      /layers\[0\]\.digest is not a digest/,
    ],
    [{ ...manifest, layers: [{ ...descriptor, size: -1 }] }, undefined, /layers\[0\]\.size/],
    [{ ...manifest, layers: Array.from({ length: 129 }, () => descriptor) }, undefined, /more than 128/],
    [{ schemaVersion: 1, fsLayers: [] }, undefined, /schema 1 support has been removed.*author of x\/y:z/],
    ['text', undefined, /its top is not an object/],
  ];
  for (const [value, type, message] of cases)
    assert.throws(() => parse(value, type), { class: 'InvalidArgument', message });
  assert.throws(() => parseManifest(new Uint8Array([0x7b, 0xff]), undefined, 'x'), { message: /it is not JSON/ });
  assert.throws(() => parseManifest(new Uint8Array(5 * 1024 * 1024), undefined, 'x'), { class: 'ResourceExhausted' });
});

test('Wasm comes first when nobody asks, then Linux of this machine', () => {
  const wanted = defaultPlatforms('amd64');
  const pick = (...platforms: string[]): number => {
    const found = offering(...platforms);
    return found.manifests.indexOf(chooseManifest(found, wanted));
  };
  assert.equal(pick('linux/amd64', 'wasip1/wasm'), 1);
  assert.equal(pick('linux/arm64', 'linux/amd64'), 1);
  assert.equal(pick('wasip2/wasm', 'wasi/wasm'), 1);
  assert.throws(() => chooseManifest(offering('linux/arm64', 'linux/s390x'), [parsePlatform('wasi/wasm')]), {
    class: 'NotFound',
    message:
      'no matching manifest for wasi/wasm in the manifest list entries: the index offers linux/arm64, linux/s390x; ' +
      'use --platform linux/arm64 to take that one',
  });
});

test('attestations are never an image', () => {
  const only: Index = {
    ...offering('linux/amd64'),
    manifests: [
      {
        mediaType: mediaType.ociManifest,
        digest,
        size: 1,
        platform: { os: 'unknown', architecture: 'unknown' },
        annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
      },
    ],
  };
  assert.throws(() => chooseManifest(only, defaultPlatforms('amd64')), {
    class: 'NotFound',
    message: /offers nothing/,
  });
});
