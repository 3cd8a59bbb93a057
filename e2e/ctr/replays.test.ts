/**
 * What containerd's Go client was recorded to send (`recorded/`, from `ctr` 1.6 and 2), sent to our daemon: the answers are
 * a containerd's. Then what no recording shows: ingests raced for and broken off, leases that expire, chains of 120
 * snapshots, the order of events, a hundred streams on one connection, messages that are too large.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import {
  contentApi,
  ContentService,
  EventsService,
  ImagesService,
  LeasesService,
  SnapshotsService,
  TasksService,
  VersionService,
} from '../../src/wire/services.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import type { Step } from '../record/grpc-proxy.ts';
import { sleep, waitUntil } from '../processes.ts';
import { CallError, Client } from './client.ts';
import { versions } from './peer.ts';
import { type Answered, recordedAnswers, replay } from './replay.ts';

const { WriteAction } = contentApi;
let daemon: Daemon;
let socket = '';

before(async () => {
  daemon = await startDaemon();
  socket = join(daemon.state, 'containerd.sock');
});

after(async () => await daemon?.stop());

for (const version of versions) {
  const path = join(import.meta.dirname, `recorded/ctr-${version}.json`);
  const recorded = JSON.parse(readFileSync(path, 'utf8')) as {
    version: string;
    sessions: { name: string; steps: Step[] }[];
  };
  for (const { name, steps } of recorded.sessions)
    test(`${recorded.version}: ${name}`, { timeout: 60_000 }, async () => {
      // Each version has a namespace of its own.
      const own = steps.map((step) =>
        step.is === 'open'
          ? { ...step, headers: { ...step.headers, 'containerd-namespace': `replay-${version}` } }
          : step,
      );
      const answers = await replay(socket, own);
      for (const [at, expected] of recordedAnswers(steps).entries())
        // A call that its client gave up may have ended before the server heard of it.
        assert.deepEqual(
          plain(expected.code === null ? { ...answers[at]!, code: null, text: '' } : answers[at]!),
          plain(expected),
          `call ${at}, ${expected.path}`,
        );
    });
}

test('of two that write under one name one is told to wait, and goes on where the other broke off', async () => {
  const [one, other] = clients('write');
  const data = Buffer.from('what is to be written');
  const digest = digestOf(data);
  const first = writer(one, 'shared');
  assert.equal((await first.ask({ action: WriteAction.STAT, total: BigInt(data.length) })).offset, 0n);
  await first.ask({ action: WriteAction.WRITE, offset: 0n, data: data.subarray(0, 8) });
  await refused(writer(other, 'shared').ask({ action: WriteAction.STAT }), 'UNAVAILABLE');
  first.stream.cancel();
  let second = writer(other, 'shared');
  await waitUntil('the name is free', 10_000, async () => {
    try {
      return (await second.ask({ action: WriteAction.STAT })).offset === 8n;
    } catch {
      second = writer(other, 'shared');
      return false;
    }
  });
  await refused(writer(one, 'shared').ask({ action: WriteAction.STAT }), 'UNAVAILABLE');
  await second.ask({ action: WriteAction.WRITE, offset: 8n, data: data.subarray(8) });
  const done = await second.ask({
    action: WriteAction.COMMIT,
    offset: BigInt(data.length),
    total: BigInt(data.length),
    expected: digest,
  });
  assert.equal(done.digest, digest);
  await refused(writer(one, 'later').ask({ action: WriteAction.STAT, expected: digest }), 'ALREADY_EXISTS');
});

test('an ingest that is aborted is gone, and its writer is told', async () => {
  const [one, other] = clients('abort');
  const first = writer(one, 'r');
  await first.ask({ action: WriteAction.STAT });
  await first.ask({ action: WriteAction.WRITE, offset: 0n, data: Buffer.from('half') });
  first.stream.cancel();
  await waitUntil('the name is free', 10_000, async () => {
    const { statuses } = await other.call(ContentService.method.listStatuses, {});
    return statuses.some(({ ref, offset }) => ref === 'r' && offset === 4n);
  });
  await other.call(ContentService.method.abort, { ref: 'r' });
  await refused(other.call(ContentService.method.abort, { ref: 'r' }), 'NOT_FOUND');
  await refused(other.call(ContentService.method.status, { ref: 'r' }), 'NOT_FOUND');
  assert.equal((await writer(one, 'r').ask({ action: WriteAction.STAT })).offset, 0n);
});

test('what a lease holds stays until it expires', { timeout: 60_000 }, async () => {
  const [client] = clients('lease');
  const expire = new Date(Date.now() + 1500).toISOString();
  await client.call(LeasesService.method.create, { id: 'short', labels: { 'containerd.io/gc.expire': expire } });
  const held = new Client(socket, 'lease', { 'containerd-lease': 'short' });
  const data = Buffer.from('held by a lease');
  const one = writer(held, 'held');
  await one.ask({ action: WriteAction.WRITE, offset: 0n, data });
  await one.ask({ action: WriteAction.COMMIT, offset: BigInt(data.length) });
  // A lease that is removed in the meantime has everything collected that nobody holds.
  const collect = async (): Promise<void> => {
    await client.call(LeasesService.method.create, { id: 'other' });
    await client.call(LeasesService.method.delete, { id: 'other', sync: true });
  };
  await collect();
  assert.equal(
    (await client.call(ContentService.method.info, { digest: digestOf(data) })).info?.size,
    BigInt(data.length),
  );
  await sleep(1600);
  await collect();
  await refused(client.call(ContentService.method.info, { digest: digestOf(data) }), 'NOT_FOUND');
  const { leases } = await client.call(LeasesService.method.list, {});
  assert.deepEqual(
    leases.map(({ id }) => id).filter((id) => id === 'short'),
    [],
  );
});

test('a chain of 120 snapshots', { timeout: 120_000 }, async () => {
  const [client] = clients('chain');
  const snapshotter = 'overlayfs';
  const labels = { 'containerd.io/gc.root': 'now' };
  let parent = '';
  for (let at = 0; at < 120; at++) {
    await client.call(SnapshotsService.method.prepare, { snapshotter, key: `active-${at}`, parent, labels });
    await client.call(SnapshotsService.method.commit, { snapshotter, key: `active-${at}`, name: `done-${at}`, labels });
    parent = `done-${at}`;
  }
  const { mounts } = await client.call(SnapshotsService.method.view, { snapshotter, key: 'top', parent, labels });
  if (process.getuid?.() === 0) {
    const lower = mounts[0]?.options.find((option) => option.startsWith('lowerdir='));
    assert.equal(lower?.split(':').length, 120);
  } else console.log('without root nothing is mounted: the folders of the chain are not counted');
  const seen: string[] = [];
  for await (const { info } of client.read(SnapshotsService.method.list, { snapshotter }))
    seen.push(...info.map(({ name }) => name));
  assert.equal(seen.length, 121);
  await refused(client.call(SnapshotsService.method.remove, { snapshotter, key: 'done-60' }), 'FAILED_PRECONDITION');
  await client.call(SnapshotsService.method.remove, { snapshotter, key: 'top' });
  for (let at = 119; at >= 0; at--)
    await client.call(SnapshotsService.method.remove, { snapshotter, key: `done-${at}` });
});

test('events arrive in the order of what was done, for every subscriber', { timeout: 60_000 }, async () => {
  const [client, one, other] = clients('order');
  const watches = [one, other].map((each) =>
    each.read(EventsService.method.subscribe, { filters: ['namespace==order,topic~="^/images/"'] }),
  );
  const received = watches.map(async (watch) => {
    const topics: string[] = [];
    for await (const { topic } of watch) if (topics.push(topic) === 150) break;
    return topics;
  });
  await sleep(300);
  const target = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(Buffer.alloc(0)),
    size: 1n,
  };
  for (let at = 0; at < 50; at++) {
    const name = `image-${at}`;
    await client.call(ImagesService.method.create, { image: { name, target } });
    await client.call(ImagesService.method.update, { image: { name, target, labels: { a: 'b' } } });
    await client.call(ImagesService.method.delete, { name });
  }
  const expected = Array.from({ length: 50 }, () => ['/images/create', '/images/update', '/images/delete']).flat();
  for (const topics of await Promise.all(received)) assert.deepEqual(topics, expected);
});

test('a hundred streams on one connection', { timeout: 60_000 }, async () => {
  const [client] = clients('many');
  const streams = Array.from({ length: 100 }, (_, at) => writer(client, `ref-${at}`));
  await Promise.all(streams.map(({ ask }) => ask({ action: WriteAction.STAT })));
  await Promise.all(
    streams.map(({ ask }, at) => ask({ action: WriteAction.WRITE, offset: 0n, data: Buffer.from(`data ${at}`) })),
  );
  assert.equal((await client.call(ContentService.method.listStatuses, {})).statuses.length, 100);
  const done = await Promise.all(
    streams.map(({ ask }, at) => ask({ action: WriteAction.COMMIT, offset: BigInt(`data ${at}`.length) })),
  );
  assert.equal(new Set(done.map(({ digest }) => digest)).size, 100);
});

test('a message over the limit is refused, and the connection goes on', { timeout: 60_000 }, async () => {
  const [client] = clients('large');
  const watch = client.read(EventsService.method.subscribe, { filters: ['namespace==large'] });
  const next = watch.next();
  await sleep(300);
  await refused(
    client.callRaw('/containerd.services.version.v1.Version/Version', Buffer.alloc(17 * 1024 * 1024)),
    'RESOURCE_EXHAUSTED',
  );
  await client.call(VersionService.method.version, {});
  // The stream that was open on it is, too.
  await client.call(ImagesService.method.create, {
    image: { name: 'small', target: { mediaType: 'a/b', digest: digestOf(Buffer.alloc(0)), size: 1n } },
  });
  assert.equal((await next).value?.topic, '/images/create');
});

test('what is not there says so, whatever the call', async () => {
  const [client] = clients('nothing');
  await refused(client.call(TasksService.method.get, { containerId: 'nobody' }), 'NOT_FOUND');
  await refused(client.callRaw('/containerd.services.tasks.v1.Tasks/Nope', Buffer.alloc(0)), 'UNIMPLEMENTED');
  await refused(client.callRaw('/nobody/Nope', Buffer.alloc(0)), 'UNIMPLEMENTED');
  await refused(client.callRaw('/containerd.services.tasks.v1.Tasks/Get', Buffer.from([255, 255])), 'INTERNAL');
});

const open: Client[] = [];
after(() => {
  for (const client of open) client.close();
});

/** Connections of one namespace. */
function clients(namespace: string): [Client, Client, Client] {
  const make = (): Client => {
    const client = new Client(socket, namespace);
    open.push(client);
    return client;
  };
  return [make(), make(), make()];
}

type Ask = Partial<Omit<contentApi.WriteContentRequest, '$typeName' | '$unknown'>>;

/** A stream of writes under a name. */
function writer(
  client: Client,
  ref: string,
): { stream: { cancel(): void }; ask(request: Ask): Promise<contentApi.WriteContentResponse> } {
  const stream = client.open(ContentService.method.write);
  const answers = stream.received[Symbol.asyncIterator]();
  return {
    stream,
    ask: async (request) => {
      stream.send({ ref, ...request });
      const { value, done } = await answers.next();
      if (done === true) throw new Error('the stream ended');
      return value;
    },
  };
}

async function refused(call: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof CallError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/**
 * Without times, where things lie, and who it is. A containerd answers a commit twice with the same, of which its clients
 * read one; options of mounts have no order; 1.6 answers the update of a namespace with one that says nothing.
 */
function plain(answered: Answered): unknown {
  const same = (at: number): boolean =>
    at > 0 && JSON.stringify(answered.messages[at]) === JSON.stringify(answered.messages[at - 1]);
  const once = answered.path.endsWith('/Write') ? answered.messages.filter((_, at) => !same(at)) : answered.messages;
  const sorted = (name: string, value: unknown): unknown => {
    // Only root mounts: others are answered an empty list.
    if (name === 'mounts' && process.getuid?.() !== 0) return [];
    return name === 'options' && Array.isArray(value)
      ? value.map(String).toSorted((a, b) => a.localeCompare(b))
      : value;
  };
  return JSON.parse(
    JSON.stringify({ ...answered, messages: once }, sorted)
      .replace('{"namespace":{"name":"","labels":{}}}', '{}')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
      .replace(/replay(-1\.6|-2)?\/\d+\//g, 'replay/<n>/')
      .replace(/replay-(1\.6|2)/g, 'replay')
      .replace(/"id":"\d+-[A-Za-z0-9_-]{4}"/g, '"id":"<random>"')
      .replace(/(?<=[:"=])\/[^":,]*\/snapshots\/[^":,]*/g, '<layer>')
      .replace(/"(version|revision|uuid|pid|pidns)":"[^"]*"/g, '"$1":"<here>"'),
  );
}
