import assert from 'node:assert/strict';

import { sha256 } from '../testing/fixtures.ts';
import type { Case } from './core-suite.ts';

const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: sha256('a'), size: 1 };
const other = { ...target, digest: sha256('b') };

export function imagesSuite(it: Case): void {
  it('an image has the name it was given, once', async (core) => {
    const made = await core.transact((tx) =>
      tx.images('moby').create({ name: 'docker.io/library/x:1', target, labels: { a: '1' } }),
    );
    assert.deepEqual(core.namespace('moby').findImage('docker.io/library/x:1'), made);
    assert.deepEqual(made.target, target);
    await assert.rejects(
      core.transact((tx) => tx.images('moby').create({ name: 'docker.io/library/x:1', target: other })),
      { class: 'AlreadyExists' },
    );
    assert.deepEqual(core.namespace('moby').findImage('docker.io/library/x:1')?.target, target);
  });

  it('putting an image points its name elsewhere and keeps when it came to be', async (core) => {
    const first = await core.transact((tx) => tx.images('moby').put({ name: 'x', target, labels: { a: '1' } }));
    const second = await core.transact((tx) => tx.images('moby').put({ name: 'x', target: other }));
    assert.deepEqual(second.target, other);
    assert.deepEqual(second.labels, { a: '1' });
    assert.deepEqual(second.created_at, first.created_at);
  });

  it('namespaces do not see each other, and are listed', async (core) => {
    await core.transact((tx) => tx.images('moby').put({ name: 'x', target }));
    await core.transact((tx) => tx.images('k8s.io').put({ name: 'x', target: other }));
    assert.deepEqual(
      core
        .namespace('moby')
        .images()
        .map((image) => image.target),
      [target],
    );
    assert.deepEqual(
      core
        .namespace('k8s.io')
        .images()
        .map((image) => image.target),
      [other],
    );
    assert.deepEqual(core.namespaces(), ['k8s.io', 'moby']);
    assert.throws(() => core.namespace('../x'), { class: 'InvalidArgument' });
  });

  it('images are listed in order of name and gone when deleted', async (core) => {
    await core.transact((tx) => {
      for (const name of ['b', 'a', 'c']) tx.images('moby').put({ name, target });
    });
    await core.transact((tx) => tx.images('moby').delete('b'));
    assert.deepEqual(
      core
        .namespace('moby')
        .images()
        .map((image) => image.name),
      ['a', 'c'],
    );
    await assert.rejects(
      core.transact((tx) => tx.images('moby').delete('b')),
      { class: 'NotFound' },
    );
    assert.equal(core.namespace('moby').findImage('b'), null);
    assert.throws(() => core.read((tx) => tx.images('moby').get('b')), { class: 'NotFound' });
  });

  it('names that are no names are refused', async (core) => {
    for (const name of ['', 'a\0b', 'x'.repeat(5000)]) {
      await assert.rejects(
        core.transact((tx) => tx.images('moby').put({ name, target })),
        { class: 'InvalidArgument' },
      );
    }
  });
}
