import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { containerEvents, imageEvents, unpackMessage } from '../../../wire/index.ts';
import {
  ContainersService,
  contentApi,
  ContentService,
  EventsService,
  type eventTypes,
  ImagesService,
  NamespacesService,
} from '../../../wire/services.ts';
import type { TestStream } from '../testing/client.ts';
import { type Served, serve } from '../testing/serve.ts';

const target = { mediaType: 'm/x', digest: `sha256:${createHash('sha256').update('x').digest('hex')}`, size: 1n };

type Subscription = TestStream<never, eventTypes.Envelope>;

/** Subscribes, and waits until that is so: an event of its own comes back. */
async function subscribe({ core, connect }: Served, filters: readonly string[] = []): Promise<Subscription> {
  const events = connect().service(EventsService);
  const subscription = events.subscribe({
    filters: [...filters, ...(filters.length === 0 ? [] : ['topic=="/probe"'])],
  });
  let heard = false;
  const first = subscription.next().finally(() => (heard = true));
  while (!heard) {
    core.events.publish('probe', '/probe', { type_url: 'x', value: new Uint8Array() });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await first;
  return subscription;
}

async function next(subscription: Subscription): Promise<eventTypes.Envelope> {
  for (;;) {
    const envelope = await subscription.next();
    if (envelope.topic !== '/probe') return envelope;
  }
}

test('every change is told after it is durable, in order, with containerd’s message', async (t) => {
  const served = await serve(t);
  const client = served.connect();
  const subscription = await subscribe(served);
  await client.service(NamespacesService).create({ namespace: { name: 'one', labels: { a: 'b' } } });
  const images = client.service(ImagesService);
  await images.create({ image: { name: 'img', target, labels: { a: '1' } } });
  await images.update({ image: { name: 'img', target, labels: { b: '2' } }, updateMask: { paths: ['labels.b'] } });
  const containers = client.service(ContainersService);
  const runtime = { name: 'r', options: { typeUrl: 'o', value: Buffer.from('p') } };
  await containers.create({ container: { id: 'c', image: 'img', runtime, spec: { typeUrl: 's' } } });
  await containers.update({ container: { id: 'c', labels: { l: '1' } }, updateMask: { paths: ['labels'] } });
  await containers.delete({ id: 'c' });
  const write = client.service(ContentService).write();
  write.send({ action: contentApi.WriteAction.COMMIT, ref: 'x', data: Buffer.from('x') });
  await write.next();
  await client.service(ContentService).delete({ digest: target.digest });
  await images.delete({ name: 'img' });
  await client.service(NamespacesService).delete({ name: 'one' });

  const heard: eventTypes.Envelope[] = [];
  while (heard.length < 10) heard.push(await next(subscription));
  assert.deepEqual(
    heard.map(({ namespace, topic }) => `${namespace} ${topic}`),
    [
      'one /namespaces/create',
      'default /images/create',
      'default /images/update',
      'default /containers/create',
      'default /containers/update',
      'default /containers/delete',
      'default /content/create',
      'default /content/delete',
      'default /images/delete',
      'one /namespaces/delete',
    ],
  );
  const update = unpackMessage(heard[2]!.event!, imageEvents.ImageUpdateSchema);
  assert.deepEqual(update.labels, { a: '1', b: '2' });
  const made = unpackMessage(heard[3]!.event!, containerEvents.ContainerCreateSchema);
  assert.deepEqual([made.id, made.image, made.runtime?.name, made.runtime?.options?.typeUrl], ['c', 'img', 'r', 'o']);
  subscription.cancel();
});

test('what was refused is not told', async (t) => {
  const served = await serve(t);
  const images = served.connect().service(ImagesService);
  await images.create({ image: { name: 'img', target } });
  const subscription = await subscribe(served);
  await assert.rejects(images.create({ image: { name: 'img', target } }));
  await assert.rejects(images.delete({ name: 'other' }));
  await images.delete({ name: 'img' });
  assert.equal((await next(subscription)).topic, '/images/delete');
  subscription.cancel();
});

test('a subscriber hears what its filters ask for', async (t) => {
  const served = await serve(t);
  const subscription = await subscribe(served, ['topic~="^/images/",event.name==b', 'namespace==other']);
  const images = served.connect().service(ImagesService);
  for (const name of ['a', 'b', 'c']) await images.create({ image: { name, target } });
  await images.create({ image: { name: 'd', target } }, { namespace: 'other' });
  const heard = [await next(subscription), await next(subscription)];
  assert.deepEqual(
    heard.map(({ namespace, event }) => [namespace, unpackMessage(event!, imageEvents.ImageCreateSchema).name]),
    [
      ['default', 'b'],
      ['other', 'd'],
    ],
  );
  subscription.cancel();
});

test('what a client publishes or forwards is heard as it was sent', async (t) => {
  const served = await serve(t);
  const subscription = await subscribe(served);
  const events = served.connect().service(EventsService);
  await events.publish({ topic: '/own/thing', event: { typeUrl: 'own', value: Buffer.from('1') } });
  const timestamp = { seconds: 1000n, nanos: 5_000_000 };
  await events.forward({ envelope: { timestamp, namespace: 'ns', topic: '/far', event: { typeUrl: 'far' } } });
  const [own, far] = [await next(subscription), await next(subscription)];
  assert.deepEqual([own.namespace, own.topic, own.event?.typeUrl], ['default', '/own/thing', 'own']);
  assert.deepEqual([far.namespace, far.topic, far.timestamp?.seconds], ['ns', '/far', 1000n]);
  subscription.cancel();
});

test('a subscriber that reads too slowly is told that it has missed something, and may come again', async (t) => {
  const served = await serve(t);
  const lazy = await subscribe(served);
  const event = { type_url: 'x', value: Buffer.alloc(1_000_000) };
  for (let i = 0; i < 100; i++) served.core.events.publish('n', '/many', event);
  const drain = async (): Promise<void> => {
    for (;;) await lazy.next();
  };
  await assert.rejects(drain(), { code: 8 });
  const later = await subscribe(served);
  served.core.events.publish('n', '/last', event);
  assert.equal((await next(later)).topic, '/last');
  later.cancel();
});
