import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';

import { putBlob, sha256 } from '../testing/fixtures.ts';
import type { Case } from './core-suite.ts';

const bytes = Buffer.from('the quick brown fox');

export function contentSuite(it: Case): void {
  it('content is not visible until it is committed, and then whole', async (core) => {
    const { content } = core.namespace('moby');
    const digest = sha256(bytes);
    const writer = await content.writer('one', { digest, size: bytes.length });
    await writer.write(bytes.subarray(0, 5));
    await writer.write(bytes.subarray(5));
    assert.equal(writer.offset, bytes.length);
    assert.equal(content.has(digest), false);
    assert.deepEqual(await content.list(), []);
    await assert.rejects(content.info(digest), { class: 'NotFound' });

    assert.deepEqual(await writer.commit(bytes.length, digest, { a: 'b' }), { digest, size: bytes.length });
    assert.equal(content.has(digest), true);
    const info = await content.info(digest);
    assert.deepEqual({ size: info.size, labels: info.labels }, { size: bytes.length, labels: { a: 'b' } });
    assert.deepEqual(Buffer.from(await content.readAll(digest, 100)), bytes);
    const { fd, size } = await content.open(digest);
    const read = Buffer.alloc(size);
    readSync(fd, read, 0, size, 0);
    closeSync(fd);
    assert.deepEqual(read, bytes);
  });

  it('a chunk may be changed by its owner as soon as the write has settled', async (core) => {
    const { content } = core.namespace('moby');
    const large = randomBytes(3_000_000);
    const writer = await content.writer('reused');
    const chunk = Buffer.alloc(70_000);
    for (let at = 0; at < large.length; at += chunk.length) {
      const part = large.copy(chunk, 0, at);
      await writer.write(chunk.subarray(0, part));
      chunk.fill(0);
    }
    const { digest } = await writer.commit(null, null);
    assert.equal(digest, sha256(large));
    assert.ok(large.equals(await content.readAll(digest, large.length)));
  });

  it('content that is not what was said is refused and leaves nothing', async (core) => {
    const { content } = core.namespace('moby');
    const wrong_digest = await content.writer('one');
    await wrong_digest.write(bytes);
    await assert.rejects(wrong_digest.commit(null, sha256('else')), { class: 'FailedPrecondition' });
    const wrong_size = await content.writer('two');
    await wrong_size.write(bytes);
    await assert.rejects(wrong_size.commit(3, null), { class: 'FailedPrecondition' });
    const too_much = await content.writer('three', { size: 3 });
    await assert.rejects(too_much.write(bytes), { class: 'FailedPrecondition' });
    await too_much.abort();
    assert.deepEqual(await content.list(), []);
    const again = await content.writer('one');
    assert.equal(again.offset, 0);
    await again.abort();
  });

  it('an ingest that was closed goes on where it was', async (core) => {
    const { content } = core.namespace('moby');
    const first = await content.writer('one');
    await first.write(bytes.subarray(0, 7));
    await first.close();
    const second = await content.writer('one');
    assert.equal(second.offset, 7);
    await second.write(bytes.subarray(7));
    assert.equal((await second.commit(bytes.length, sha256(bytes))).digest, sha256(bytes));
  });

  it('an aborted ingest is forgotten', async (core) => {
    const { content } = core.namespace('moby');
    const first = await content.writer('one');
    await first.write(bytes);
    await first.abort();
    const second = await content.writer('one');
    assert.equal(second.offset, 0);
    await second.abort();
  });

  it('one writes an ingest at a time, and namespaces have their own', async (core) => {
    const { content } = core.namespace('moby');
    const held = await content.writer('one');
    await assert.rejects(content.writer('one'), { class: 'Unavailable' });
    await (await core.namespace('k8s.io').content.writer('one')).abort();
    await held.abort();
    await (await content.writer('one')).abort();
  });

  it('content that is there is said to be, whoever comes second', async (core) => {
    const { content } = core.namespace('moby');
    const first = await content.writer('one');
    const second = await content.writer('two');
    await first.write(bytes);
    await second.write(bytes);
    await first.commit(null, null);
    await assert.rejects(second.commit(null, null), { class: 'AlreadyExists' });
    await assert.rejects(content.writer('three', { digest: sha256(bytes) }), { class: 'AlreadyExists' });
    assert.ok(content.has(sha256(bytes)));
  });

  it('two commits of the same content at once leave it there once', async (core) => {
    const { content } = core.namespace('moby');
    const writers = await Promise.all(['a', 'b', 'c', 'd'].map((ref) => content.writer(ref)));
    await Promise.all(writers.map((writer) => writer.write(bytes)));
    await Promise.allSettled(writers.map((writer) => writer.commit(null, null)));
    assert.equal((await content.list()).length, 1);
    assert.deepEqual(Buffer.from(await content.readAll(sha256(bytes), 100)), bytes);
  });

  it('what one namespace has written the other has for the asking, with labels of its own', async (core) => {
    const [moby, other] = [core.namespace('moby').content, core.namespace('k8s.io').content];
    const digest = await putBlob(moby, bytes);
    await moby.setLabels(digest, { mine: 'yes' });
    assert.equal(other.has(digest), false);
    assert.deepEqual(await other.list(), []);
    await assert.rejects(other.info(digest), { class: 'NotFound' });
    await assert.rejects(other.open(digest), { class: 'NotFound' });
    await assert.rejects(other.writer('any', { digest, size: bytes.length }), { class: 'AlreadyExists' });
    assert.deepEqual((await other.info(digest)).labels, {});
    assert.deepEqual((await moby.info(digest)).labels, { mine: 'yes' });
    await moby.setLabels(digest, {});
    assert.deepEqual((await moby.info(digest)).labels, {});
    await moby.delete(digest);
    assert.equal(moby.has(digest), false);
    assert.deepEqual(Buffer.from(await other.readAll(digest, 100)), bytes);
  });

  it('a client is offered what another namespace has, and takes it by committing', async (core) => {
    const digest = await putBlob(core.namespace('moby').content, bytes);
    const { content } = core.namespace('k8s.io');
    const writer = await content.writer('one', { digest, size: bytes.length }, { as_client: true });
    assert.equal(writer.offset, bytes.length);
    assert.equal(writer.digest, digest);
    assert.equal(content.has(digest), false);
    await writer.commit(bytes.length, digest, { a: 'b' });
    assert.deepEqual((await content.info(digest)).labels, { a: 'b' });
    assert.deepEqual(content.statuses(), []);
  });

  it('a client may write again what was offered, and what it was told was wrong', async (core) => {
    const digest = await putBlob(core.namespace('moby').content, bytes);
    const { content } = core.namespace('k8s.io');
    const writer = await content.writer('one', { digest }, { as_client: true });
    await writer.restart();
    assert.equal(writer.offset, 0);
    await writer.write(bytes.subarray(0, 5));
    await assert.rejects(writer.commit(bytes.length, digest), { class: 'FailedPrecondition' });
    assert.equal(content.status('one').offset, 5);
    const again = await content.writer('one', {}, { as_client: true });
    assert.equal(again.offset, 5);
    await again.write(bytes.subarray(5));
    assert.equal((await again.commit(null, digest)).digest, digest);
  });

  it('an ingest that is thrown away under its writer becomes nothing', async (core) => {
    const { content } = core.namespace('moby');
    const writer = await content.writer('one', {}, { as_client: true });
    await writer.write(bytes);
    assert.equal(content.status('one').offset, bytes.length);
    await content.abort('one');
    assert.throws(() => content.status('one'), { class: 'NotFound' });
    const next = await content.writer('one', {}, { as_client: true });
    await assert.rejects(writer.commit(null, null), { class: 'NotFound' });
    await next.write(bytes);
    await next.commit(null, sha256(bytes));
    await assert.rejects(content.abort('one'), { class: 'NotFound' });
  });

  it('deleted content is gone and can come again', async (core) => {
    const { content } = core.namespace('moby');
    const digest = await putBlob(content, bytes);
    await content.delete(digest);
    assert.equal(content.has(digest), false);
    await assert.rejects(content.open(digest), { class: 'NotFound' });
    await assert.rejects(content.delete(digest), { class: 'NotFound' });
    assert.equal(await putBlob(content, bytes), digest);
  });

  it('a large blob is not read whole by accident', async (core) => {
    const { content } = core.namespace('moby');
    const digest = await putBlob(content, bytes);
    await assert.rejects(content.readAll(digest, 5), { class: 'ResourceExhausted' });
  });

  it('sha512 is a digest like another', async (core) => {
    const { content } = core.namespace('moby');
    const digest =
      'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e';
    const late = await content.writer('late');
    assert.equal((await late.commit(0, digest)).digest, digest);
    await content.delete(digest);
    const early = await content.writer('early', { digest });
    assert.equal((await early.commit(0, null)).digest, digest);
  });

  it('hostile names are keys or refused, never paths', async (core) => {
    const { content } = core.namespace('moby');
    for (const ref of ['../../../etc/passwd', '/etc/passwd', '..', 'a/b/c', 'ü\n', 'x'.repeat(4000)]) {
      const writer = await content.writer(ref);
      await writer.write(bytes);
      await writer.abort();
    }
    for (const ref of ['', 'a\0b', 'x'.repeat(5000)])
      await assert.rejects(content.writer(ref), { class: 'InvalidArgument' });
    for (const digest of ['sha256:../../../../etc/passwd', '../x', 'sha256:', 'md5:d41d8cd98f00b204e9800998ecf8427e']) {
      assert.equal(content.has(digest), false);
      await assert.rejects(content.open(digest), { class: 'NotFound' });
      assert.throws(() => content.path(digest), { class: 'NotFound' });
      const writer = await content.writer('x');
      await assert.rejects(writer.commit(null, digest), { class: 'InvalidArgument' });
    }
  });
}
