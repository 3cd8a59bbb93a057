import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';

import { framesOf, TestDaemon } from '../daemon-for-tests.ts';

const daemon = await TestDaemon.start({ after });
for (const name of ['hello', 'clock', 'wordcount']) await daemon.load(name);
afterEach(() => daemon.empty());

interface Event {
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

/** What happened since then, oldest first: `container start` and the like. */
async function happened(since_ms: number): Promise<readonly string[]> {
  const past = await daemon.send('GET', `/events?since=${since_ms / 1000}&until=${Date.now() / 1000}`);
  return past.body
    .trim()
    .split('\n')
    .map((line) => {
      const { Type, Action, Actor } = JSON.parse(line) as Event;
      const { exitCode, signal } = Actor.Attributes;
      return [`${Type} ${Action}`, exitCode ?? signal].filter((part) => part !== undefined).join(' ');
    })
    .filter((line) => !line.startsWith('image'));
}

async function state(id: string): Promise<Record<string, unknown>> {
  const { json } = await daemon.send('GET', `/containers/${id}/json`);
  return (json as { State: Record<string, unknown> }).State;
}

test('docker run --rm: attach, wait, start, output, removal, and events in Docker’s order', async () => {
  const since_ms = Date.now();
  const id = await daemon.create('one', {
    Image: 'hello',
    AttachStdout: true,
    Volumes: { '/data': {} },
    HostConfig: { AutoRemove: true, Binds: ['named:/named'] },
  });
  const attached = await daemon.attach(id, 'stdout=1&stderr=1');
  assert.match(
    attached.head,
    /^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.multiplexed-stream\r\n/,
  );
  // As the CLI does when it has no stdin.
  attached.socket.end();
  const waiting = daemon.send('POST', `/containers/${id}/wait?condition=removed`);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await daemon.send('POST', `/containers/${id}/start`)).status, 204);
  assert.deepEqual(framesOf(await attached.output), [[1, 'Hello from WebAssembly!\n']]);
  assert.deepEqual((await waiting).json, { StatusCode: 0 });
  assert.equal((await daemon.send('GET', `/containers/${id}/json`)).status, 404);
  const { Volumes } = (await daemon.send('GET', '/volumes')).json as { Volumes: { Name: string }[] };
  assert.deepEqual(
    Volumes.map(({ Name }) => Name),
    ['named'],
  );
  assert.deepEqual(await happened(since_ms), [
    'volume create',
    'volume create',
    'container create',
    'container attach',
    'volume mount',
    'volume mount',
    'network connect',
    'container start',
    'network disconnect',
    'volume unmount',
    'volume unmount',
    'container die 0',
    'volume destroy',
    'container destroy',
  ]);
});

test('stdin reaches the guest, also what came before the start and with it', async () => {
  const id = await daemon.create('wc', { Image: 'wordcount', OpenStdin: true, StdinOnce: true, AttachStdin: true });
  const attached = await daemon.attach(id, 'stdin=1&stdout=1&stderr=1');
  attached.socket.write('one two\nthree');
  await daemon.send('POST', `/containers/${id}/start`);
  attached.socket.end(' four\n');
  const [[type, text] = []] = framesOf(await attached.output);
  assert.equal(type, 1);
  assert.deepEqual(text?.trim().split(/\s+/), ['2', '4', '19']);
});

test('a program that is not there: 400, exit code 127, and the client is let go', async () => {
  const id = await daemon.create('one', { Image: 'hello', Entrypoint: ['nope'] });
  const attached = await daemon.attach(id, 'stdout=1');
  const { status, message } = await daemon.send('POST', `/containers/${id}/start`);
  assert.equal(status, 400);
  assert.match(message, /executable file not found/);
  assert.deepEqual(await attached.output, Buffer.alloc(0));
  const { ExitCode, Status, Error } = await state(id);
  assert.deepEqual([ExitCode, Status, Error], [127, 'created', message]);
});

test('what Docker finds missing only at the start is said then', async () => {
  for (const [fields, message] of [
    [{ HostConfig: { NetworkMode: 'mine' } }, 'failed to set up container networking: network mine not found'],
    [{ User: 'eve' }, 'unable to find user eve: no matching entries in passwd file'],
    [
      { HostConfig: { DeviceRequests: [{ Count: -1, Capabilities: [['gpu']] }] } },
      'could not select device driver "" with capabilities: [[gpu]]',
    ],
  ] as const) {
    const id = await daemon.create('one', { Image: 'hello', ...fields });
    const started = await daemon.send('POST', `/containers/${id}/start`);
    assert.deepEqual([started.status, started.message], [500, message]);
    assert.equal((await state(id))['ExitCode'], 128);
    assert.equal((await daemon.send('GET', '/containers/json?all=1')).status, 200);
    await daemon.empty();
  }
});

test('stop, start, restart, kill, and what they answer in every state', async () => {
  const since_ms = Date.now();
  const id = await daemon.create('cc', { Image: 'clock' });
  const post = async (what: string): Promise<number> => (await daemon.send('POST', `/containers/cc/${what}`)).status;
  assert.equal(await post('stop'), 304);
  assert.equal(
    (await daemon.send('POST', '/containers/cc/kill')).message,
    `cannot kill container: cc: container ${id} is not running`,
  );
  assert.equal(await post('start'), 204);
  assert.equal(await post('start'), 304);
  assert.equal((await state(id))['Running'], true);
  const rm = await daemon.send('DELETE', '/containers/cc');
  assert.equal(rm.status, 409);
  assert.equal(
    rm.message,
    'cannot remove container "cc": container is running: stop the container before removing or force remove',
  );
  assert.equal(
    (await daemon.send('POST', '/containers/cc/kill?signal=LOUD')).message,
    'cannot kill container: cc: invalid signal: LOUD',
  );
  assert.equal(await post('kill?signal=WINCH'), 204);
  assert.equal(await post('restart?t=1'), 204);
  assert.equal(await post('stop?t=1'), 204);
  assert.equal((await state(id))['ExitCode'], 143);
  assert.equal(await post('restart'), 204);
  assert.equal(await post('kill'), 204);
  assert.equal((await state(id))['ExitCode'], 137);
  assert.equal((await daemon.send('DELETE', '/containers/cc')).status, 204);
  assert.deepEqual(
    (await happened(since_ms)).filter((line) => line.startsWith('container')),
    (
      'create, start, kill 28, kill 15, die 143, stop, start, restart, ' +
      'kill 15, die 143, stop, start, restart, kill 9, die 137, destroy'
    )
      .split(', ')
      .map((line) => `container ${line}`),
  );
});

test('a container is found by id, name and the start of its id, and by nothing else', async () => {
  const id = await daemon.create('one', { Image: 'hello' });
  for (const query of [id, 'one', id.slice(0, 12), id.slice(0, 3)]) {
    assert.equal((await daemon.send('GET', `/containers/${query}/json`)).status, 200, query);
  }
  for (const query of ['on', 'two', `${id}0`]) {
    const { status, message } = await daemon.send('GET', `/containers/${query}/json`);
    assert.deepEqual([status, message], [404, `No such container: ${query}`]);
  }
});

test('logs are read by tail and time, and followed to the end', async () => {
  await daemon.create('cc', { Image: 'clock' });
  const logs = async (query: string): Promise<string> =>
    (await daemon.send('GET', `/containers/cc/logs?stdout=1&stderr=1${query}`)).body;
  assert.equal(
    (await daemon.send('GET', '/containers/cc/logs')).message,
    "must specify at least one of 'stdout' or 'stderr'",
  );
  await daemon.send('POST', '/containers/cc/start');
  const followed = logs('&follow=1&timestamps=1');
  await new Promise((resolve) => setTimeout(resolve, 1300));
  await daemon.send('POST', '/containers/cc/kill');
  const lines = framesOf(Buffer.from(await followed))[0]![1]
    .trim()
    .split('\n');
  assert.ok(lines.length >= 2, lines.join());
  assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \d\d:\d\d:\d\d$/);
  const last = lines.at(-1)!.split(' ')[1]!;
  assert.deepEqual(framesOf(Buffer.from(await logs('&tail=1'))), [[1, `${last}\n`]]);
  assert.equal(await logs('&until=5'), '');
  assert.match(
    (await daemon.send('GET', '/containers/cc/logs?stdout=1&since=x')).message,
    /^invalid value for "since": /,
  );
  await daemon.create('quiet', { Image: 'clock', HostConfig: { LogConfig: { Type: 'none' } } });
  const none = await daemon.send('GET', '/containers/quiet/logs?stdout=1');
  assert.deepEqual([none.status, none.message], [501, 'configured logging driver does not support reading']);
});

test('a policy restarts a container until a user stops it', async () => {
  const id = await daemon.create('rr', { Image: 'hello', HostConfig: { RestartPolicy: { Name: 'always' } } });
  await daemon.send('POST', '/containers/rr/start');
  const inspect = async (): Promise<{ RestartCount: number }> =>
    (await daemon.send('GET', '/containers/rr/json')).json as { RestartCount: number };
  while ((await inspect()).RestartCount < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await daemon.send('POST', '/containers/rr/stop')).status, 204);
  const { RestartCount } = await inspect();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal((await inspect()).RestartCount, RestartCount);
  assert.equal((await state(id))['Status'], 'exited');
});

test('a daemon that comes back finds what runs and what ended meanwhile', async () => {
  const [runs, ends] = [
    await daemon.create('runs', { Image: 'clock' }),
    await daemon.create('ends', { Image: 'clock' }),
  ];
  await daemon.create('gone', { Image: 'clock', HostConfig: { AutoRemove: true } });
  await daemon.create('again', { Image: 'clock', HostConfig: { RestartPolicy: { Name: 'always' } } });
  await daemon.create('never', { Image: 'hello' });
  for (const name of ['runs', 'ends', 'gone', 'again']) await daemon.send('POST', `/containers/${name}/start`);
  const before = await state(runs);
  const pids = await Promise.all(['ends', 'gone', 'again'].map(async (name) => (await state(name))['Pid'] as number));
  await daemon.close();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, 100));
  await daemon.open();
  const now = await state(runs);
  assert.deepEqual([now['Status'], now['Pid'], now['StartedAt']], ['running', before['Pid'], before['StartedAt']]);
  const ended = await daemon.send('POST', `/containers/${ends}/wait`);
  assert.deepEqual(ended.json, { StatusCode: 137 });
  assert.equal((await daemon.send('GET', '/containers/gone/json')).status, 404);
  while ((await state('again'))['Running'] !== true) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal((await state('never'))['Status'], 'created');
  await daemon.send('POST', '/containers/runs/kill');
  assert.equal((await state(runs))['ExitCode'], 137);
});

test('lists are filtered as Docker filters them', async () => {
  await daemon.create('a1', { Image: 'hello', Labels: { k: 'v' } });
  await daemon.create('b2', { Image: 'clock', HostConfig: { Binds: ['vol:/v'] } });
  await daemon.create('c3', { Image: 'hello', HostConfig: { NetworkMode: 'none' } });
  await daemon.send('POST', '/containers/b2/start');
  await daemon.send('POST', '/containers/a1/start');
  await daemon.send('POST', '/containers/a1/wait');
  const list = async (query: string, filters: object = {}): Promise<string> => {
    const found = await daemon.send(
      'GET',
      `/containers/json?${query}&filters=${encodeURIComponent(JSON.stringify(filters))}`,
    );
    return found.status === 200
      ? (found.json as { Names: string[] }[]).map(({ Names }) => Names[0]!.slice(1)).join(' ')
      : `${found.status} ${found.message}`;
  };
  for (const [query, filters, expected] of [
    ['', {}, 'b2'],
    ['all=1', {}, 'c3 b2 a1'],
    ['limit=2', {}, 'c3 b2'],
    ['', { status: ['exited'] }, 'a1'],
    ['', { status: { exited: true, running: true } }, 'b2 a1'],
    ['all=1', { exited: ['0'] }, 'a1'],
    ['all=1', { label: ['k=v'] }, 'a1'],
    ['all=1', { label: ['k=w'] }, ''],
    ['all=1', { name: ['^/?b'] }, 'b2'],
    ['all=1', { ancestor: ['hello'] }, 'c3 a1'],
    ['all=1', { volume: ['vol'] }, 'b2'],
    ['all=1', { volume: ['/v'] }, 'b2'],
    ['all=1', { network: ['none'] }, 'c3'],
    ['all=1', { before: ['b2'] }, 'a1'],
    ['all=1', { since: ['b2'] }, 'c3'],
    ['all=1', { health: ['none'] }, 'c3 b2 a1'],
    ['', { since: ['zz'] }, '404 No such container: zz'],
    ['', { bogus: ['x'] }, "400 invalid filter 'bogus'"],
    [
      '',
      { status: ['x'] },
      "400 invalid filter 'status=x': invalid value for state (x): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
  ] as const) {
    assert.equal(await list(query, filters), expected, `${query} ${JSON.stringify(filters)}`);
  }
  const [row] = (await daemon.send('GET', '/containers/json')).json as { Status: string; State: string }[];
  assert.equal(row!.State, 'running');
  assert.match(row!.Status, /^Up /);
});

test('what the spec of a container says is what was asked for', async () => {
  const id = await daemon.create('ss', {
    Image: 'hello',
    Cmd: ['a', 'b c'],
    User: '7:8',
    WorkingDir: '/w',
    HostConfig: {
      Memory: 64 << 20,
      ReadonlyRootfs: true,
      Tmpfs: { '/t': 'ro' },
      Binds: [`${daemon.folder}/new:/m:ro`],
    },
  });
  await daemon.send('POST', `/containers/${id}/start`);
  const spec = JSON.parse(readFileSync(join(daemon.folder, 's/bundles', id, 'config.json'), 'utf8')) as {
    process: { args: string[]; cwd: string; user: object };
    root: object;
    mounts: { destination: string; type: string; options: string[] }[];
    linux: object;
  };
  assert.deepEqual(spec.process.args, ['/module.wasm', 'a', 'b c']);
  assert.equal(spec.process.cwd, '/w');
  assert.deepEqual(spec.process.user, { uid: 7, gid: 8 });
  assert.deepEqual(spec.root, { path: 'rootfs', readonly: true });
  assert.deepEqual(spec.linux, { resources: { memory: { limit: 64 << 20, swap: 128 << 20 } } });
  assert.deepEqual(
    spec.mounts.map(({ destination, type, options }) => [destination, type, options.includes('ro')]),
    [
      ['/t', 'tmpfs', true],
      ['/m', 'bind', true],
      ['/etc/hostname', 'bind', false],
      ['/etc/hosts', 'bind', false],
      ['/etc/resolv.conf', 'bind', false],
    ],
  );
});

test('update changes limits and the policy, and leaves the rest', async () => {
  const id = await daemon.create('uu', { Image: 'hello', HostConfig: { CpuShares: 5, AutoRemove: true } });
  const refused = await daemon.send('POST', '/containers/uu/update', { RestartPolicy: { Name: 'always' } });
  assert.deepEqual(
    [refused.status, refused.message],
    [
      409,
      `Cannot update container ${id}: Restart policy cannot be updated because AutoRemove is enabled for the container`,
    ],
  );
  const { status, json } = await daemon.send('POST', '/containers/uu/update', { Memory: 64 << 20, CpuShares: 0 });
  assert.deepEqual([status, json], [200, { Warnings: [] }]);
  const { HostConfig } = (await daemon.send('GET', '/containers/uu/json')).json as {
    HostConfig: Record<string, unknown>;
  };
  assert.deepEqual([HostConfig['Memory'], HostConfig['CpuShares']], [64 << 20, 5]);
});

test('top has a row for the guest, with its arguments', async () => {
  const id = await daemon.create('cc', { Image: 'clock', Cmd: ['x'] });
  assert.equal((await daemon.send('GET', '/containers/cc/top')).message, `container ${id} is not running`);
  await daemon.send('POST', '/containers/cc/start');
  const { Titles, Processes } = (await daemon.send('GET', '/containers/cc/top')).json as Record<string, string[]>;
  assert.deepEqual(Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  assert.equal(Processes!.length, 1);
  assert.equal(Processes![0]!.at(-1), '/module.wasm x');
  const few = await daemon.send('GET', '/containers/cc/top?ps_args=-o+pid,comm');
  assert.deepEqual((few.json as Record<string, unknown>)['Titles'], ['PID', 'COMMAND']);
});

test('rm -f and prune take containers away; one removal at a time', async () => {
  await daemon.create('aa', { Image: 'clock', Volumes: { '/v': {} } });
  await daemon.create('bb', { Image: 'clock', Labels: { keep: '1' } });
  await daemon.create('cc', { Image: 'clock' });
  await daemon.send('POST', '/containers/aa/start');
  const [one, two] = await Promise.all([
    daemon.send('DELETE', '/containers/aa?force=1&v=1'),
    daemon.send('DELETE', '/containers/aa?force=1&v=1'),
  ]);
  assert.deepEqual(
    [one.status, two.status].sort((a, b) => a - b),
    [204, 409],
  );
  assert.deepEqual((await daemon.send('GET', '/volumes')).json, { Volumes: [], Warnings: null });
  const filters = encodeURIComponent('{"label!":["keep"]}');
  const pruned = (await daemon.send('POST', `/containers/prune?filters=${filters}`)).json as Record<string, unknown>;
  assert.equal((pruned['ContainersDeleted'] as unknown[]).length, 1);
  const left = (await daemon.send('GET', '/containers/json?all=1')).json as { Names: string[] }[];
  assert.deepEqual(
    left.map(({ Names }) => Names[0]),
    ['/bb'],
  );
});

test('a container that a dying daemon left half made is gone with its volume', async () => {
  const id = await daemon.create('half', { Image: 'hello', User: '7', Volumes: { '/v': {} } });
  const container = daemon.engine.containers.find(id);
  assert.equal(container.record.unfinished, false);
  container.change({ unfinished: true });
  await container.save();
  await daemon.close();
  await daemon.open();
  assert.equal((await daemon.send('GET', `/containers/${id}/json`)).status, 404);
  assert.deepEqual((await daemon.send('GET', '/volumes')).json, { Volumes: [], Warnings: null });
});
