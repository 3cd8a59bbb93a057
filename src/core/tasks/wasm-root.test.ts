import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import type { Core } from '../index.ts';
import { containerOf, putBlob, putImage, sha256 } from '../testing/fixtures.ts';
import { openCore } from '../testing/open-core.ts';
import { testLauncher } from '../testing/shim-launcher.ts';
import { coreFolders } from '../testing/temporary.ts';

const stdio = { stdin: '', stdout: '', stderr: '', terminal: false };
const module = '\0asm\x01\0\0\0';

async function setUp(t: TestContext): Promise<Core> {
  const launcher = testLauncher();
  t.after(() => launcher.endAll());
  // No shim of anybody else is to be found.
  const { PATH } = process.env;
  process.env['PATH'] = '/none';
  t.after(() => (process.env['PATH'] = PATH));
  const core = await openCore(coreFolders(t), { launcher });
  await core.recover();
  return core;
}

/** Makes a container on these layers, which asks for what clients ask for by themselves. */
async function container(core: Core, id: string, diff_ids: readonly string[], args: string[]): Promise<void> {
  const chain = await core.namespace('moby').layers.chain(diff_ids);
  await core.transact((tx) => {
    tx.snapshots('moby').prepare(id, chain, diff_ids);
    const process = { args, env: ['PATH=/usr/bin:/bin'], cwd: '/work' };
    tx.containers('moby').create({ ...containerOf(id, { process }, id), runtime: 'io.containerd.runc.v2' });
  });
}

test('a container runs by our shim when its program is WebAssembly, though runc was named by default', async (t) => {
  const core = await setUp(t);
  const { tasks } = core.namespace('moby');
  const files = { 'app/x.wasm': module, 'bin/tool.wasm': module, 'work/here.wasm': module };
  const { diff_ids } = await putImage(core.namespace('moby'), [files]);
  for (const [id, args] of [
    ['absolute', ['/app/x.wasm']],
    ['on-path', ['tool']],
    ['in-folder', ['./here.wasm', 'arg']],
    ['export', ['/app/x.wasm#run']],
  ] as const) {
    await container(core, id, diff_ids, [...args]);
    await tasks.create(id, stdio);
    assert.equal((await tasks.state(id)).status, 'created');
  }
});

test('any other program is for the runtime that was named', async (t) => {
  const core = await setUp(t);
  const { tasks } = core.namespace('moby');
  const { diff_ids } = await putImage(core.namespace('moby'), [{ 'bin/sh': '\x7fELF' }]);
  await container(core, 'native', diff_ids, ['/bin/sh']);
  await assert.rejects(tasks.create('native', stdio), {
    class: 'Unknown',
    message:
      'failed to start shim: failed to resolve runtime path: runtime "io.containerd.runc.v2" binary not installed ' +
      '"containerd-shim-runc-v2": file does not exist',
  });
  assert.deepEqual(tasks.list(), []);
});

test('an image of bare modules, which no client unpacks, runs from the layers it has', async (t) => {
  const core = await setUp(t);
  const view = core.namespace('moby');
  const digest = await putBlob(view.content, module);
  const config = JSON.stringify({
    architecture: 'wasm',
    os: 'wasip1',
    config: { Entrypoint: ['/module.wasm'] },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const config_digest = await putBlob(view.content, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config_digest, size: config.length },
    layers: [{ mediaType: 'application/vnd.wasm.content.layer.v1+wasm', digest, size: module.length }],
  });
  const target = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: await putBlob(view.content, manifest),
    size: manifest.length,
  };
  const process = { args: ['/module.wasm'], env: [], cwd: '/' };
  await core.transact((tx) => {
    tx.images('moby').create({ name: 'docker.io/library/x:latest', target });
    tx.snapshots('moby').prepare('one', '', []);
    tx.containers('moby').create({ ...containerOf('one', { process }, 'one'), runtime: 'io.containerd.runc.v2' });
  });
  await view.tasks.create('one', stdio);
  assert.equal((await view.tasks.state('one')).status, 'created');
  assert.equal(view.layers.has(sha256(module)), true);
});
