import assert from 'node:assert/strict';

import { sha256 } from '../testing/fixtures.ts';
import type { Case } from './core-suite.ts';

const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256('a'), size: 1 };

export function transactSuite(it: Case): void {
  it('a transaction that throws leaves nothing, and the others of its tick stand', async (core) => {
    const boom = new Error('boom');
    const results = await Promise.allSettled([
      core.transact((tx) => tx.images('moby').put({ name: 'one', target }).name),
      core.transact((tx) => {
        tx.images('moby').put({ name: 'two', target });
        tx.leases('moby').create({ id: 'two' });
        throw boom;
      }),
      core.transact((tx) => tx.images('moby').put({ name: 'three', target }).name),
    ]);
    assert.deepEqual(results[0], { status: 'fulfilled', value: 'one' });
    assert.equal((results[1] as PromiseRejectedResult).reason, boom);
    assert.deepEqual(results[2], { status: 'fulfilled', value: 'three' });
    assert.deepEqual(
      core
        .namespace('moby')
        .images()
        .map((image) => image.name),
      ['one', 'three'],
    );
    assert.deepEqual(
      core.read((tx) => tx.leases('moby').list()),
      [],
    );
  });

  it('a transaction sees its own changes', async (core) => {
    const seen = await core.transact((tx) => {
      tx.records('names').put('clock', 'abc');
      return tx.records('names').get('clock');
    });
    assert.equal(seen, 'abc');
  });

  it('records are JSON by bucket and key', async (core) => {
    await core.transact((tx) => {
      tx.records('b').put('2', { deep: ['x', 1, null] });
      tx.records('b').put('1', 'one');
      tx.records('c').put('1', 'other');
    });
    assert.deepEqual(
      core.read((tx) => tx.records('b').list()),
      [
        { key: '1', value: 'one' },
        { key: '2', value: { deep: ['x', 1, null] } },
      ],
    );
    assert.deepEqual(await core.transact((tx) => [tx.records('b').delete('1'), tx.records('b').delete('1')]), [
      true,
      false,
    ]);
    assert.equal(
      core.read((tx) => tx.records('b').get('1')),
      undefined,
    );
    assert.equal(
      core.read((tx) => tx.records('c').get('1')),
      'other',
    );
  });

  it('nothing can be changed outside of a transaction', async (core) => {
    assert.throws(() => core.read((tx) => tx.images('moby').put({ name: 'x', target })), { class: 'Internal' });
    const kept = await core.transact((tx) => tx);
    assert.throws(() => kept.records('b').put('1', 1), { class: 'Internal' });
    await assert.rejects(
      core.transact(async () => {}),
      { class: 'Internal' },
    );
    let inner: Promise<void> | undefined;
    await core.transact(() => {
      inner = core.transact(() => {});
      inner.catch(() => {});
    });
    await assert.rejects(inner!, { class: 'Internal' });
  });
}
