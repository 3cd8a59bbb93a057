import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { contentApi, ContentService, LeasesService } from '../../../wire/services.ts';
import type { TestService } from '../testing/client.ts';
import { serve } from '../testing/serve.ts';

const { WriteAction } = contentApi;

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

type Content = TestService<typeof ContentService>;

/** Writes a blob in pieces as containerd's clients do: STAT, WRITE with offsets, COMMIT. */
async function put(content: Content, ref: string, bytes: Uint8Array, piece = 64 * 1024, lease?: string): Promise<void> {
  const stream = content.write(lease === undefined ? {} : { lease });
  const [expected, total] = [sha256(bytes), BigInt(bytes.length)];
  stream.send({ action: WriteAction.STAT, ref, total, expected });
  let at = Number((await stream.next()).offset);
  for (; at < bytes.length; at += piece) {
    stream.send({ action: WriteAction.WRITE, offset: BigInt(at), data: bytes.slice(at, at + piece) });
    await stream.next();
  }
  stream.send({ action: WriteAction.COMMIT, offset: total, total, expected });
  assert.equal((await stream.next()).digest, expected);
  stream.end();
}

async function readAll(content: Content, digest: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const { data, offset } of content.read({ digest })) {
    assert.equal(
      Number(offset),
      pieces.reduce((sum, piece) => sum + piece.length, 0),
    );
    assert.ok(data.length <= 1024 * 1024);
    pieces.push(data);
  }
  return Buffer.concat(pieces);
}

async function ended(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a blob is written in pieces and read in pieces', async (t) => {
  const content = (await serve(t)).connect().service(ContentService);
  const bytes = randomBytes(3_500_000);
  await put(content, 'layer', bytes, 1_000_000);
  assert.ok(bytes.equals(await readAll(content, sha256(bytes))));
  const { info } = await content.info({ digest: sha256(bytes) });
  assert.equal(info?.size, 3_500_000n);
  const { statuses } = await content.listStatuses({});
  assert.deepEqual(statuses, []);
});

test('an ingest outlives its client, who goes on at its offset', async (t) => {
  const served = await serve(t);
  const content = served.connect().service(ContentService);
  const bytes = randomBytes(200_000);
  const first = content.write();
  first.send({ action: WriteAction.WRITE, ref: 'layer', data: bytes.slice(0, 120_000) });
  assert.equal((await first.next()).offset, 120_000n);
  first.cancel();
  const other = served.connect().service(ContentService);
  await ended(async () => {
    const probe = other.write();
    probe.send({ action: WriteAction.STAT, ref: 'layer' });
    const free = await probe.next().then(
      ({ offset }) => offset === 120_000n,
      (error: { code: number }) => {
        assert.equal(error.code, 14);
        return false;
      },
    );
    probe.end();
    return free;
  });
  await ended(async () => (await other.status({ ref: 'layer' })).status?.offset === 120_000n);
  await put(other, 'layer', bytes);
  assert.ok(bytes.equals(await readAll(other, sha256(bytes))));
});

test('one client at a time writes an ingest; the other is told that it is locked', async (t) => {
  const content = (await serve(t)).connect().service(ContentService);
  const first = content.write();
  first.send({ action: WriteAction.STAT, ref: 'layer' });
  await first.next();
  const second = content.write();
  second.send({ action: WriteAction.STAT, ref: 'layer' });
  await assert.rejects(second.next(), { code: 14, details: /^ref default\/1\/layer locked for .*: unavailable$/ });
  first.end();
});

test('an ingest that is aborted under its writer becomes nothing', async (t) => {
  const content = (await serve(t)).connect().service(ContentService);
  const writer = content.write();
  writer.send({ action: WriteAction.WRITE, ref: 'layer', data: Buffer.from('abc') });
  await writer.next();
  await content.abort({ ref: 'layer' });
  writer.send({ action: WriteAction.COMMIT, offset: 3n });
  await assert.rejects(writer.next(), { code: 5 });
  await assert.rejects(content.info({ digest: sha256(Buffer.from('abc')) }), { code: 5 });
  await put(content, 'layer', Buffer.from('abc'));
});

test('of many who commit the same at once all but one are told that it is there', async (t) => {
  const content = (await serve(t)).connect().service(ContentService);
  const bytes = randomBytes(100_000);
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => put(content, `layer-${i}`, bytes)));
  for (const result of results)
    if (result.status === 'rejected') assert.equal((result.reason as { code: number }).code, 6);
  assert.ok(results.some(({ status }) => status === 'fulfilled'));
  assert.ok(bytes.equals(await readAll(content, sha256(bytes))));
  assert.deepEqual((await content.listStatuses({})).statuses, []);
});

test('labels set by field masks at the same time are all kept', async (t) => {
  const content = (await serve(t)).connect().service(ContentService);
  const bytes = Buffer.from('x');
  await put(content, 'x', bytes);
  const digest = sha256(bytes);
  const names = Array.from({ length: 50 }, (_, i) => `containerd.io/gc.ref.content.l.${i}`);
  await Promise.all(
    names.map((name) =>
      content.update({ info: { digest, labels: { [name]: 'v' } }, updateMask: { paths: [`labels.${name}`] } }),
    ),
  );
  const { info } = await content.info({ digest });
  assert.deepEqual(Object.keys(info?.labels ?? {}).toSorted(), names.toSorted());
});

test('what is written under a lease stays until the lease is gone', async (t) => {
  const client = (await serve(t)).connect();
  const [content, leases] = [client.service(ContentService), client.service(LeasesService)];
  await leases.create({ id: 'pull' });
  const bytes = randomBytes(1000);
  const started = content.write({ lease: 'pull' });
  started.send({ action: WriteAction.STAT, ref: 'never' });
  await started.next();
  started.end();
  await put(content, 'layer', bytes, 1000, 'pull');
  await ended(async () => (await leases.listResources({ id: 'pull' })).resources.length === 2);
  assert.deepEqual(
    (await leases.listResources({ id: 'pull' })).resources.map(({ type, id }) => ({ type, id })),
    [
      { type: 'content', id: sha256(bytes) },
      { type: 'ingests', id: 'never' },
    ],
  );
  await leases.create({ id: 'other' });
  await leases.delete({ id: 'other', sync: true });
  assert.ok(bytes.equals(await readAll(content, sha256(bytes))));
  await leases.delete({ id: 'pull', sync: true });
  await assert.rejects(content.info({ digest: sha256(bytes) }), { code: 5 });
  await ended(async () => (await content.listStatuses({})).statuses.length === 0);
});

test('hostile writes are refused', async (t) => {
  const served = await serve(t);
  const content = served.connect().service(ContentService);
  for (const [request, code] of [
    [{ ref: '' }, 3],
    [{ ref: 'x'.repeat(5000) }, 3],
    [{ ref: 'a\0b' }, 3],
    [{ ref: 'x', total: 2n ** 62n }, 3],
    [{ ref: 'x', action: WriteAction.WRITE, offset: 5n }, 11],
    [{ ref: 'x', action: WriteAction.COMMIT, expected: '../../etc/passwd' }, 3],
  ] as const) {
    const stream = content.write();
    stream.send(request);
    await assert.rejects(stream.next(), { code });
  }
  assert.deepEqual(served.faults, []);
});
