import assert from 'node:assert/strict';

import type { Case } from './core-suite.ts';

const event = { type_url: 'x', value: Buffer.from('{}') };

export function eventsSuite(it: Case): void {
  it('events of a transaction are told when it is durable, in order, before its caller hears of it', async (core) => {
    const heard: string[] = [];
    core.events.subscribe((envelope) => heard.push(envelope.topic), new AbortController().signal);
    let during: readonly string[] = ['unset'];
    const done = core
      .transact((tx) => {
        tx.publish('moby', '/one', event);
        tx.publish('moby', '/two', event);
        during = [...heard];
      })
      .then(() => heard.push('committed'));
    await done;
    assert.deepEqual(during, []);
    assert.deepEqual(heard, ['/one', '/two', 'committed']);
  });

  it('events of a transaction that failed are not told', async (core) => {
    const heard: string[] = [];
    core.events.subscribe((envelope) => heard.push(envelope.topic), new AbortController().signal);
    await assert.rejects(
      core.transact((tx) => {
        tx.publish('moby', '/one', event);
        throw new Error('no');
      }),
    );
    core.events.publish('moby', '/two', event);
    assert.deepEqual(heard, ['/two']);
  });

  it('one listens until one stops, and a listener that throws is nobody else’s trouble', async (core) => {
    const heard: string[] = [];
    const until = new AbortController();
    core.events.subscribe(() => {
      throw new Error('mine');
    }, new AbortController().signal);
    core.events.subscribe(({ namespace, topic }) => heard.push(`${namespace}${topic}`), until.signal);
    core.events.publish('moby', '/one', event);
    until.abort();
    core.events.publish('moby', '/two', event);
    assert.deepEqual(heard, ['moby/one']);
  });
}
