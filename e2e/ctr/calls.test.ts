/**
 * Calls of containerd's metadata services are answered as a real containerd answers them: message for message, and error
 * for error with its code and text. Without root there is no containerd; then it is only seen that all are answered.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import {
  type Callers,
  collectionCalls,
  containerCalls,
  contentCalls,
  describe,
  hostileCalls,
  imageCalls,
  lease,
  leaseCalls,
  leasedCalls,
  namespaceCalls,
  otherCalls,
  outcomeOf,
  sandboxCalls,
  type Step,
} from './calls.ts';
import { Client } from './client.ts';
import { programsOf } from './peer.ts';
import { ourSide, peerSide, type Side } from './sides.ts';

const is_root = process.getuid?.() === 0;
const version = '2';

let ours: Side;
let theirs: Side | null = null;

before(async () => {
  const programs = programsOf(version);
  ours = await ourSide(programs ?? '/usr/bin');
  if (is_root && programs !== null) theirs = peerSide(version);
  console.log(theirs === null ? 'no containerd here: answers are not compared' : `beside ${theirs.name}`);
});

after(async () => {
  await ours?.stop();
  await theirs?.stop();
});

for (const [name, steps] of Object.entries({
  namespaces: namespaceCalls,
  images: imageCalls,
  containers: containerCalls,
  leases: leaseCalls,
  content: contentCalls,
  'what is made under a lease': leasedCalls,
  collection: collectionCalls,
  'events and introspection': otherCalls,
  sandboxes: sandboxCalls,
})) {
  test(name, async () => {
    const namespace = `calls-${name.replaceAll(' ', '-').slice(0, 20)}`;
    const mine = await runAll(ours, namespace, steps);
    if (theirs === null) return;
    const real = await runAll(theirs, namespace, steps);
    const different = steps.flatMap(({ what }, at) =>
      mine[at] === real[at] ? [] : [`${what}\n  containerd: ${real[at] ?? ''}\n  ours:       ${mine[at] ?? ''}`],
    );
    assert.equal(different.length, 0, `\n${different.join('\n')}`);
  });
}

test('calls that end a containerd are refused', async () => {
  for (const outcome of await runAll(ours, 'calls-hostile', hostileCalls))
    assert.match(outcome, /^"INVALID_ARGUMENT: /);
});

async function runAll(side: Side, namespace: string, steps: readonly Step[]): Promise<string[]> {
  const callers: Callers = {
    plain: new Client(side.socket, namespace),
    nowhere: new Client(side.socket, ''),
    other: new Client(side.socket, `${namespace}-other`),
    leased: new Client(side.socket, namespace, { 'containerd-lease': lease }),
    ill_leased: new Client(side.socket, namespace, { 'containerd-lease': 'none' }),
    namespace,
  };
  const outcomes: string[] = [];
  for (const step of steps) {
    try {
      outcomes.push(describe(await step.run(callers)));
    } catch (error) {
      outcomes.push(describe(outcomeOf(error)));
    }
  }
  for (const client of [callers.plain, callers.nowhere, callers.other, callers.leased, callers.ill_leased])
    client.close();
  return outcomes;
}
