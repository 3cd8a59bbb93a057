/** What a container may use: memory, processor, processes; and what becomes of it when its shim dies. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { guest_process_bytes, module_bytes_max } from '../src/limits/index.ts';
import { findHierarchies } from '../src/os/index.ts';
import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { temporaryFolder } from './folder.ts';
import { imageArchive } from './image.ts';
import { memory_mb, sleep, waitUntil } from './processes.ts';

/** Where this user may make control groups; root everywhere, others only where a part was handed over to them. */
const groups = findHierarchies();

const guests = ['flood', 'grow', 'hog', 'hold', 'recurse', 'spin', 'wait'];

let daemon: Daemon;

async function load(name: string, bytes: Uint8Array): Promise<void> {
  const files = [{ path: `${name}.wasm`, bytes, mode: 0o755 }];
  await daemon.ok(['load'], { input: await imageArchive({ tag: name, entrypoint: [`/${name}.wasm`], files }) });
}

/** Keeps garbage-collected arrays of 800 KB in a list without end. By hand: assemblers do not write such types yet. */
function heap(): Uint8Array {
  const section = (id: number, bytes: readonly number[]): number[] => [id, bytes.length, ...bytes];
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const array = [0x5e, 0x7e, 1];
  const node = [0x5f, 2, 0x63, 1, 0, 0x63, 0, 0];
  const start = [0x60, 0, 0];
  // local 0 := node(local 0, an array of 100000 numbers), again and again
  const made = [0x20, 0, 0x41, 0xa0, 0x8d, 0x06, 0xfb, 7, 0, 0xfb, 0, 1, 0x21, 0];
  const body = [1, 1, 0x63, 1, 0x03, 0x40, ...made, 0x0c, 0, 0x0b, 0x0b];
  return Uint8Array.from([
    ...magic,
    ...section(1, [3, ...array, ...node, ...start]),
    ...section(3, [1, 2]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('_start'), 0, 0]),
    ...section(10, [1, body.length, ...body]),
  ]);
}

async function inspect(name: string, format: string): Promise<string> {
  return (await daemon.ok(['inspect', '--format', format, name])).trim();
}

const pidOf = async (name: string): Promise<number> => Number(await inspect(name, '{{.State.Pid}}'));

/** The groups of a container, however deep. */
function groupsOf(id: string): readonly string[] {
  const bases = new Set(Object.values(groups).map(({ base }) => base));
  return [...bases].flatMap((base) => globSync(join(base, 'wherry/*', id)));
}

/** Processor time of a process, in clock ticks of 10 ms. */
function ticks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user, system] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return Number(user) + Number(system);
}

/** The part of a processor that a process had for a while. */
async function share(pid: number): Promise<number> {
  const had = ticks(pid);
  const from = performance.now();
  await sleep(2000);
  return ((ticks(pid) - had) * 10) / (performance.now() - from);
}

for (const way of ['fork', 'spawn'] as const)
  describe(`guests started by ${way}`, () => {
    before(async () => {
      daemon = await startDaemon({ way });
      for (const name of guests) await load(name, readFileSync(join(checkout, `e2e/guests/${name}.wasm`)));
      await load('heap', heap());
    });

    after(async () => {
      await daemon?.stop();
    });

    test('a guest may use what -m says, and no page more', async () => {
      assert.equal(await daemon.ok(['run', '--rm', '-m', '64m', 'grow']), '1024\n');
      assert.equal(await daemon.ok(['run', '--rm', '-m', '8m', 'grow']), '128\n');
    });

    test('one that takes its process beyond its limit ends with 137 and OOMKilled, and its neighbours notice nothing', async () => {
      await daemon.ok(['run', '-d', '--name', 'neighbour', '-m', '64m', 'wait']);
      const since = new Date().toISOString();
      const ended = await daemon.docker(['run', '--name', 'heap', '-m', '64m', 'heap']);
      assert.equal(ended.code, 137);
      assert.equal(
        await inspect('heap', '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}'),
        'exited 137 true',
      );
      const events = ['events', '--since', since, '--until', new Date(Date.now() + 1000).toISOString()];
      assert.deepEqual(
        (await daemon.ok([...events, '--filter', 'container=heap', '--format', '{{.Action}}'])).trim().split('\n'),
        ['create', 'attach', 'start', 'oom', 'die'],
      );
      assert.equal(await inspect('neighbour', '{{.State.Status}} {{.State.OOMKilled}}'), 'running false');
      assert.equal(await daemon.ok(['run', '--rm', '-m', '64m', 'grow']), '1024\n');
      // Started again without much to do it would end otherwise: what was counted before does not stay with it.
      await daemon.docker(['start', '-a', 'heap']);
      assert.equal(await inspect('heap', '{{.State.ExitCode}} {{.State.OOMKilled}}'), '137 true');
      await daemon.ok(['rm', '-f', 'heap', 'neighbour']);
    });

    test('several memories of one guest are one limit', async () => {
      const { code, stdout } = await daemon.docker(['run', '--name', 'hog', '-m', '64m', 'hog']);
      const oom = await inspect('hog', '{{.State.OOMKilled}}');
      // Where there are no control groups the guest is refused more instead.
      if (groups.memory !== undefined) assert.deepEqual([code, stdout.toString(), oom], [137, 'filling\n', 'true']);
      else assert.deepEqual([code, stdout.toString(), oom], [0, 'filling\nfull\n', 'false']);
      await daemon.ok(['rm', 'hog']);
    });

    test('limits that hold are told of in info, and those that do not when a container is made', async () => {
      const info = JSON.parse(await daemon.ok(['info', '--format', '{{json .}}'])) as Record<string, unknown>;
      assert.equal(info['MemoryLimit'], true);
      assert.equal(info['CpuCfsQuota'], true);
      assert.equal(info['CPUShares'], groups.cpu !== undefined);
      assert.equal(info['PidsLimit'], groups.pids !== undefined);
      assert.equal(info['CgroupDriver'], Object.keys(groups).length > 0 ? 'cgroupfs' : 'none');
      const made = await daemon.docker([
        'create',
        '--name',
        'told',
        '--cpus',
        '1',
        '--cpu-shares',
        '9',
        '--pids-limit',
        '9',
        '-m',
        '9m',
        'wait',
      ]);
      assert.equal(made.code, 0);
      assert.equal(/does not support CPU shares/.test(made.stderr), groups.cpu === undefined);
      assert.equal(/does not support PIDs limit/.test(made.stderr), groups.pids === undefined);
      assert.doesNotMatch(made.stderr, /memory/i);
      await daemon.ok(['rm', 'told']);
    });

    test('--cpus holds a guest that only computes to its part, and update changes it as it runs', async (t) => {
      await daemon.ok(['run', '-d', '--name', 'spin', '--cpus', '0.2', 'spin']);
      const id = await inspect('spin', '{{.Id}}');
      const pid = await pidOf('spin');
      const least = await share(pid);
      t.diagnostic(`--cpus 0.2: ${least.toFixed(2)} of a processor`);
      const updated = await daemon.docker(['update', '--cpus', '0.6', 'spin']);
      assert.equal(updated.code, 0, updated.stderr);
      const more = await share(pid);
      t.diagnostic(`--cpus 0.6: ${more.toFixed(2)} of a processor`);
      assert.equal(await pidOf('spin'), pid);
      assert.equal(await inspect('spin', '{{.HostConfig.NanoCpus}}'), '600000000');
      assert.ok(least > 0.05 && least < 0.5, `${least} of a processor`);
      assert.ok(more > 0.05 && more < 0.9, `${more} of a processor`);
      await daemon.ok(['kill', '-s', 'STOP', 'spin']);
      const stopped = await share(pid);
      assert.ok(stopped < 0.02, `${stopped} of a processor while stopped`);
      await daemon.ok(['kill', '-s', 'CONT', 'spin']);
      const again = await share(pid);
      assert.ok(again > 0.05 && again < 0.9, `${again} of a processor afterwards`);
      await daemon.ok(['rm', '-f', 'spin']);
      await waitUntil('the groups have gone', 5000, () => groupsOf(id).length === 0);
    });

    test('update gives limits to a container that had none, and the next start has them', async () => {
      await daemon.ok(['run', '-d', '--name', 'later', 'wait']);
      const id = await inspect('later', '{{.Id}}');
      assert.deepEqual(groupsOf(id), []);
      await daemon.ok([
        'update',
        '-m',
        '64m',
        '--memory-swap',
        '64m',
        '--pids-limit',
        '5',
        '--cpu-shares',
        '512',
        'later',
      ]);
      const files = ['cpu.shares', 'cpu.weight', 'memory.limit_in_bytes', 'memory.max', 'pids.max'];
      const limits = (): readonly string[] =>
        groupsOf(id)
          .flatMap((group) => files.map((file) => join(group, file)))
          .filter((path) => existsSync(path))
          .map((path) => `${basename(path)} ${readFileSync(path, 'utf8').trim()}`)
          .toSorted();
      const running = limits();
      await daemon.ok(['restart', '-t', '0', 'later']);
      assert.deepEqual(limits(), running);
      if (groups.memory?.version === 1 && groups.pids?.version === 1 && groups.cpu?.version === 1)
        assert.deepEqual(running, [
          'cpu.shares 512',
          `memory.limit_in_bytes ${64 * 1024 * 1024 + guest_process_bytes}`,
          'pids.max 5',
        ]);
      await daemon.ok(['rm', '-f', 'later']);
    });

    test('a limit below what a container has in memory is refused, and it runs on as it did', async () => {
      await daemon.ok(['run', '-d', '--name', 'hold', '-m', '200m', 'hold']);
      await waitUntil('its memory is full', 20_000, async () => (await daemon.ok(['logs', 'hold'])) === 'full\n');
      const { code, stderr } = await daemon.docker(['update', '-m', '20m', '--memory-swap', '40m', 'hold']);
      if (groups.memory !== undefined) {
        assert.equal(code, 1);
        assert.match(stderr, /Cannot update container [0-9a-f]{64}: Cannot change the limits: EBUSY/);
        assert.equal(await inspect('hold', '{{.HostConfig.Memory}}'), String(200 * 1024 * 1024));
      }
      assert.equal(await inspect('hold', '{{.State.Running}} {{.State.OOMKilled}}'), 'true false');
      await daemon.ok(['update', '-m', '300m', '--memory-swap', '600m', 'hold']);
      assert.equal(await inspect('hold', '{{.HostConfig.Memory}}'), String(300 * 1024 * 1024));
      await daemon.ok(['rm', '-f', 'hold']);
    });

    test('containers of a shim that is killed end with 137, their policies bring them back, and no group is left', async (t) => {
      const limits = ['-m', '64m', '--cpus', '0.5', '--pids-limit', '20'];
      const policies = ['always', 'unless-stopped', 'on-failure', 'no'];
      for (const policy of policies)
        await daemon.ok(['run', '-d', '--name', policy, '--restart', policy, ...limits, 'wait']);
      const once = await daemon.docker(['run', '-d', '--rm', '--name', 'once', ...limits, 'wait']);
      const ids = await Promise.all(policies.map((name) => inspect(name, '{{.Id}}')));
      const pids = await Promise.all(policies.map(pidOf));
      const since = new Date().toISOString();
      const from = performance.now();
      for (const { pid } of daemon.shims()) process.kill(pid, 'SIGKILL');
      for (const [at, name] of policies.slice(0, 3).entries()) {
        await waitUntil(`${name} runs again`, 20_000, async () => {
          const [running, pid] = (await inspect(name, '{{.State.Running}} {{.State.Pid}}')).split(' ');
          return running === 'true' && Number(pid) > 0 && Number(pid) !== pids[at];
        });
        t.diagnostic(`${name}: back after ${Math.round(performance.now() - from)} ms`);
        assert.equal(await inspect(name, '{{.RestartCount}}'), '1');
      }
      assert.equal(
        await inspect('no', '{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}'),
        'exited 137 false',
      );
      const died = [
        'events',
        '--since',
        since,
        '--until',
        new Date(Date.now() + 1000).toISOString(),
        '--filter',
        'event=die',
      ];
      const told = await daemon.ok([...died, '--format', '{{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}']);
      assert.deepEqual(
        told.trim().split('\n').toSorted(),
        [...policies, 'once'].map((name) => `${name} 137`).toSorted(),
      );
      const gone = await daemon.docker(['inspect', once.stdout.toString().trim()]);
      assert.notEqual(gone.code, 0);
      await daemon.ok(['rm', '-f', ...policies]);
      await waitUntil('the groups have gone', 20_000, () =>
        [...ids, once.stdout.toString().trim()].every((id) => groupsOf(id).length === 0),
      );
    });

    test('calls that go ever deeper trap with a message', async () => {
      const { code, stderr } = await daemon.docker(['run', '--rm', 'recurse']);
      assert.equal(code, 134);
      assert.match(stderr, /^wherry: wasm trap: Maximum call stack size exceeded\n {4}at /);
    });

    test('a program larger than a module may be is not even read', async () => {
      const folder = temporaryFolder('huge-');
      try {
        writeFileSync(join(folder, 'huge.wasm'), '\0asm');
        truncateSync(join(folder, 'huge.wasm'), module_bytes_max + 1);
        const { code, stderr } = await daemon.docker([
          'run',
          '--rm',
          '-v',
          `${folder}:/m:ro`,
          '--entrypoint',
          '/m/huge.wasm',
          'wait',
        ]);
        assert.equal(code, 125);
        assert.match(
          stderr,
          new RegExp(`the module has ${module_bytes_max + 1} bytes, ${module_bytes_max} are allowed`),
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

    test('a flood of output takes the disk its log may have, no memory, and nobody else’s turn', async (t) => {
      const logs = ['--log-opt', 'max-size=1m', '--log-opt', 'max-file=2'];
      await daemon.ok(['run', '-d', '--name', 'flood', '-m', '64m', ...logs, 'flood']);
      const { length: shims } = daemon.shims();
      await sleep(3000);
      const used = Math.max(...daemon.shims().map(({ pid }) => memory_mb(pid)));
      const path = await inspect('flood', '{{.LogPath}}');
      const bytes = globSync(`${path}*`).map((each) => statSync(each).size);
      t.diagnostic(`the shim has ${used.toFixed(0)} MB, the log ${bytes.join(' + ')} bytes`);
      assert.ok(bytes.length <= 2 && bytes.every((size) => size <= 1_000_000 + 64 * 1024), String(bytes));
      assert.ok(used < 200, `${used} MB`);
      assert.equal(daemon.shims().length, shims);
      assert.equal(await daemon.ok(['run', '--rm', '-m', '8m', 'grow']), '128\n');
      await daemon.ok(['stop', '-t', '1', 'flood']);
      assert.equal(await inspect('flood', '{{.State.Status}} {{.State.OOMKilled}}'), 'exited false');
      await daemon.ok(['rm', 'flood']);
    });

    test('when the daemon and its shims are killed at once, the next daemon clears up what they left', async () => {
      await daemon.ok(['run', '-d', '--name', 'left', '-m', '64m', '--pids-limit', '9', 'wait']);
      const id = await inspect('left', '{{.Id}}');
      if (groups.memory !== undefined) assert.ok(groupsOf(id).length > 0);
      const shims = daemon.shims();
      await daemon.kill();
      for (const { pid } of shims) process.kill(pid, 'SIGKILL');
      await daemon.start();
      await waitUntil('the groups have gone', 30_000, () => groupsOf(id).length === 0);
      assert.equal(await inspect('left', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 137');
      await daemon.ok(['rm', 'left']);
    });
  });
