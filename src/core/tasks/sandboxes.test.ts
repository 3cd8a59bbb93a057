import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { containerOf } from '../testing/fixtures.ts';
import { setUp, stdio, until } from '../testing/foreign-setup.ts';

const none = { rootfs: [], options: null, netns_path: '', annotations: {} };
const spec = (fields: object) => ({ type_url: 'spec', value: Buffer.from(JSON.stringify(fields)) });

test('a sandbox is a shim that has the tasks of its containers, and outlives them and the daemon', async (t) => {
  const setup = setUp(t);
  const first = await setup.open();
  const before = first.core.namespace('moby');
  const runtime = { name: setup.program, options: null };
  const bundle = join(setup.places.state, 'sandboxes/pod');
  await before.sandboxes.create({ id: 'pod', runtime, spec: spec({}) }, none);
  await assert.rejects(before.sandboxes.create({ id: 'pod', runtime, spec: spec({}) }, none), {
    class: 'AlreadyExists',
    message: 'sandbox pod already running: already exists',
  });
  const { pid, address, version } = await before.sandboxes.start('pod');
  assert.match(address, /^ttrpc\+unix:\/\/\//);
  assert.equal(version, 3);
  assert.equal((await before.sandboxes.platform('pod')).os, 'linux');
  await first.core.transact((tx) =>
    tx.containers('moby').create({ ...containerOf('one'), runtime: setup.program, sandbox_id: 'pod' }),
  );
  await before.tasks.create('one', stdio);
  assert.equal(await before.tasks.start('one'), pid);
  await first.core.close();

  const { core, events } = await setup.open();
  const { tasks, sandboxes } = core.namespace('moby');
  const status = await sandboxes.status('pod', true);
  assert.deepEqual([status.pid, status.state, status.info], [pid, 'SANDBOX_READY', { a: 'b' }]);
  await tasks.kill('one', 9);
  await tasks.wait('one');
  await tasks.delete('one');
  assert.equal((await sandboxes.status('pod', false)).pid, pid);
  const waiting = sandboxes.wait('pod');
  await sandboxes.stop('pod', 1);
  assert.equal((await waiting).exit_status, 3);
  assert.ok(events.some(({ topic }) => topic === '/sandboxes/exit'));
  await sandboxes.shutdown('pod');
  assert.equal(existsSync(bundle), false);
  await assert.rejects(sandboxes.wait('pod'), { class: 'NotFound' });
  await sandboxes.stop('pod', 0);
  assert.equal((await sandboxes.status('pod', false)).state, '');
});

test('a sandbox whose shim fails or dies leaves nothing', async (t) => {
  const setup = setUp(t);
  const { core } = await setup.open();
  const { sandboxes, tasks } = core.namespace('moby');
  const runtime = { name: setup.program, options: null };
  const bundle = join(setup.places.state, 'sandboxes/pod');
  await assert.rejects(sandboxes.create({ id: 'pod', runtime, spec: spec({ fails: 'no room' }) }, none), {
    message: 'failed to create sandbox pod: no room',
  });
  assert.equal(existsSync(bundle), false);
  await sandboxes.create({ id: 'pod', runtime, spec: spec({}) }, none);
  const { pid } = await sandboxes.start('pod');
  process.kill(pid, 'SIGKILL');
  await until('its bundle is gone', () => !existsSync(bundle));
  await assert.rejects(sandboxes.wait('pod'), { class: 'NotFound' });
  await core.transact((tx) =>
    tx.containers('moby').create({ ...containerOf('one'), runtime: setup.program, sandbox_id: 'pod' }),
  );
  await assert.rejects(tasks.create('one', stdio), { message: "failed to start shim: can't find sandbox pod" });
});
