import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { json, layoutOf, load, sha256, tarOf, testImage, testImages } from './testing.ts';

const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

test('an OCI layout becomes images under its names', async (t) => {
  const { core, images, events } = await testImages(t);
  const image = await testImage();
  const archive = await layoutOf([
    { image, name: 'docker.io/library/hello:1' },
    { image: await testImage({ created: '2025-01-01T00:00:00Z' }) },
  ]);
  const said = await load(images, gzipSync(archive));
  assert.deepEqual(said[0], { stream: 'Loaded image: hello:1\n' });
  assert.match(said[1]?.stream ?? '', /^Loaded image ID: sha256:[0-9a-f]{64}\n$/);
  assert.deepEqual(
    events.map(({ Action }) => Action),
    ['load', 'load'],
  );

  const found = await images.find('hello:1', null);
  assert.equal(found.id, image.manifest.digest);
  assert.deepEqual(found.config.config.Entrypoint, ['/hello.wasm']);
  assert.ok(core.namespace('moby').layers.has(sha256(image.layer_tar)));
  assert.equal(images.count, 2);
  await core.collect();
  assert.ok(core.namespace('moby').content.has(image.layer.digest));
  assert.deepEqual(
    core.read((tx) => tx.leases('moby').list()),
    [],
  );
});

test('what docker save wrote before OCI layouts loads, too', async (t) => {
  const { images } = await testImages(t);
  const { config, layer_tar } = await testImage();
  const manifest = json([{ Config: 'c.json', RepoTags: ['hello:old'], Layers: ['l/layer.tar'] }]);
  const said = await load(
    images,
    await tarOf({ 'l/layer.tar': layer_tar, 'c.json': config.bytes, 'manifest.json': manifest }),
  );
  assert.deepEqual(said, [{ stream: 'Loaded image: hello:old\n' }]);
  assert.deepEqual((await images.find('hello:old', null)).diff_ids, [sha256(layer_tar)]);
});

test('a bare module becomes an image of one layer, the same one each time', async (t) => {
  const { core, images } = await testImages(t);
  const [first] = await load(images, module);
  assert.deepEqual(await load(images, module), [first]);
  assert.deepEqual(await load(images, module, 'clock'), [{ stream: 'Loaded image: clock:latest\n' }]);
  assert.equal(images.count, 1);
  const found = await images.find('clock', null);
  assert.deepEqual(found.config.platform, { os: 'wasi', architecture: 'wasm' });
  assert.deepEqual(found.config.config.Entrypoint, ['/module.wasm']);
  assert.deepEqual(found.diff_ids, [sha256(module)]);
  assert.ok(core.namespace('moby').layers.has(sha256(module)));
});

test('a component loads as a module does', async (t) => {
  const { images } = await testImages(t);
  const component = Buffer.from([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  await load(images, component, 'component:1');
  assert.deepEqual((await images.find('component:1', null)).diff_ids, [sha256(component)]);
});

test('images without a name stand beside each other', async (t) => {
  const { images } = await testImages(t);
  const [one, other] = [await testImage(), await testImage({ created: '2026-02-02T00:00:00Z' })];
  await load(images, await layoutOf([{ image: one }]));
  await load(images, await layoutOf([{ image: other }]));
  const listed = await images.list(new Map([['dangling', ['true']]]));
  assert.deepEqual(
    listed.map(({ id, tags }) => ({ id, tags })),
    [
      { id: other.manifest.digest, tags: [] },
      { id: one.manifest.digest, tags: [] },
    ],
  );
});

test('a name that moves leaves a dangling image behind', async (t) => {
  const { images } = await testImages(t);
  const [before, after] = [await testImage(), await testImage({ created: '2026-02-02T00:00:00Z' })];
  await load(images, await layoutOf([{ image: before, name: 'docker.io/library/hello:1' }]));
  await load(images, await layoutOf([{ image: after, name: 'docker.io/library/hello:1' }]));
  const listed = await images.list(new Map());
  assert.deepEqual(
    listed.map(({ id, tags }) => ({ id, tags })),
    [
      { id: after.manifest.digest, tags: ['hello:1'] },
      { id: before.manifest.digest, tags: [] },
    ],
  );
});

test('what cannot be loaded gives one clear error and leaves nothing', async (t) => {
  const { core, images } = await testImages(t);
  const image = await testImage();
  const whole = await layoutOf([{ image, name: 'docker.io/library/hello:1' }]);
  const swapped = new Map([
    ...image.blobs,
    [image.layer.digest, Buffer.from(image.layer.bytes).fill(7, 20, 30)] as const,
  ]);
  const hostile = await tarOf({ 'oci-layout': '{}' });
  hostile.write('../../etc/x\0', 0);
  fixChecksum(hostile);
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['empty', Buffer.alloc(0), /^cannot load the archive: it is empty$/],
    [
      'not an archive',
      Buffer.from('hello world, this is no tar at all. '.repeat(40)),
      /^cannot load the archive: it is neither a tar archive nor a WebAssembly module$/,
    ],
    ['cut off', whole.subarray(0, 520), /^cannot load the archive.*cut off/],
    ['cut off and compressed', gzipSync(whole).subarray(0, 600), /^cannot load the archive.*damaged or cut off/],
    ['a path that leads outside', hostile, /^cannot load the archive.*\.\./],
    ['no image', await tarOf({ 'a.txt': 'a' }), /^cannot load the archive: unrecognized image format/],
    ['another compression', Buffer.from('BZh91AY&SY'), /bzip2: unsupported archive compression/],
    ['JSON that is none', await tarOf({ 'manifest.json': 'nonsense' }), /manifest\.json.*not JSON/],
    [
      'a layer that is not its digest',
      await layoutOf([{ image: { ...image, blobs: swapped }, name: 'hello:1' }]),
      /is not what its digest says/,
    ],
    [
      'a layer that is not its diffID',
      await layoutOf([{ image: await testImage({ diffID: `sha256:${'0'.repeat(64)}` }), name: 'hello:1' }]),
      /expands to sha256:.*config says sha256:0000/,
    ],
    [
      'a layer that is missing',
      await layoutOf([
        {
          image: { ...image, blobs: new Map([...image.blobs].filter(([digest]) => digest !== image.layer.digest)) },
          name: 'hello:1',
        },
      ]),
      /needs the layer sha256:/,
    ],
  ];
  for (const [what, bytes, message] of cases) {
    await assert.rejects(
      load(images, bytes),
      (error: Error) => {
        assert.match(error.message, message, what);
        return true;
      },
      what,
    );
    assert.equal(images.count, 0, what);
    await core.collect();
    assert.deepEqual(await core.namespace('moby').content.list(), [], what);
    assert.deepEqual(visible(join(core.root, 'snapshots', 'layers')), [], what);
  }
  assert.deepEqual(
    readdirSync(core.root).filter((name) => name.startsWith('spool')),
    [],
  );
});

test('an archive without the platform that was asked for says what it has', async (t) => {
  const { images } = await testImages(t);
  const archive = await layoutOf([{ image: await testImage(), name: 'docker.io/library/hello:1' }]);
  const request = { tag: '', platforms: [{ os: 'linux', architecture: 's390x' }], quiet: true, report: () => {} };
  await assert.rejects(
    images.load(
      (async function* () {
        yield archive;
      })(),
      request,
    ),
    {
      class: 'NotFound',
      message: 'requested platform(s) ([linux/s390x]) not found: hello:1 is for wasi/wasm',
    },
  );
  assert.equal(images.count, 0);
});

function fixChecksum(tar: Buffer): void {
  tar.fill(' ', 148, 156);
  const sum = tar.subarray(0, 512).reduce((all, byte) => all + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

/** What is in a folder but for what is just being removed. */
function visible(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.'));
}
