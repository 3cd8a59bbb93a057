/**
 * Changes a store without end until it is killed: `writer.ts ROOT STATE SEED`. Prints a line for each change that was
 * acknowledged, after it was.
 */
import { writeSync } from 'node:fs';

import type { NamespaceView } from '../index.ts';
import { containerOf, putBlob, putImage } from './fixtures.ts';
import { openCore } from './open-core.ts';

const [root, state, seed] = process.argv.slice(2) as [string, string, string];
const core = await openCore({ root, state, cores: [] });
await core.recover();
const view: NamespaceView = core.namespace('moby');

function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function image(i: number): Promise<void> {
  const lease = `pull-${seed}-${i}`;
  await core.transact((tx) => tx.leases('moby').create({ id: lease, labels: { 'io.wherry.lease.until-restart': '' } }));
  const made = await putImage(view, [{ base: 'x'.repeat(50_000), [`file-${seed}-${i}`]: String(i) }], lease);
  const chain = await view.layers.chain(made.diff_ids);
  const name = `image-${seed}-${i}`;
  await core.transact((tx) => {
    tx.images('moby').put({ name, target: made.target });
    tx.leases('moby').delete(lease);
  });
  say(`image ${name}`);
  const id = `c-${seed}-${i}`;
  await core.transact((tx) => {
    tx.snapshots('moby').prepare(id, chain, made.diff_ids);
    tx.containers('moby').create(containerOf(id, {}, id));
    tx.records('names').put(id, id);
  });
  await view.mounts(id);
  say(`container ${id}`);
  if (i % 2 === 1) {
    // Before, since it may be gone and nobody be told so any more.
    say(`removing ${id}`);
    await core.transact((tx) => {
      tx.containers('moby').delete(id);
      tx.snapshots('moby').remove(id);
      tx.records('names').delete(id);
    });
  }
}

say('ready');
for (let i = 0; ; i++) {
  const loose = putBlob(view.content, `${seed}-${i}-${'y'.repeat(300_000)}`).then((digest) => say(`blob ${digest}`));
  await Promise.all([image(2 * i), image(2 * i + 1), loose]);
  if (i % 5 === 4) {
    await core.collect();
    say(`collected ${seed}`);
  }
}
