import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Envelope } from '../../index.ts';
import { fromUnknown } from '../../../errors/index.ts';
import { startTime } from '../../../os/index.ts';
import { create, setUp, stdio, until } from '../../testing/foreign-setup.ts';

const topics = (events: readonly Envelope[]): string[] =>
  events.map(({ topic }) => topic).filter((topic) => topic.startsWith('/tasks/'));

for (const generation of ['address', 'json', 'message'] as const)
  test(`a shim that says where it is by ${generation} has tasks like ours, and leaves nothing`, async (t) => {
    const setup = setUp(t, generation);
    const { core, exits, events } = await setup.open();
    const { tasks } = core.namespace('moby');
    await create(core, 'one', { log: 'level=warn msg="of the shim"\n' }, setup.program);
    assert.equal((await tasks.state('one')).status, 'created');
    const pid = await tasks.start('one');
    assert.deepEqual(tasks.list(), [{ container: 'one', pid, lost: false }]);
    await assert.rejects(tasks.delete('one'), { message: 'cannot delete a running process' });
    const spec = { type_url: 'process', value: Buffer.from('{"exit":{"status":5,"after_ms":10}}') };
    await tasks.exec('one', 'e', spec, stdio);
    await tasks.start('one', 'e');
    assert.equal((await tasks.wait('one', 'e')).exit_status, 5);
    assert.equal((await tasks.delete('one', 'e')).exit_status, 5);
    await tasks.kill('one', 15);
    assert.equal((await tasks.wait('one')).exit_status, 143);
    assert.equal((await tasks.delete('one')).exit_status, 143);
    assert.deepEqual(
      exits.map((exit) => exit.exit_status),
      [143],
    );
    assert.deepEqual(
      topics(events).filter((topic) => topic !== '/tasks/exit'),
      ['/tasks/create', '/tasks/start', '/tasks/start', '/tasks/delete', '/tasks/delete'],
    );
    assert.equal(topics(events).filter((topic) => topic === '/tasks/exit').length, 2);
    assert.ok(setup.log.lines.some((line) => line.startsWith('warn: shim moby/one: level=warn')));
    assert.deepEqual(setup.bundles(), []);
    assert.deepEqual(readdirSync(join(setup.places.root, 'tasks')), []);
    const call = setup.calls().at(-1)!;
    assert.deepEqual(call.args.slice(0, 4), [
      '-namespace',
      'moby',
      '-address',
      join(setup.places.state, 'containerd.sock'),
    ]);
    assert.deepEqual(call.args.slice(-3), ['-id', 'one', 'start']);
    assert.equal(call.cwd, join(setup.places.state, 'bundles/one'));
    assert.equal(call.ttrpc, join(setup.places.state, 'containerd.sock.ttrpc'));
  });

test('a shim that dies is cleared up after by its program, whose word on the exit is told once', async (t) => {
  const setup = setUp(t);
  const { core, exits, events } = await setup.open();
  const { tasks } = core.namespace('moby');
  await create(core, 'one', {}, setup.program);
  await tasks.start('one');
  const waiting = tasks.wait('one');
  await tasks.kill('one', 60).catch(() => {});
  const exit = await waiting;
  assert.deepEqual([exit.exit_status, exit.exited_at.getTime(), exit.lost], [137, 1_700_000_000_000, true]);
  await until('the bundle is gone', () => setup.bundles().length === 0);
  assert.equal(exits.length, 1);
  assert.deepEqual(topics(events), ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete']);
  const { args } = setup.calls().at(-1)!;
  assert.deepEqual(args.slice(-3), ['-bundle', join(setup.places.state, 'bundles/one'), 'delete']);
  assert.equal((await tasks.state('one')).lost, true);
  await assert.rejects(tasks.kill('one', 9), { class: 'NotFound' });
  // What is lost is in nobody's way.
  await tasks.create('one', stdio);
  await tasks.delete('one');
  assert.deepEqual(setup.bundles(), []);
});

test('tasks outlive the daemon: exits meanwhile are known, dead shims are cleared up after, strays are ended', async (t) => {
  const setup = setUp(t);
  const first = await setup.open();
  const before = first.core.namespace('moby').tasks;
  const { program } = setup;
  await create(first.core, 'runs', {}, program);
  await create(first.core, 'ends', { exit: { status: 3, after_ms: 200 } }, program);
  await create(first.core, 'dies', {}, program);
  await create(first.core, 'stray', {}, program);
  for (const id of ['runs', 'ends', 'dies', 'stray']) await before.start(id);
  const { pid } = await before.state('dies');
  await first.core.transact((tx) => tx.containers('moby').delete('stray'));
  assert.ok(existsSync(join(setup.places.state, 'bundles/stray')), 'a bundle in use stays');
  await first.core.close();
  process.kill(pid, 'SIGKILL');
  await sleep(300);

  const { core, exits } = await setup.open();
  const { tasks } = core.namespace('moby');
  assert.equal((await tasks.state('runs')).status, 'running');
  assert.equal((await tasks.wait('ends')).exit_status, 3);
  assert.equal((await tasks.state('ends')).status, 'stopped');
  assert.equal((await tasks.wait('dies')).exit_status, 137);
  await until('the stray is ended', () => !existsSync(join(setup.places.state, 'bundles/stray')));
  await until('both exits are told', () => exits.length === 2);
  await tasks.kill('runs', 9);
  assert.equal((await tasks.wait('runs')).exit_status, 137);
  for (const id of ['runs', 'ends', 'dies']) await tasks.delete(id);
  assert.deepEqual(setup.bundles(), []);
});

test('a shim may hold several tasks, and goes with the last', async (t) => {
  const setup = setUp(t);
  const { core } = await setup.open();
  const { tasks } = core.namespace('moby');
  await create(core, 'one', { group: 'pod' }, setup.program);
  await create(core, 'two', { group: 'pod' }, setup.program);
  const pid = await tasks.start('one');
  const time = startTime(pid);
  assert.equal(await tasks.start('two'), pid);
  await tasks.kill('one', 9);
  await tasks.wait('one');
  await tasks.delete('one');
  assert.equal((await tasks.state('two')).status, 'running');
  await tasks.kill('two', 9);
  await tasks.wait('two');
  await tasks.delete('two');
  await until('the shim has ended', () => startTime(pid) !== time);
});

test('what cannot be started says so in containerd’s words, and leaves nothing', async (t) => {
  const setup = setUp(t);
  const { core } = await setup.open();
  const refused = async (id: string, runtime: string, spec: object = {}): Promise<string> =>
    await create(core, id, spec, runtime).then(
      () => 'made',
      (error: unknown) => fromUnknown(error).message,
    );
  const resolve = 'failed to start shim: failed to resolve runtime path: ';
  assert.equal(
    await refused('a', 'io.example.none.v2'),
    `${resolve}runtime "io.example.none.v2" binary not installed "containerd-shim-none-v2": file does not exist`,
  );
  assert.equal(
    await refused('b', 'nonsense'),
    `${resolve}invalid runtime name nonsense, correct runtime name should be either format like ` +
      '`io.containerd.runc.v2` or a full path to the binary',
  );
  assert.equal(
    await refused('c', '/no/such'),
    `${resolve}invalid custom binary path: stat /no/such: no such file or directory`,
  );
  assert.equal(await refused('d', '/bin/false'), 'failed to start shim: start failed: : exit status 1');
  assert.equal(await refused('e', setup.program, { fails: 'no room' }), 'failed to create shim task: no room');
  assert.deepEqual(core.namespace('moby').tasks.list(), []);
  assert.deepEqual(setup.bundles(), []);
});
