/** Linux containers by containerd's own shim, with runc and crun, as `ctr` drives them through our daemon. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { temporaryFolder } from './folder.ts';
import { imageArchive } from './image.ts';
import { isAlive, processesNaming, sleep, waitUntil } from './processes.ts';

const namespace = `e2e-runtimes-${process.pid}`;
const busybox = 'docker.io/library/busybox:latest';
const client = '/usr/bin/ctr';
const wait_ms_max = 30_000;
const needed = [client, '/usr/bin/containerd-shim-runc-v2', '/usr/sbin/runc', '/usr/bin/crun', '/bin/busybox'];
const missing = needed.filter((path) => !existsSync(path) && !existsSync(path.replace(/^\/s?bin/, '/usr/bin')));
const why =
  process.getuid?.() !== 0
    ? 'only root can mount a root filesystem for runc'
    : missing.length > 0 && `${missing.join(', ')} is not there`;

/** crun, as it runs where both versions of control groups are mounted: it sees the first alone. */
const hybrid = '/sys/fs/cgroup/unified';
const tools = temporaryFolder('rt-');
const crun = join(tools, 'crun');
writeFileSync(
  crun,
  existsSync(hybrid)
    ? `#!/bin/sh\nexec unshare -m sh -c 'umount -l ${hybrid} && exec crun "$@"' crun "$@"\n`
    : '#!/bin/sh\nexec crun "$@"\n',
  { mode: 0o755 },
);
after(() => rmSync(tools, { recursive: true }));

describe('a shim that is not ours', { skip: why }, () => {
  let daemon: Daemon;

  before(async () => {
    daemon = await startDaemon();
    const applets = ['sh', 'sleep', 'cat', 'echo', 'true', 'id'];
    const archive = join(daemon.folder, 'busybox.tar');
    writeFileSync(
      archive,
      await imageArchive({
        tag: 'busybox:latest',
        os: 'linux',
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        cmd: ['sh'],
        env: ['PATH=/bin'],
        files: [
          { path: 'bin/busybox', bytes: readFileSync('/usr/bin/busybox'), mode: 0o755 },
          ...applets.map((name) => ({ path: `bin/${name}`, symlink: 'busybox' })),
        ],
      }),
    );
    ok('images', 'import', archive);
  });
  after(async () => {
    await daemon.stop();
    // runc makes the group above a container's and leaves it, as under containerd.
    for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
      const group = join('/sys/fs/cgroup', hierarchy, namespace);
      if (existsSync(group)) rmdirSync(group);
    }
  });

  /** What `ctr` printed and ended with. */
  function ctr(...args: string[]): { code: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(
      client,
      ['-a', join(daemon.state, 'containerd.sock'), '-n', namespace, ...args],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: wait_ms_max },
    );
    return { code: status, out: stdout, err: stderr };
  }

  function ok(...args: string[]): string {
    const { code, out, err } = ctr(...args);
    assert.equal(code, 0, `ctr ${args.join(' ')}: ${out}${err}\n${daemon.said.slice(-4000)}`);
    return out;
  }

  const status = (id: string): string | undefined =>
    ok('tasks', 'ls')
      .split('\n')
      .map((line) => line.split(/\s+/))
      .find(([name]) => name === id)?.[2];

  const bundle = (id: string): string => join(daemon.state, 'bundles', `@${namespace}`, id);

  const shimOf = (id: string): number => {
    const [pid] = shimsNaming(id);
    assert.ok(pid !== undefined, `${id} has a shim`);
    return pid;
  };

  /** Arguments stand apart by zero bytes. */
  const shimsNaming = (id: string): number[] =>
    processesNaming(['-id', id, '-address', join(daemon.state, 'containerd.sock')].join('\0'));

  /** The socket of its shim, which is to go with it. */
  const socketOf = (id: string): string => {
    const { address } = JSON.parse(readFileSync(join(bundle(id), 'bootstrap.json'), 'utf8')) as { address: string };
    return address.slice('unix://'.length);
  };

  /** Waits until nothing of a container is left: processes, mounts, its bundle, control groups. */
  async function nothingLeft(id: string, socket?: string): Promise<void> {
    await waitUntil(`the shim of ${id} is gone`, wait_ms_max, () => shimsNaming(id).length === 0);
    const work = join(daemon.root, 'tasks', `@${namespace}`, id);
    const folders = [bundle(id), work];
    await waitUntil(`the folders of ${id} are gone`, wait_ms_max, () => !folders.some((path) => existsSync(path)));
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(bundle(id)), 'nothing is mounted');
    for (const hierarchy of readdirSync('/sys/fs/cgroup'))
      assert.ok(!existsSync(join('/sys/fs/cgroup', hierarchy, namespace, id)), `${hierarchy} has no group of it`);
    if (socket !== undefined) assert.ok(!existsSync(socket), 'its socket is gone');
  }

  for (const [runtime, flags] of [
    ['runc', []],
    ['crun', ['--runc-binary', crun]],
  ] as const) {
    test(`${runtime}: output, exit code, and nothing left`, async () => {
      const id = `${runtime}-run`;
      const script = 'echo out; echo err >&2; id -u; exit 7';
      const { code, out, err } = ctr('run', '--rm', ...flags, busybox, id, 'sh', '-c', script);
      assert.deepEqual({ code, out, err }, { code: 7, out: 'out\n0\n', err: 'err\n' }, daemon.said.slice(-2000));
      await nothingLeft(id);
    });

    test(`${runtime}: a container that runs is looked into, paused, ended and deleted`, async () => {
      const id = `${runtime}-life`;
      ok('run', '-d', ...flags, busybox, id, 'sleep', '1000');
      const socket = socketOf(id);
      assert.equal(status(id), 'RUNNING');
      const exec = ctr('tasks', 'exec', '--exec-id', 'e1', id, 'sh', '-c', 'echo inside; exit 6');
      assert.deepEqual(exec, { code: 6, out: 'inside\n', err: '' });
      ok('tasks', 'pause', id);
      assert.equal(status(id), 'PAUSED');
      ok('tasks', 'resume', id);
      assert.match(ok('tasks', 'metrics', id), /^pids\.current +1/m);
      assert.match(ok('tasks', 'ps', id), /^\d+ /m);
      const refused = ctr('tasks', 'rm', id);
      assert.match(refused.err, /task must be stopped before deletion: running: failed precondition/);
      ok('tasks', 'kill', '-s', 'KILL', id);
      await waitUntil('it is stopped', wait_ms_max, () => status(id) === 'STOPPED');
      ctr('tasks', 'rm', id);
      await nothingLeft(id, socket);
      ok('tasks', 'start', '-d', id);
      assert.equal(status(id), 'RUNNING');
      ctr('tasks', 'rm', '-f', id);
      ok('containers', 'rm', id);
      await nothingLeft(id, socket);
    });

    test(`${runtime}: a shim that is killed takes its container along, and is cleared up after`, async () => {
      const id = `${runtime}-shim`;
      ok('run', '-d', ...flags, busybox, id, 'sleep', '1001');
      const shim = shimOf(id);
      const socket = socketOf(id);
      const [guest] = ok('tasks', 'ps', id).match(/^\d+/m)!;
      process.kill(shim, 'SIGKILL');
      await waitUntil('the task is gone', wait_ms_max, () => status(id) === undefined);
      await nothingLeft(id, socket);
      assert.equal(isAlive(Number(guest)), false);
      // The container is still there, and may have another task.
      ok('tasks', 'start', '-d', id);
      ctr('tasks', 'rm', '-f', id);
      ok('containers', 'rm', id);
      await nothingLeft(id);
    });

    test(`${runtime}: a daemon that is killed finds what runs, what ended and what died meanwhile`, async () => {
      const ids = ['runs', 'ends', 'dies'].map((name) => `${runtime}-${name}`) as [string, string, string];
      const [runs, ends, dies] = ids;
      ok('run', '-d', ...flags, busybox, runs, 'sleep', '1002');
      ok('run', '-d', ...flags, busybox, ends, 'sh', '-c', 'sleep 1; exit 9');
      ok('run', '-d', ...flags, busybox, dies, 'sleep', '1003');
      const shim = shimOf(dies);
      const sockets = ids.map(socketOf);
      await daemon.kill();
      process.kill(shim, 'SIGKILL');
      await sleep(1500);
      await daemon.start();
      assert.equal(status(runs), 'RUNNING');
      assert.equal(status(ends), 'STOPPED');
      assert.equal(status(dies), undefined);
      assert.match(ctr('tasks', 'rm', ends).err, /exit code 9/);
      assert.equal(ctr('tasks', 'exec', '--exec-id', 'e1', runs, 'sh', '-c', 'exit 4').code, 4);
      ctr('tasks', 'rm', '-f', runs);
      for (const id of ids) ok('containers', 'rm', id);
      for (const [i, id] of ids.entries()) await nothingLeft(id, sockets[i]);
    });
  }

  test('events come in containerd’s order, each once', async () => {
    const events: string[] = [];
    const listening = spawn(client, ['-a', join(daemon.state, 'containerd.sock'), '-n', namespace, 'events']);
    listening.stdout.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) {
        const [, topic] = / (\/tasks\/\S+) /.exec(line) ?? [];
        if (topic !== undefined) events.push(topic);
      }
    });
    try {
      await sleep(500);
      assert.equal(ctr('run', '--rm', busybox, 'events', 'true').code, 0);
      await waitUntil('the last has come', wait_ms_max, () => events.includes('/tasks/delete'));
    } finally {
      listening.kill();
    }
    assert.deepEqual(events, ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete']);
  });

  test('a WebAssembly program runs by our shim, though ctr asks for runc', async () => {
    const archive = join(daemon.folder, 'hello.tar');
    const bytes = readFileSync(join(checkout, 'examples/hello/hello.wasm'));
    // One says what it is, the other claims to be for Linux.
    for (const [name, os, architecture] of [
      ['hello', 'wasi', 'wasm'],
      ['hello-linux', 'linux', process.arch === 'x64' ? 'amd64' : process.arch],
    ] as const) {
      const files = [{ path: 'hello.wasm', bytes }];
      const image = { tag: `${name}:latest`, os, architecture, entrypoint: ['/hello.wasm'], files };
      writeFileSync(archive, await imageArchive(image));
      ok('images', 'import', '--all-platforms', archive);
      const ran = ctr('run', '--rm', `docker.io/library/${name}:latest`, name);
      assert.deepEqual(ran, { code: 0, out: 'Hello from WebAssembly!\n', err: '' });
    }
  });

  test('a shim of an early generation publishes its events by a program', async () => {
    const listening = spawn(client, ['-a', join(daemon.state, 'containerd.sock'), '-n', namespace, 'events']);
    let heard = '';
    listening.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text));
    try {
      await sleep(500);
      const type = 'containerd.events.TaskPaused';
      const event = Buffer.concat([
        Buffer.of(0x0a, type.length),
        Buffer.from(type),
        Buffer.from('\x12\x06\x0a\x04some'),
      ]);
      const published = spawnSync(
        process.execPath,
        ['--experimental-ffi', '--no-warnings', join(checkout, 'dist/daemon.js'), '--publish', '--address']
          .concat(join(daemon.state, 'containerd.sock'))
          .concat('publish', '--topic', '/tasks/paused', '--namespace', namespace),
        { input: event, encoding: 'utf8' },
      );
      assert.equal(published.status, 0, published.stderr);
      await waitUntil('it is heard', wait_ms_max, () => heard.includes('/tasks/paused {"container_id":"some"}'));
    } finally {
      listening.kill();
    }
  });
});
