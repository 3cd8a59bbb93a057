import assert from 'node:assert/strict';

import { containerOf, putBlob, putImage, sha256 } from '../testing/fixtures.ts';
import type { Case } from './core-suite.ts';

const target = { mediaType: 'm/x', digest: sha256('any'), size: 1 };
const ref = 'containerd.io/gc.ref.content';
const bref = 'containerd.io/gc.bref';

export function collectionSuite(it: Case): void {
  it('content stays with what its labels refer back to', async (core) => {
    const { content } = core.namespace('default');
    const [of_image, of_container, of_content, parent] = await Promise.all(
      ['image', 'container', 'content', 'parent'].map((text) => putBlob(content, text)),
    );
    await content.setLabels(of_image!, { [`${bref}.image`]: 'img' });
    await content.setLabels(of_container!, { [`${bref}.container.x`]: 'box' });
    await content.setLabels(of_content!, { [`${bref}.content/y`]: parent! });
    await content.setLabels(parent!, { 'containerd.io/gc.root': '' });
    await core.transact((tx) => {
      tx.images('default').create({ name: 'img', target });
      tx.containers('default').create(containerOf('box'));
      tx.images('other').create({ name: 'img', target });
    });
    const there = (): boolean[] => [of_image, of_container, of_content, parent].map((each) => content.has(each!));
    await core.collect();
    assert.deepEqual(there(), [true, true, true, true]);
    await core.transact((tx) => {
      tx.images('default').delete('img');
      tx.containers('default').delete('box');
    });
    await content.setLabels(parent!, {});
    await core.collect();
    assert.deepEqual(there(), [false, false, false, false]);
  });

  it('a document stays with all that it names, or with what its labels name of that', async (core) => {
    const view = core.namespace('default');
    const made = await putImage(view, [{ a: '1' }]);
    const [manifest, config, layer] = made.blobs as [string, string, string];
    await core.transact((tx) => tx.images('default').create({ name: 'i', target: made.target }));
    await core.collect();
    assert.deepEqual(
      [manifest, config, layer].map((each) => view.content.has(each)),
      [true, true, true],
    );
    await view.content.setLabels(manifest, { [`${ref}.config`]: config });
    await core.collect();
    assert.deepEqual(
      [manifest, config, layer].map((each) => view.content.has(each)),
      [true, true, false],
    );
    assert.ok(view.layers.has(made.diff_ids[0]!));
  });

  it('references stay within their namespace', async (core) => {
    const [one, two] = [core.namespace('one').content, core.namespace('two').content];
    const child = await putBlob(one, 'child');
    await assert.rejects(two.writer('x', { digest: child }), { class: 'AlreadyExists' });
    const root = await putBlob(two, 'root');
    await two.setLabels(root, { 'containerd.io/gc.root': '', [`${ref}.0`]: child });
    await core.collect();
    assert.deepEqual([one.has(child), two.has(child)], [false, true]);
    await two.delete(root);
    assert.equal((await core.collect()).blobs, 1);
  });

  it('an image that has expired goes, unless a lease or a label holds it', async (core) => {
    const heard: string[] = [];
    core.events.subscribe(({ namespace, topic }) => heard.push(`${namespace}${topic}`), new AbortController().signal);
    const past = { 'containerd.io/gc.expire': new Date(Date.now() - 1000).toISOString() };
    await core.transact((tx) => {
      const images = tx.images('default');
      images.create({ name: 'plain', target });
      images.create({ name: 'past', target, labels: past });
      images.create({ name: 'no-time', target, labels: { 'containerd.io/gc.expire': 'soon' } });
      images.create({ name: 'referred', target, labels: past });
      images.create({ name: 'leased', target, labels: past });
      images.create({ name: 'refers', target, labels: { 'containerd.io/gc.ref.image': 'referred' } });
      tx.leases('default').create({ id: 'l' });
      tx.leases('default').add('l', { type: 'images', id: 'leased' });
    });
    heard.length = 0;
    await core.collect();
    assert.deepEqual(
      core
        .namespace('default')
        .images()
        .map(({ name }) => name),
      ['leased', 'no-time', 'plain', 'referred', 'refers'],
    );
    assert.deepEqual(heard, ['default/images/delete']);
  });

  it('a flat lease holds its resources and not what they refer to', async (core) => {
    const { content } = core.namespace('default');
    const [parent, child] = await Promise.all(['parent', 'child'].map((text) => putBlob(content, text)));
    await content.setLabels(parent!, { [ref]: child! });
    const hold = (id: string, labels: Record<string, string>): Promise<void> =>
      core.transact((tx) => {
        tx.leases('default').create({ id, labels });
        tx.leases('default').add(id, { type: 'content', id: parent! });
      });
    await hold('deep', {});
    await hold('flat', { 'containerd.io/gc.flat': 'yes' });
    await core.collect();
    assert.deepEqual([content.has(parent!), content.has(child!)], [true, true]);
    await core.transact((tx) => tx.leases('default').delete('deep'));
    await core.collect();
    assert.deepEqual([content.has(parent!), content.has(child!)], [true, false]);
  });

  it('labels that refer in a circle, or in a chain as long as one likes, are followed to their end', async (core) => {
    const { content } = core.namespace('default');
    const digests = await Promise.all(Array.from({ length: 300 }, (_, i) => putBlob(content, `link ${i}`)));
    for (const [i, digest] of digests.entries())
      await content.setLabels(digest, { [ref]: digests[(i + 1) % digests.length]! });
    assert.equal((await core.collect()).blobs, 300);
    const again = await Promise.all(Array.from({ length: 300 }, (_, i) => putBlob(content, `link ${i}`)));
    for (const [i, digest] of again.entries()) await content.setLabels(digest, { [ref]: again[i + 1] ?? again[0]! });
    await content.setLabels(again[0]!, { [ref]: again[1]!, 'containerd.io/gc.root': '' });
    assert.equal((await core.collect()).blobs, 0);
  });

  it('a lease that has expired lets go of the ingests it held', async (core) => {
    const { content } = core.namespace('default');
    await core.transact((tx) => tx.leases('default').create({ id: 'l', expires_at: new Date(Date.now() + 60_000) }));
    const writer = await content.writer('leased', {}, { lease: 'l', as_client: true });
    await writer.close();
    const loose = await content.writer('loose', {}, { as_client: true });
    await loose.close();
    await core.collect();
    assert.deepEqual(
      content.statuses().map(({ ref: name }) => name),
      ['leased', 'loose'],
    );
    await core.transact((tx) => tx.leases('default').delete('l'));
    await core.collect();
    assert.deepEqual(
      content.statuses().map(({ ref: name }) => name),
      ['loose'],
    );
    await content.abort('loose');
  });
}
