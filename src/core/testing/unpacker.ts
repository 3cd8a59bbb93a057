/**
 * Unpacks the layers of image after image until it is killed: `unpacker.ts ROOT STATE`. Every file of a layer holds its
 * number of files.
 */
import { writeSync } from 'node:fs';

import { putImage } from './fixtures.ts';
import { openCore } from './open-core.ts';

const [root, state] = process.argv.slice(2) as [string, string];
const core = await openCore({ root, state, cores: [] });
await core.recover();
const view = core.namespace('moby');
for (let i = 0; ; i++) {
  const count = 50 + (i % 100);
  const files = Object.fromEntries(
    Array.from({ length: count }, (_, f) => [`d${f % 7}/${process.pid}-${i}-${f}`, String(count)]),
  );
  const made = await putImage(view, [files, { [`small-${process.pid}-${i}`]: '1' }]);
  await core.transact((tx) => tx.images('moby').put({ name: `image-${process.pid}-${i}`, target: made.target }));
  const chain = await view.layers.chain(made.diff_ids);
  await core.transact((tx) => tx.snapshots('moby').prepare(`s${process.pid}-${i}`, chain, made.diff_ids));
  writeSync(1, `${i}\n`);
  await view.kernelMounts(`s${process.pid}-${i}`);
}
