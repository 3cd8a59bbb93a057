import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { EventsForwardService, taskEvents, taskTopic, TtrpcServer, unpackMessage } from '../../wire/index.ts';
import { Publisher } from './publisher.ts';

let folder: string;
before(() => (folder = mkdtempSync(join(tmpdir(), 'wherry-'))));
after(() => rmSync(folder, { recursive: true }));

interface Told {
  readonly namespace: string | undefined;
  readonly topic: string;
  readonly container: string;
}

/** What a containerd would be told; `refuse` so many first. */
async function containerd(told: Told[], refuse = 0): Promise<TtrpcServer> {
  const server = new TtrpcServer();
  let left = refuse;
  server.register(EventsForwardService, {
    async forward({ envelope }, { metadata }) {
      if (left-- > 0) throw new Error('not now');
      const { containerId } = unpackMessage(envelope!.event!, taskEvents.TaskPausedSchema);
      const [namespace] = metadata.get('containerd-namespace-ttrpc') ?? [];
      told.push({ namespace, topic: envelope!.topic, container: containerId });
      return {};
    },
  });
  await server.listen(join(folder, 'events.sock'));
  return server;
}

test('events are told in order, again until they are taken, and those of while containerd was away as well', async () => {
  const publisher = new Publisher('ns');
  const told: Told[] = [];
  const publish = (from: number, to: number): void => {
    for (let i = from; i < to; i++)
      publisher.publish(taskTopic.paused, taskEvents.TaskPausedSchema, { containerId: `c${i}` });
  };
  publisher.address = join(folder, 'events.sock');
  publish(0, 3);
  assert.equal(publisher.idle, false);
  const first = await containerd(told, 2);
  while (!publisher.idle) await sleep(5);
  await first.close();
  publish(3, 6);
  const second = await containerd(told);
  while (!publisher.idle) await sleep(5);
  await second.close();
  assert.deepEqual(
    told,
    [0, 1, 2, 3, 4, 5].map((i) => ({ namespace: 'ns', topic: '/tasks/paused', container: `c${i}` })),
  );
});

test('without an address there is nobody to tell', () => {
  const publisher = new Publisher('ns');
  publisher.publish(taskTopic.paused, taskEvents.TaskPausedSchema, { containerId: 'c' });
  assert.equal(publisher.idle, true);
});
