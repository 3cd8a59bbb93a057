import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';

import { containerOf, putBlob, putImage, sha256 } from '../testing/fixtures.ts';
import type { Case } from './core-suite.ts';

export function leasesSuite(it: Case): void {
  it('a lease has resources, and its name once', async (core) => {
    await core.transact((tx) => {
      tx.leases('moby').create({ id: 'one', labels: { a: '1' } });
      tx.leases('moby').add('one', { type: 'content', id: sha256('x') });
      tx.leases('moby').add('one', { type: 'content', id: sha256('x') });
    });
    assert.deepEqual(
      core.read((tx) => tx.leases('moby').resources('one')),
      [{ type: 'content', id: sha256('x') }],
    );
    assert.deepEqual(
      core.read((tx) => tx.leases('moby').list()).map(({ id, labels }) => ({ id, labels })),
      [{ id: 'one', labels: { a: '1' } }],
    );
    await assert.rejects(
      core.transact((tx) => tx.leases('moby').create({ id: 'one' })),
      { class: 'AlreadyExists' },
    );
    await core.transact((tx) => tx.leases('moby').delete('one'));
    await assert.rejects(
      core.transact((tx) => tx.leases('moby').delete('one')),
      { class: 'NotFound' },
    );
    await assert.rejects(
      core.transact((tx) => tx.leases('moby').add('one', { type: 'content', id: 'x' })),
      { class: 'NotFound' },
    );
  });

  it('collection keeps what a lease holds, and what an image has', async (core) => {
    const view = core.namespace('moby');
    const { content, layers } = view;
    const image = await putImage(view, [{ a: '1' }, { b: '2' }]);
    await layers.chain(image.diff_ids);
    await core.transact((tx) => {
      tx.images('moby').put({ name: 'x', target: image.target });
      tx.leases('moby').create({ id: 'pull' });
    });
    const leased = await putBlob(content, 'leased', 'pull');
    const loose = await putBlob(content, 'loose');
    const lost_layer = await putImage(view, [{ c: '3' }]);

    const freed = await core.collect();
    assert.equal(freed.blobs, 1 + lost_layer.blobs.length);
    assert.equal(freed.layers, 1);
    assert.deepEqual(
      [leased, loose, ...image.blobs, ...lost_layer.blobs].map((digest) => content.has(digest)),
      [true, false, ...image.blobs.map(() => true), ...lost_layer.blobs.map(() => false)],
    );
    assert.deepEqual(
      image.diff_ids.map((id) => layers.has(id)),
      [true, true],
    );
    assert.equal(layers.has(lost_layer.diff_ids[0]!), false);

    await core.transact((tx) => {
      tx.leases('moby').delete('pull');
      tx.images('moby').delete('x');
    });
    await core.collect();
    assert.deepEqual(await content.list(), []);
    assert.deepEqual(
      image.diff_ids.map((id) => layers.has(id)),
      [false, false],
    );
    assert.deepEqual(await core.collect(), { blobs: 0, bytes: 0, snapshots: 0, layers: 0 });
  });

  it('collection keeps what a container stands on after its image is gone', async (core) => {
    const view = core.namespace('moby');
    const image = await putImage(view, [{ a: '1' }]);
    const chain = await view.layers.chain(image.diff_ids);
    await core.transact((tx) => {
      tx.snapshots('moby').prepare('snap', chain, image.diff_ids);
      tx.snapshots('moby').prepare('loose', chain, image.diff_ids);
      tx.containers('moby').create(containerOf('one', {}, 'snap'));
    });
    assert.equal((await core.collect()).snapshots, 1);
    await assert.rejects(view.mounts('loose'), { class: 'NotFound' });
    const [mount] = await view.mounts('snap');
    for (const option of mount!.options) assert.ok(existsSync(option.slice(option.indexOf('=') + 1)));

    await core.transact((tx) => tx.containers('moby').delete('one'));
    const freed = await core.collect();
    assert.deepEqual({ snapshots: freed.snapshots, layers: freed.layers }, { snapshots: 1, layers: 1 });
  });

  it('collection keeps what labels refer to', async (core) => {
    const { content } = core.namespace('moby');
    const [root, child, loose] = await Promise.all(['root', 'child', 'loose'].map((text) => putBlob(content, text)));
    await content.setLabels(root!, { 'containerd.io/gc.root': 'now', 'containerd.io/gc.ref.content.0': child! });
    await core.collect();
    assert.deepEqual(
      [root, child, loose].map((digest) => content.has(digest!)),
      [true, true, false],
    );
  });

  it('an expired lease holds nothing', async (core) => {
    const { content } = core.namespace('moby');
    await core.transact((tx) => tx.leases('moby').create({ id: 'old', expires_at: new Date(Date.now() - 1000) }));
    const digest = await putBlob(content, 'x', 'old');
    await core.collect();
    assert.equal(content.has(digest), false);
    assert.deepEqual(
      core.read((tx) => tx.leases('moby').list()),
      [],
    );
  });

  it('collection does not touch an ingest', async (core) => {
    const { content } = core.namespace('moby');
    const writer = await content.writer('one');
    await writer.write(Buffer.from('abc'));
    await core.collect();
    await writer.commit(3, null);
  });
}
