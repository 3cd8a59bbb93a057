import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Mount } from '../index.ts';
import { openCore } from '../testing/open-core.ts';
import { coreFolders } from '../testing/temporary.ts';
import { canMount } from './kernel-mounts.ts';

test('mounts are made under names, stay when the daemon starts again, and go', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  const { activations } = core.namespace('default');
  const source = join(places.root, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'file'), 'f');
  const mounts: Mount[] = [{ type: 'bind', source, options: ['ro', 'rbind'] }];
  // Whoever can mount by itself is to.
  await assert.rejects(activations.activate('one', mounts, {}, false), { class: 'Unimplemented' });
  if (!canMount()) {
    await assert.rejects(activations.activate('one', mounts, {}, true), { message: /only root can mount/ });
    return;
  }
  const made = await activations.activate('one', mounts, { a: 'b' }, true);
  const point = made.active[0]!.mount_point;
  assert.deepEqual(made.system, [{ type: 'bind', source: point, options: ['rbind'] }]);
  assert.equal(readFileSync(join(point, 'file'), 'utf8'), 'f');
  await assert.rejects(activations.activate('one', mounts, {}, true), {
    class: 'AlreadyExists',
    message: 'mount "one": already exists',
  });
  await assert.rejects(activations.activate('two', [{ type: 'ext4', source: '/dev/sda', options: [] }], {}, true), {
    class: 'InvalidArgument',
  });
  assert.deepEqual(core.namespace('default').activations.list(), [made]);
  assert.deepEqual(core.namespace('other').activations.list(), []);
  await core.close();
  const again = await openCore(places);
  await again.recover();
  const later = again.namespace('default').activations;
  assert.deepEqual(later.info('one'), made);
  assert.equal(readFileSync(join(point, 'file'), 'utf8'), 'f');
  await later.deactivate('one');
  await assert.rejects(later.deactivate('one'), { class: 'NotFound' });
  assert.throws(() => later.info('one'), { class: 'NotFound', message: 'mount "one" not found' });
  assert.deepEqual(readdirSync(join(places.state, 'mounts')), []);
  assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'f');
});
