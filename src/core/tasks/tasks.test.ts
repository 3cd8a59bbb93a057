import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import timers from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

import { containers_per_shim_max, shim_idle_ms } from '../../limits/index.ts';
import type { Core, TaskExit, TaskStdio } from '../index.ts';
import { containerOf } from '../testing/fixtures.ts';
import { keptLog, openCore, openGate, type OpenOptions } from '../testing/open-core.ts';
import { coreFolders, type Places } from '../testing/temporary.ts';
import { isAlive } from './shim.ts';
import { type TestLauncher, testLauncher } from '../testing/shim-launcher.ts';

const stdio: TaskStdio = { stdin: '', stdout: 'none://', stderr: 'none://', terminal: false };

interface Setup {
  readonly places: Places;
  readonly launcher: TestLauncher;
  readonly core: Core;
  readonly exits: TaskExit[];
}

async function setUp(t: TestContext, options: OpenOptions = {}): Promise<Setup> {
  const launcher = testLauncher();
  t.after(() => launcher.endAll());
  const places = coreFolders(t);
  return { places, launcher, ...(await open(places, launcher, options)) };
}

async function open(
  places: Places,
  launcher: TestLauncher,
  options: OpenOptions = {},
): Promise<Pick<Setup, 'core' | 'exits'>> {
  const core = await openCore(places, { launcher, ...options });
  const exits: TaskExit[] = [];
  core.namespace('moby').tasks.onExit((exit) => exits.push(exit));
  await core.recover();
  return { core, exits };
}

async function create(core: Core, id: string, spec: object): Promise<void> {
  await core.transact((tx) => {
    tx.snapshots('moby').prepare(`${id}-snap`, '', []);
    tx.containers('moby').create(containerOf(id, spec, `${id}-snap`));
  });
  await core.namespace('moby').tasks.create(id, stdio);
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10);
  assert.ok(holds(), what);
}

test('a task is created, started, waited for and deleted', async (t) => {
  const { core, exits, places } = await setUp(t);
  const { tasks } = core.namespace('moby');
  await create(core, 'one', { exit: { status: 7, after_ms: 30 } });
  assert.equal((await tasks.state('one')).status, 'created');
  assert.deepEqual(JSON.parse(readFileSync(join(places.state, 'bundles/one/config.json'), 'utf8')), {
    exit: { status: 7, after_ms: 30 },
  });
  const pid = await tasks.start('one');
  assert.deepEqual(tasks.list(), [{ container: 'one', pid, lost: false }]);
  assert.deepEqual(await tasks.pids('one'), [{ pid, info: null }]);
  const exit = await tasks.wait('one');
  assert.equal(exit.exit_status, 7);
  assert.deepEqual(exits, [exit]);
  const state = await tasks.state('one');
  assert.deepEqual({ status: state.status, exit_status: state.exit_status }, { status: 'stopped', exit_status: 7 });
  assert.deepEqual(await tasks.delete('one'), exit);
  assert.deepEqual(tasks.list(), []);
  await assert.rejects(tasks.state('one'), { class: 'NotFound' });
  await assert.rejects(tasks.wait('one'), { class: 'NotFound' });
});

test('the exit of a task that ends at once is told after its start', async (t) => {
  const { core, exits } = await setUp(t);
  const { tasks } = core.namespace('moby');
  await create(core, 'one', { exit: { status: 0, after_ms: 0 } });
  let started = false;
  let told_after_start = false;
  tasks.onExit(() => (told_after_start = started));
  await tasks.start('one').then(() => (started = true));
  await tasks.wait('one');
  assert.equal(told_after_start, true);
  assert.equal(exits.length, 1);
});

test('a start that fails says why, and the task is there, stopped, until it is deleted', async (t) => {
  const { core, exits } = await setUp(t);
  const { tasks } = core.namespace('moby');
  const text = 'exec: "x": executable file not found in $PATH: unknown';
  await create(core, 'one', { fails: text });
  await assert.rejects(tasks.start('one'), { class: 'InvalidArgument', message: text });
  assert.equal((await tasks.wait('one')).exit_status, 127);
  assert.equal((await tasks.state('one')).status, 'stopped');
  assert.deepEqual(exits, []);
  assert.equal((await tasks.delete('one')).reason, text);
});

test('a container has one task at a time, and one that runs cannot be deleted', async (t) => {
  const { core } = await setUp(t);
  const { tasks } = core.namespace('moby');
  await create(core, 'one', {});
  await assert.rejects(tasks.create('one', stdio), { class: 'AlreadyExists' });
  await assert.rejects(tasks.create('none', stdio), { class: 'NotFound' });
  await tasks.start('one');
  await assert.rejects(tasks.delete('one'), { class: 'FailedPrecondition' });
  await tasks.kill('one', 15);
  assert.equal((await tasks.wait('one')).exit_status, 143);
  await tasks.delete('one');
  await tasks.create('one', stdio);
  await tasks.delete('one');
});

test('the gate is asked before a task is made, and before it starts', async (t) => {
  let allowed = false;
  const gate = {
    ...openGate,
    taskStart() {
      if (!allowed) throw new Error('not today');
    },
  };
  const { core, launcher } = await setUp(t, { gate });
  const { tasks } = core.namespace('moby');
  await assert.rejects(create(core, 'one', {}), { message: 'not today' });
  assert.deepEqual([launcher.shims.length, tasks.list().length], [0, 0]);
  allowed = true;
  await tasks.create('one', stdio);
  allowed = false;
  await assert.rejects(tasks.start('one'), { message: 'not today' });
});

test('a shim serves one namespace and holds so many containers', async (t) => {
  const { core, launcher } = await setUp(t);
  const { tasks } = core.namespace('moby');
  const ids = Array.from({ length: containers_per_shim_max + 1 }, (_, i) => `c${i}`);
  await Promise.all(ids.map((id) => create(core, id, {})));
  await core.transact((tx) => tx.containers('k8s.io').create(containerOf('c0')));
  await core.namespace('k8s.io').tasks.create('c0', stdio);
  assert.deepEqual(launcher.shims.map((shim) => shim.namespace).sort(), ['k8s.io', 'moby', 'moby']);
  assert.equal(tasks.list().length, ids.length);
  assert.ok(existsSync(join(core.state, 'bundles/@k8s.io/c0/config.json')));
});

test('a shim is ready before the first container is', async (t) => {
  const { core, launcher } = await setUp(t, { warm: 'moby' });
  await until('a shim was started', () => launcher.shims.length === 1);
  await create(core, 'one', {});
  assert.equal(launcher.shims.length, 1);
});

test('of shims that are empty at the same time one stays ready', async (t) => {
  // The pool's timers are those that keep nobody from leaving.
  const idle = new Map<NodeJS.Timeout, () => void>();
  const original: (act: () => void, ms: number, ...rest: never[]) => NodeJS.Timeout = timers.setTimeout;
  t.mock.method(globalThis, 'setTimeout', (act: () => void, ms: number, ...rest: never[]) => {
    const timer = original(act, ms, ...rest);
    const { unref } = timer;
    if (ms === shim_idle_ms) timer.unref = () => (idle.set(timer, act), unref.call(timer));
    return timer;
  });
  const { core, launcher } = await setUp(t, { warm: 'moby' });
  const { tasks } = core.namespace('moby');
  const ids = Array.from({ length: containers_per_shim_max + 1 }, (_, i) => `c${i}`);
  for (const id of ids) await create(core, id, {});
  await Promise.all(ids.map((id) => tasks.delete(id)));
  for (const [timer, act] of idle) {
    clearTimeout(timer);
    act();
  }
  await until('one of them has ended', () => launcher.shims.filter(isAlive).length === 1);
  await sleep(200);
  assert.equal(launcher.shims.filter(isAlive).length, 1);
});

test('when a shim is killed its tasks end with 137, once', async (t) => {
  const { core, exits, launcher, places } = await setUp(t);
  const { tasks } = core.namespace('moby');
  await create(core, 'one', {});
  await create(core, 'two', { exit: { status: 5, after_ms: 0 } });
  await tasks.start('one');
  await tasks.start('two');
  await tasks.wait('two');
  process.kill(launcher.shims[0]!.pid, 'SIGKILL');
  const exit = await tasks.wait('one');
  assert.deepEqual({ status: exit.exit_status, lost: exit.lost }, { status: 137, lost: true });
  assert.deepEqual(
    exits.map((each) => each.exit_status),
    [5, 137],
  );
  assert.equal((await tasks.state('one')).status, 'stopped');
  await assert.rejects(tasks.kill('one', 9), { class: 'NotFound' });
  assert.equal((await tasks.delete('two')).exit_status, 5);
  assert.equal((await tasks.delete('one')).exit_status, 137);
  assert.deepEqual(readdirSync(join(places.state, 'shims')), []);
  await tasks.create('one', stdio);
  assert.equal(launcher.shims.length, 2);
});

test('a client is handed over with what was read from it', async (t) => {
  const { core, places } = await setUp(t);
  const { tasks } = core.namespace('moby');
  await create(core, 'one', {});
  const path = join(places.state, 'client.sock');
  const server = createServer({ pauseOnConnect: true }).listen(path);
  t.after(() => server.close());
  const client = createConnection(path);
  const accepted = await new Promise<Socket>((resolve) => server.once('connection', resolve));
  const { fd } = (accepted as unknown as { _handle: { fd: number } })._handle;
  const request = { fd, stdin: true, stdout: true, stderr: true, detach_keys: '' };
  const said = new Promise<string>((resolve) => client.once('data', (data) => resolve(String(data))));
  await tasks.attach('one', { ...request, head: Buffer.from('some bytes') });
  assert.equal(await said, 'attached to one after some bytes');
  await tasks.delete('one');
  await assert.rejects(tasks.attach('one', { ...request, head: Buffer.alloc(0) }), { class: 'NotFound' });
  accepted.destroy();
  client.destroy();
});

test('tasks outlive the daemon: what runs is taken up, what ended meanwhile is told, a second restart changes nothing', async (t) => {
  const { core, launcher, places } = await setUp(t);
  await create(core, 'runs', {});
  await create(core, 'ends', { exit: { status: 3, after_ms: 300 } });
  await create(core, 'removed', {});
  for (const id of ['runs', 'ends', 'removed']) await core.namespace('moby').tasks.start(id);
  await core.transact((tx) => tx.containers('moby').delete('removed'));
  await core.close();
  await sleep(400);

  const again = await open(places, launcher);
  const { tasks } = again.core.namespace('moby');
  assert.deepEqual(
    again.exits.map(({ container, exit_status, lost }) => ({ container, exit_status, lost })),
    [{ container: 'ends', exit_status: 3, lost: false }],
  );
  assert.equal((await tasks.state('runs')).status, 'running');
  assert.deepEqual(
    tasks
      .list()
      .map((each) => each.container)
      .sort(),
    ['ends', 'runs'],
  );
  assert.equal((await tasks.wait('ends')).exit_status, 3);
  const [folder] = readdirSync(join(places.state, 'shims'));
  const records = () => readdirSync(join(places.state, 'shims', folder!, 'tasks')).sort();
  await until('the task without a container was ended', () => records().length === 2);
  assert.deepEqual(records(), ['ends.json', 'runs.json']);
  await again.core.close();

  const third = await open(places, launcher);
  assert.deepEqual(
    third.exits.map(({ container }) => container),
    ['ends'],
  );
  assert.deepEqual(records(), ['ends.json', 'runs.json']);
  await third.core.namespace('moby').tasks.delete('ends');
  await third.core.namespace('moby').tasks.kill('runs', 9);
  assert.equal((await third.core.namespace('moby').tasks.wait('runs')).exit_status, 137);
  assert.equal(launcher.shims.length, 1);
});

test('shims that died with the daemon are settled from their records', async (t) => {
  const { core, launcher, places } = await setUp(t);
  await create(core, 'runs', {});
  await create(core, 'ended', { exit: { status: 4, after_ms: 0 } });
  const before = core.namespace('moby').tasks;
  await before.start('runs');
  await before.start('ended');
  await core.close();
  process.kill(launcher.shims[0]!.pid, 'SIGKILL');
  mkdirSync(join(places.state, 'shims', 'never-served'));
  mkdirSync(join(places.state, 'shims', 'damaged'));
  writeFileSync(join(places.state, 'shims', 'damaged', 'bootstrap.json'), '{"id":');

  const again = await open(places, launcher);
  await until('both were told', () => again.exits.length === 2);
  const seen = again.exits.map(({ container, exit_status, lost }) => `${container} ${exit_status} ${lost}`).sort();
  assert.deepEqual(seen, ['ended 4 false', 'runs 137 true']);
  const { tasks } = again.core.namespace('moby');
  await tasks.delete('runs');
  await tasks.delete('ended');
  assert.deepEqual(readdirSync(join(places.state, 'shims')), []);
});

test('shims without tasks end with the daemon', async (t) => {
  const { core, launcher, places } = await setUp(t, { warm: 'moby' });
  await until('a shim was started', () => launcher.shims.length === 1);
  await core.close();
  await until('its folder went', () => readdirSync(join(places.state, 'shims')).length === 0);
});

test('containerd’s events of a task are told in order', async (t) => {
  const { core } = await setUp(t);
  const heard: string[] = [];
  core.events.subscribe(({ topic, namespace }) => heard.push(`${namespace} ${topic}`), new AbortController().signal);
  const { tasks } = core.namespace('moby');
  await create(core, 'one', { exit: { status: 0, after_ms: 10 } });
  await tasks.start('one');
  await tasks.wait('one');
  await tasks.delete('one');
  assert.deepEqual(heard, [
    'moby /containers/create',
    'moby /tasks/create',
    'moby /tasks/start',
    'moby /tasks/exit',
    'moby /tasks/delete',
  ]);
});

test('a launcher that fails says so and leaves nothing', async (t) => {
  const log = keptLog();
  const { core, places } = await setUp(t, {
    launcher: { launch: () => Promise.reject(new Error('no shim today')) },
    log,
  });
  await assert.rejects(create(core, 'one', {}), /no shim today/);
  assert.deepEqual(core.namespace('moby').tasks.list(), []);
  assert.deepEqual(readdirSync(join(places.state, 'shims')), []);
});
