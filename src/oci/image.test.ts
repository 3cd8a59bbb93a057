import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import {
  bareModulePath,
  chainID,
  chainIDs,
  type Digester,
  isWasmImage,
  makeImage,
  makeModuleImage,
  type Manifest,
  mediaType,
  parseImageConfig,
  parseManifest,
  type RunnableImage,
  runnableImage,
} from './index.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const sha = (fill: string): string => `sha256:${fill.repeat(64)}`;

function image(configType: string, config: unknown, ...layers: [type: string, digest: string][]): RunnableImage {
  const manifest: Manifest = {
    kind: 'manifest',
    mediaType: mediaType.ociManifest,
    config: { mediaType: configType, digest: sha('c'), size: 1 },
    layers: layers.map(([type, digest]) => ({ mediaType: type, digest, size: 10 })),
    annotations: {},
  };
  return runnableImage(manifest, bytes(config), 'x/y:z');
}

test('an ordinary image pairs its layers with their diffIDs', () => {
  const config = { architecture: 'wasm', os: 'wasi', config: { Cmd: ['/a.wasm'] }, rootfs: { diff_ids: [sha('d')] } };
  const found = image(mediaType.dockerConfig, config, [mediaType.dockerLayerGzip, sha('1')]);
  assert.equal(found.form, 'image');
  assert.deepEqual(
    found.layers.map((layer) => [layer.diffID, layer.form]),
    [[sha('d'), 'tar']],
  );
  assert.deepEqual(found.config.config.Cmd, ['/a.wasm']);
  assert.ok(isWasmImage(found));
  assert.throws(() => image(mediaType.ociConfig, config), { message: /lists 1 layers, its manifest 0/ });
  assert.throws(() => image(mediaType.ociConfig, config, ['application/x', sha('1')]), { message: /application\/x/ });
});

test('an image of bare modules without diffIDs runs the module, with the arguments of its entrypoint', () => {
  const config = { architecture: 'wasm', os: 'wasip1', config: { Entrypoint: ['app.wasm', '-v'] }, rootfs: {} };
  const found = image(mediaType.ociConfig, config, [mediaType.wasmContent, sha('1')]);
  assert.equal(found.form, 'modules');
  assert.deepEqual(
    found.layers.map((layer) => [layer.diffID, layer.form]),
    [[sha('1'), 'module']],
  );
  assert.deepEqual(found.config.config.Entrypoint, [bareModulePath, '-v']);
  const lying = { ...config, rootfs: { diff_ids: [sha('2')] } };
  assert.throws(() => image(mediaType.ociConfig, lying, [mediaType.wasm, sha('1')]), { message: /is not its digest/ });
});

test('a Wasm artifact becomes an ordinary image that unmodified clients can run', () => {
  const config = { created: '2026-01-01T00:00:00Z', architecture: 'wasm', os: 'wasip2', layerDigests: [sha('1')] };
  const found = image(mediaType.wasmConfig, config, [mediaType.wasm, sha('1')]);
  assert.equal(found.form, 'artifact');
  const made = makeImage(found, digester);
  const manifest = parseManifest(made.manifest, made.target.mediaType, 'made');
  assert.ok(manifest.kind === 'manifest' && manifest.config.digest === made.configDigest);
  const again = runnableImage(manifest, made.config, 'made');
  assert.deepEqual(again.config.platform, { os: 'wasip2', architecture: 'wasm' });
  assert.deepEqual(again.config.config.Entrypoint, [bareModulePath]);
  assert.deepEqual(
    again.layers.map((layer) => layer.diffID),
    [sha('1')],
  );
  assert.deepEqual(makeImage(found, digester).target, made.target);
  assert.throws(() => image(mediaType.wasmConfig, config, [mediaType.wasm, sha('1')], [mediaType.wasm, sha('2')]), {
    message: /2 modules/,
  });
  assert.throws(() => image('application/vnd.cncf.helm.config.v1+json', {}, ['a/b', sha('1')]), {
    message: /not that of an image/,
  });
});

test('an image of a bare module is that module, unchanged', () => {
  const made = makeModuleImage({ digest: sha('7'), size: 99, createdBy: 'load hello.wasm' }, digester);
  const manifest = parseManifest(made.manifest, made.target.mediaType, 'made');
  assert.ok(manifest.kind === 'manifest');
  assert.deepEqual(manifest.layers, [{ mediaType: mediaType.wasm, digest: sha('7'), size: 99 }]);
  assert.equal(parseImageConfig(made.config, 'made').history[0]!.created_by, 'load hello.wasm');
  assert.deepEqual(made.target.platform, { os: 'wasi', architecture: 'wasm' });
});

test('what a config says is checked, and labels that steer engines are dropped', () => {
  const config = parseImageConfig(
    bytes({
      config: {
        Env: ['A=b'],
        Entrypoint: null,
        ExposedPorts: { '80/tcp': {} },
        Labels: { 'containerd.io/gc.root': 'x', a: 'b', __proto__: 'c' },
        Healthcheck: { Test: ['CMD', 'x'], Interval: 1_000_000_000 },
      },
      rootfs: { type: 'layers', diff_ids: [] },
    }),
    'x',
  );
  assert.deepEqual(config.config.ExposedPorts, ['80/tcp']);
  assert.deepEqual(Object.keys(config.config.Labels ?? {}), ['a']);
  assert.equal(config.config.Entrypoint, undefined);
  assert.equal(config.config.Healthcheck?.Interval, 1_000_000_000);
  const bad: [unknown, RegExp][] = [
    [{ config: { Env: [1] } }, /config\.Env is not a list of strings/],
    [{ config: [] }, /config is not an object/],
    [{ rootfs: { diff_ids: ['x'] } }, /rootfs\.diff_ids\[0\] is not a digest/],
    [{ config: { Labels: { a: 1 } } }, /config\.Labels\.a is not a string/],
  ];
  for (const [value, message] of bad) {
    assert.throws(() => parseImageConfig(bytes(value), 'x'), { class: 'InvalidArgument', message });
  }
});

test('chainIDs are those of the specification', () => {
  const [a, b, c] = [sha('a'), sha('b'), sha('c')];
  const hash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
  assert.deepEqual(chainIDs([a, b, c], digester), [a, hash(`${a} ${b}`), hash(`${hash(`${a} ${b}`)} ${c}`)]);
  assert.equal(chainID([], digester), '');
});
