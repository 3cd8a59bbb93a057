import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { openIndex } from '../../oci/index.ts';
import { containerOf, putBlob, putImage, sha256, tarOf } from '../testing/fixtures.ts';
import type { Case } from './core-suite.ts';

const type = 'application/vnd.oci.image.layer.v1.tar+gzip';

export function snapshotsSuite(it: Case): void {
  it('one layer comes of a tar, however it was compressed', async (core) => {
    const { content, layers } = core.namespace('moby');
    const plain = await tarOf({ 'etc/motd': 'hello', 'app.wasm': Buffer.alloc(200_000, 7) });
    const diff_id = sha256(plain);
    for (const blob of [plain, gzipSync(plain), zstdCompressSync(plain)]) {
      const made = await layers.fromBlob(await putBlob(content, blob), type, diff_id);
      assert.deepEqual({ ...made }, { diff_id, size: plain.length });
    }
    assert.ok(layers.has(diff_id));
    assert.equal(layers.size(diff_id), plain.length);
  });

  it('the chain shows what all layers together have', async (core) => {
    const view = core.namespace('moby');
    const { diff_ids } = await putImage(view, [
      { a: '1', 'dir/b': '2' },
      { 'dir/.wh.b': '', c: '3' },
    ]);
    const chain = await view.layers.chain(diff_ids);
    await core.transact((tx) => tx.snapshots('moby').prepare('one', chain, diff_ids));
    const [mount, ...more] = await view.mounts('one');
    assert.equal(more.length, 0);
    assert.equal(mount?.type, 'wherry');
    const index = openIndex(readFileSync(mount.options[0]!.replace('chain=', '')));
    assert.ok(index.child(index.root, 'a') >= 0);
    assert.ok(index.child(index.root, 'c') >= 0);
    assert.equal(index.child(index.child(index.root, 'dir'), 'b'), -1);
    const folders = mount.options.slice(1).map((option) => option.replace('layer=', ''));
    assert.equal(folders.length, 2);
    for (const folder of folders) assert.ok(existsSync(join(folder, 'tar')) && existsSync(join(folder, 'index')));
  });

  it('a writable snapshot names a folder of its own, a view none', async (core) => {
    const view = core.namespace('moby');
    await core.transact((tx) => {
      tx.snapshots('moby').prepare('../../write', '', []);
      tx.snapshots('moby').prepare('other', '', []);
      tx.snapshots('moby').view('read', '', []);
    });
    const [write] = await view.mounts('../../write');
    const [other] = await view.mounts('other');
    const [read] = await view.mounts('read');
    assert.ok(write!.source.startsWith(core.root));
    assert.notEqual(write!.source, other!.source);
    assert.equal(read!.source, '');
    await core.transact((tx) => tx.snapshots('moby').remove('other'));
    await assert.rejects(view.mounts('other'), { class: 'NotFound' });
  });

  it('a snapshot is over the chain that its layers make', async (core) => {
    const { diff_ids } = await putImage(core.namespace('moby'), [{ a: '1' }, { b: '2' }]);
    await assert.rejects(
      core.transact((tx) => tx.snapshots('moby').prepare('x', sha256('no'), diff_ids)),
      { class: 'InvalidArgument' },
    );
    const chain = await core.namespace('moby').layers.chain(diff_ids);
    await core.transact((tx) => tx.snapshots('moby').prepare('x', chain, diff_ids));
    await assert.rejects(
      core.transact((tx) => tx.snapshots('moby').prepare('x', chain, diff_ids)),
      { class: 'AlreadyExists' },
    );
    assert.deepEqual(
      core.read((tx) => tx.snapshots('moby').list()).map(({ key, kind, parent }) => ({ key, kind, parent })),
      [{ key: 'x', kind: 'active', parent: chain }],
    );
  });

  it('a layer that is not what the image says is refused', async (core) => {
    const { content, layers } = core.namespace('moby');
    const digest = await putBlob(content, gzipSync(await tarOf({ a: '1' })));
    await assert.rejects(layers.fromBlob(digest, type, sha256('else')), { class: 'DataLoss' });
  });

  it('what is no layer is refused and leaves nothing', async (core) => {
    const { content, layers } = core.namespace('moby');
    const zipped = gzipSync(Buffer.alloc(300_000, 'x'));
    const bomb = gzipSync(Buffer.alloc(8_000_000));
    for (const [blob, error] of [
      [Buffer.from('not a tar at all, but long enough to be looked at'.repeat(20)), 'InvalidArgument'],
      [zipped.subarray(0, zipped.length - 20), 'InvalidArgument'],
      [Buffer.concat([gzipSync(Buffer.alloc(0)).subarray(0, 10), Buffer.alloc(500, 0xff)]), 'InvalidArgument'],
      [Buffer.from('BZh91AY&SY'), 'Unimplemented'],
      [bomb, 'ok'],
    ] as const) {
      const made = layers.fromBlob(await putBlob(content, blob), type, null);
      if (error === 'ok') await made;
      else await assert.rejects(made, { class: error });
    }
  });

  it('many who want a layer at once get the same one', async (core) => {
    const { content, layers } = core.namespace('moby');
    const plain = await tarOf({ a: Buffer.alloc(1_000_000, 1) });
    const digest = await putBlob(content, gzipSync(plain));
    const progress: number[] = [];
    const made = await Promise.all(
      [1, 2, 3, 4].map(() => layers.fromBlob(digest, type, null, (bytes) => progress.push(bytes))),
    );
    assert.equal(new Set(made.map((each) => each.diff_id)).size, 1);
    assert.equal(Math.max(...progress), plain.length);
    const { diff_id } = made[0]!;
    assert.equal(new Set(await Promise.all([1, 2, 3].map(() => layers.chain([diff_id])))).size, 1);
  });

  it('a bare module is a layer of one file', async (core) => {
    const { content, layers } = core.namespace('moby');
    const module = Buffer.concat([Buffer.from('\0asm\x01\0\0\0', 'latin1'), Buffer.alloc(100)]);
    const made = await layers.fromBlob(await putBlob(content, module), 'application/wasm', null);
    assert.deepEqual({ ...made }, { diff_id: sha256(module), size: module.length });
  });

  it('the folder of a container that is gone, and its log, are there for another, empty', async (core) => {
    const view = core.namespace('moby');
    const folder = (id: string): string => dirname(view.logPath(id));
    await core.transact((tx) => tx.containers('moby').create(containerOf('one')));
    view.reuseFolder('one');
    assert.equal(existsSync(folder('one')), false);
    mkdirSync(folder('one'));
    writeFileSync(view.logPath('one'), 'a secret');
    writeFileSync(join(folder('one'), 'other'), 'a secret');
    await core.transact((tx) => tx.containers('moby').delete('one'));
    await core.transact((tx) => tx.containers('moby').create(containerOf('two')));
    for (let tries = 0; !existsSync(folder('two')) && tries < 100; tries++) {
      await sleep(10);
      view.reuseFolder('two');
    }
    assert.deepEqual(readdirSync(folder('two')), [basename(view.logPath('two'))]);
    assert.equal(readFileSync(view.logPath('two'), 'utf8'), '');
    // What somebody has by another name is not emptied.
    linkSync(view.logPath('two'), join(core.root, 'copy'));
    writeFileSync(view.logPath('two'), 'kept');
    await core.transact((tx) => tx.containers('moby').delete('two'));
    await sleep(50);
    assert.equal(readFileSync(join(core.root, 'copy'), 'utf8'), 'kept');
    rmSync(join(core.root, 'copy'));
  });

  it('a container has a folder of its own, which goes with it', async (core) => {
    const view = core.namespace('moby');
    const made = await core.transact((tx) => tx.containers('moby').create(containerOf('one', { process: {} }, 'snap')));
    assert.deepEqual(view.findContainer('one'), made);
    assert.deepEqual(JSON.parse(Buffer.from(made.spec.value).toString()), { process: {} });
    await assert.rejects(
      core.transact((tx) => tx.containers('moby').create(containerOf('one'))),
      { class: 'AlreadyExists' },
    );
    const changed = await core.transact((tx) => tx.containers('moby').update({ ...made, labels: { two: '2' } }));
    assert.deepEqual(changed.labels, { two: '2' });
    assert.deepEqual(changed.created_at, made.created_at);
    await core.transact((tx) => tx.containers('moby').delete('one'));
    assert.equal(view.findContainer('one'), null);
    assert.equal(existsSync(dirname(view.logPath('one'))), false);
    for (const id of ['../x', '', '.', '@a', 'a/b', 'x'.repeat(200)]) {
      await assert.rejects(
        core.transact((tx) => tx.containers('moby').create(containerOf(id))),
        { class: 'InvalidArgument' },
      );
    }
  });
}
