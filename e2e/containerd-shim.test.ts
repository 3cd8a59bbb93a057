/** Our shim under a containerd as it is: what `ctr` sees of it is what it sees of a runtime that it knows. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { bundle } from '../tools/bundle.ts';
import { image, type Ran, RealContainerd, runtime } from './containerd-shim/real-containerd.ts';
import { versions } from './ctr/peer.ts';
import { temporaryFolder } from './folder.ts';
import { endProcess, isAlive } from './processes.ts';

const checkout = join(import.meta.dirname, '..');
const binary = join(checkout, 'dist/containerd-shim-wherry-v1');

before(async () => void (await bundle(checkout)));

describe('the program that containerd starts', () => {
  let folder: string;
  before(() => (folder = temporaryFolder('i-')));
  after(() => rmSync(folder, { recursive: true }));
  const wherry = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [join(checkout, 'dist/cli.js'), ...args], { encoding: 'utf8' });

  test('is put in its place by one command and taken away by another', () => {
    const place = join(folder, 'bin/containerd-shim-wherry-v1');
    const first = wherry('shim', 'install', join(folder, 'bin'));
    assert.equal(first.status, 0, String(first.stderr));
    assert.match(String(first.stdout), /--runtime io\.containerd\.wherry\.v1/);
    assert.equal(readlinkSync(place), binary);
    assert.equal(wherry('shim', 'install', join(folder, 'bin')).status, 0);
    assert.equal(wherry('shim', 'uninstall', join(folder, 'bin')).status, 0);
    assert.equal(existsSync(place), false);
    assert.equal(wherry('shim', 'uninstall', join(folder, 'bin')).status, 1);
  });

  test('touches no file that is not its own', () => {
    const place = join(folder, 'containerd-shim-wherry-v1');
    writeFileSync(place, 'another');
    assert.equal(wherry('shim', 'install', folder).status, 1);
    assert.equal(wherry('shim', 'uninstall', folder).status, 1);
    assert.ok(lstatSync(place).isFile());
    assert.equal(readFileSync(place, 'utf8'), 'another');
  });

  test('says its version', () => {
    const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
    const { stdout } = spawnSync(binary, ['-v'], { encoding: 'utf8' });
    assert.equal(stdout, `containerd-shim-wherry-v1:\n  Version:  ${version}\n`);
  });

  test('needs no C library and no Node', () => {
    assert.ok(!readFileSync(binary).includes('ld-linux'));
    assert.equal(spawnSync(binary, ['-v'], { env: {} }).status, 0);
  });
});

for (const version of versions) {
  describe(`under containerd ${version}`, () => {
    let containerd: RealContainerd | null = null;
    before(async () => (containerd = await RealContainerd.start(version)));
    after(async () => containerd?.stop());

    /** A test that needs a containerd; where there is none it says so. */
    const check = (name: string, act: (real: RealContainerd) => Promise<void>): void =>
      void test(name, async (t) => {
        if (containerd === null) t.diagnostic(`not tried: it takes root and containerd ${version}`);
        else await act(containerd);
      });

    /** The spec that ctr makes for a container, changed. */
    async function specWith(
      real: RealContainerd,
      args: readonly string[],
      change: (spec: Spec) => void,
    ): Promise<string> {
      const { stdout } = await real.ctr(['oci', 'spec']);
      const spec = JSON.parse(stdout) as Spec;
      spec.process.args = args;
      spec.process.terminal = false;
      // ctr takes no image beside a spec.
      spec.root = { path: real.rootfs };
      spec.linux.cgroupsPath = `/${real.namespace}/${Math.random().toString(36).slice(2)}`;
      change(spec);
      const path = join(real.folder, `spec-${Math.random().toString(36).slice(2)}.json`);
      writeFileSync(path, JSON.stringify(spec));
      return path;
    }

    /** The topics of tasks that `ctr events` prints until one is deleted. */
    async function eventsOf(real: RealContainerd, act: () => Promise<Ran>): Promise<{ ran: Ran; topics: unknown[] }> {
      const [ctr, ...words] = real.ctrWords();
      const events = spawn(ctr!, [...words, 'events']);
      let told = '';
      events.stdout.setEncoding('utf8').on('data', (piece: string) => (told += piece));
      await sleep(500);
      const ran = await act();
      for (let i = 0; i < 100 && !told.includes('/tasks/delete'); i++) await sleep(50);
      events.kill('SIGKILL');
      return { ran, topics: [...told.matchAll(/ (\/tasks\/[a-z]+) /g)].map(([, topic]) => topic) };
    }

    const runSpec = (
      real: RealContainerd,
      id: string,
      path: string,
      ...flags: string[]
    ): ReturnType<RealContainerd['ctr']> => real.ctr(['run', '--runtime', runtime, ...flags, '--config', path, id]);

    check('a module runs, and its output and exit code are told', async (real) => {
      assert.deepEqual(await real.runModule('hello', [], ['--rm']), {
        status: 0,
        stdout: 'Hello from WebAssembly!\n',
        stderr: '',
      });
      const { status, stderr } = await real.runModule('probe', ['probe', 'nothing'], ['--rm']);
      assert.equal(status, 2);
      assert.match(stderr, /no such verb/);
    });

    check('a program is found along PATH, by an absolute path and by a relative one', async (real) => {
      for (const [i, path] of ['hello', '/bin/hello.wasm', 'bin/hello.wasm'].entries())
        assert.equal((await real.runModule(`path${i}`, [path], ['--rm'])).stdout, 'Hello from WebAssembly!\n');
      const { status, stderr } = await real.runModule('path-none', ['/bin/none.wasm'], ['--rm']);
      assert.equal(status, 1);
      assert.match(stderr, /exec: "\/bin\/none\.wasm": stat \/bin\/none\.wasm: no such file or directory/);
      const linux = await real.runModule('path-linux', ['/etc/motd'], ['--rm']);
      assert.match(linux.stderr, /exec format error/);
    });

    check('it reads the image and what is mounted into it, and writes beside', async (real) => {
      const shared = join(real.folder, 'shared');
      mkdirSync(shared, { recursive: true });
      writeFileSync(join(shared, 'words.txt'), 'one two three\n');
      const mount = `type=bind,src=${shared},dst=/work,options=rbind:rw`;
      const counted = await real.runModule(
        'files',
        ['wordcount', '/etc/motd', '/work/words.txt'],
        ['--rm', '--mount', mount],
      );
      assert.match(counted.stdout, /3\s+15 \/etc\/motd/);
      assert.match(counted.stdout, /3\s+14 \/work\/words\.txt/);
    });

    check('a task is paused, measured, resumed and killed', async (real) => {
      await real.runModule('task', ['wait'], ['-d']);
      const { pid } = (await real.task('task'))!;
      assert.ok(isAlive(pid));
      const metrics = await real.ctr(['task', 'metrics', 'task']);
      assert.equal(metrics.status, 0, metrics.stderr);
      assert.match(metrics.stdout, /^(?:memory\.usage_in_bytes|memory\.usage)\s+[1-9]\d+/m);
      assert.equal((await real.ctr(['task', 'pause', 'task'])).status, 0);
      assert.equal((await real.task('task'))?.status, 'PAUSED');
      assert.equal((await real.ctr(['task', 'resume', 'task'])).status, 0);
      await real.ctr(['task', 'kill', '-s', 'TERM', 'task']);
      await real.taskIs('task', 'STOPPED');
      const { status, stderr } = await real.ctr(['task', 'rm', 'task']);
      assert.match(stderr, /non-zero exit code 143/);
      assert.equal(status, 0);
      await real.remove('task');
    });

    check('a terminal is one', async (real) => {
      const { stdout } = spawnSync(
        'script',
        [
          '-qec',
          `${real.ctrWords().join(' ')} run --rm -t --runtime ${runtime} ${image} tty wordcount /etc/motd`,
          '/dev/null',
        ],
        { encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' },
      );
      assert.match(stdout, /\/etc\/motd\r+\n/);
    });

    check('another module of the image runs beside the first', async (real) => {
      await real.runModule('beside', ['wait'], ['-d']);
      const { status, stdout } = await real.ctr(['task', 'exec', '--exec-id', 'one', 'beside', 'hello']);
      assert.deepEqual([status, stdout], [0, 'Hello from WebAssembly!\n']);
      const script = 'cat /etc/motd; exit 3';
      const shell = await real.ctr(['task', 'exec', '--exec-id', 'two', 'beside', 'sh', '-c', script]);
      assert.deepEqual([shell.status, shell.stdout], [3, 'from the image\n'], shell.stderr);
      await real.remove('beside');
    });

    check('events come in order', async (real) => {
      const { topics } = await eventsOf(real, () => real.runModule('events', ['hello'], ['--rm']));
      assert.deepEqual(topics, ['/tasks/create', '/tasks/start', '/tasks/exit', '/tasks/delete']);
    });

    check('one that wants more memory than it may have ends with 137, and that is told', async (real) => {
      const { ran, topics } = await eventsOf(real, () =>
        real.runModule('greedy', ['hog'], ['--rm', '--null-io', '--memory-limit', '67108864']),
      );
      assert.equal(ran.status, 137);
      assert.deepEqual(topics, ['/tasks/create', '/tasks/start', '/tasks/oom', '/tasks/exit', '/tasks/delete']);
    });

    check('what listens does so in the network namespace of its container', async (real) => {
      const port = { container_port: 8080, host_ip: '', host_port_first: 8080, host_port_last: 8080 };
      const spec = await specWith(real, ['/bin/web.wasm'], (each) => {
        each.annotations = { 'dev.wherry.ports': JSON.stringify([port]) };
      });
      assert.equal((await runSpec(real, 'web', spec, '-d')).status, 0);
      const network = `--net=/proc/${(await real.task('web'))!.pid}/ns/net`;
      const get = ['busybox', 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/guestbook'];
      const { status, stderr } = spawnSync('nsenter', [network, ...get], { encoding: 'utf8', timeout: 20_000 });
      assert.equal(status, 0, stderr);
      await real.remove('web');
    });

    check('limits hold in the group that the spec names', async (real) => {
      await real.runModule('limited', ['wait'], ['-d', '--memory-limit', '67108864']);
      const { stdout } = await real.ctr(['task', 'metrics', 'limited']);
      assert.match(stdout, /limit\S*\s+\d{8,9}\s/);
      await real.remove('limited');
      assert.deepEqual(await real.cleared(), []);
    });

    check(
      'what holds a pod runs nothing and goes when it is killed; its pid has the namespaces of the pod',
      async (real) => {
        const pod = { 'io.kubernetes.cri.container-type': 'sandbox', 'io.kubernetes.cri.sandbox-id': `pod-${version}` };
        const spec = await specWith(real, ['/pause'], (each) => (each.annotations = pod));
        assert.equal((await runSpec(real, 'pod', spec, '-d')).status, 0);
        const { pid, status } = (await real.task('pod'))!;
        assert.equal(status, 'RUNNING');
        const own = readlinkSync('/proc/self/ns/net');
        const its = readlinkSync(`/proc/${pid}/ns/net`);
        assert.notEqual(its, own);
        const shims = real.shims().length;
        const member = await specWith(real, ['/bin/wait.wasm'], (each) => {
          each.annotations = { ...pod, 'io.kubernetes.cri.container-type': 'container' };
          each.linux.namespaces = [{ type: 'network', path: `/proc/${pid}/ns/net` }];
        });
        assert.equal((await real.ctr(['run', '-d', '--runtime', runtime, '--config', member, 'member'])).status, 0);
        assert.equal(readlinkSync(`/proc/${(await real.task('member'))!.pid}/ns/net`), its);
        assert.equal(real.shims().length, shims, 'one shim for the pod');
        await real.remove('member');
        assert.equal((await real.ctr(['task', 'metrics', 'pod'])).status, 0);
        await real.ctr(['task', 'kill', '-s', 'TERM', 'pod']);
        await real.taskIs('pod', 'STOPPED');
        await real.remove('pod');
        for (let i = 0; i < 100 && real.shims().length === shims; i++) await sleep(50);
        assert.equal(real.shims().length, shims - 1, 'the shim of a pod leaves with it');
      },
    );

    check('hooks run in order, are told of the container, and stop it when they fail', async (real) => {
      const said = join(real.folder, 'hooks');
      const hook = (phase: string, code = 0): object => ({
        path: '/bin/sh',
        args: ['sh', '-c', `printf '%s %s\\n' ${phase} "$(cat)" >>${said}; exit ${code}`],
        timeout: 10,
      });
      const spec = await specWith(real, ['/bin/hello.wasm'], (each) => {
        each.hooks = Object.fromEntries(
          ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'].map((phase) => [
            phase,
            [hook(phase)],
          ]),
        );
      });
      assert.equal((await runSpec(real, 'hooked', spec, '--rm')).status, 0);
      const lines = readFileSync(said, 'utf8').trim().split('\n');
      const states = lines.map((line) => JSON.parse(line.slice(line.indexOf(' '))) as { status: string; id: string });
      assert.deepEqual(
        lines.map((line, i) => `${line.split(' ')[0]} ${states[i]!.status} ${states[i]!.id}`),
        [
          'prestart creating hooked',
          'createRuntime creating hooked',
          'createContainer creating hooked',
          'startContainer created hooked',
          'poststart running hooked',
          'poststop stopped hooked',
        ],
      );
      const spaces = join(real.folder, 'spaces');
      const looking = await specWith(real, ['/bin/hello.wasm'], (each) => {
        const look = { path: '/bin/sh', args: ['sh', '-c', `readlink /proc/self/ns/net >>${spaces}`] };
        each.hooks = { createRuntime: [look], createContainer: [look] };
      });
      assert.equal((await runSpec(real, 'looking', looking, '--rm')).status, 0);
      const [outer, inner] = readFileSync(spaces, 'utf8').trim().split('\n');
      assert.equal(outer, readlinkSync('/proc/self/ns/net'));
      assert.notEqual(inner, outer);
      const failing = await specWith(
        real,
        ['/bin/hello.wasm'],
        (each) => (each.hooks = { createRuntime: [hook('no', 3)] }),
      );
      const failed = await runSpec(real, 'unhooked', failing, '--rm');
      assert.equal(failed.status, 1);
      assert.match(failed.stderr, /error running createRuntime hook #0: exit status 3/);
      const slow = await specWith(real, ['/bin/hello.wasm'], (each) => {
        each.hooks = { createRuntime: [{ path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }] };
      });
      assert.match((await runSpec(real, 'slow', slow, '--rm')).stderr, /ran past specified timeout of 1\.0s/);
      assert.deepEqual(await real.cleared(), []);
    });

    check('one that is killed from outside ended with 137', async (real) => {
      await real.runModule('outside', ['wait'], ['-d']);
      endProcess((await real.task('outside'))!.pid);
      await real.taskIs('outside', 'STOPPED');
      assert.match((await real.ctr(['task', 'rm', 'outside'])).stderr, /exit code 137/);
      await real.remove('outside');
    });

    check('a module that is a layer itself runs where containerd takes such an image', async (real) => {
      const { imported, ran } = await real.runBareModule('bare');
      if (real.version === '1.6') assert.match(imported.stderr, /no processor for media-type|mismatched image rootfs/);
      else assert.deepEqual([ran.status, ran.stdout], [0, 'Hello from WebAssembly!\n'], ran.stderr);
      assert.deepEqual(await real.cleared(), []);
    });

    check('containerd is killed: what runs goes on, and what ended meanwhile is known', async (real) => {
      await real.runModule('stays', ['wait'], ['-d']);
      await real.runModule('ends', ['wait'], ['-d']);
      const { pid } = (await real.task('ends'))!;
      const stays = (await real.task('stays'))!.pid;
      await real.kill();
      endProcess(pid);
      await sleep(300);
      await real.run();
      assert.deepEqual(await real.task('stays'), { status: 'RUNNING', pid: stays });
      assert.ok(isAlive(stays));
      assert.equal((await real.task('ends'))?.status, 'STOPPED');
      assert.match((await real.ctr(['task', 'rm', 'ends'])).stderr, /exit code 137/);
      await real.remove('ends');
      await real.remove('stays');
      assert.deepEqual(await real.cleared(), []);
    });

    check('the shim is killed: its containers are gone, and nothing of them is left', async (real) => {
      await real.runModule('orphan', ['wait'], ['-d']);
      const { pid } = (await real.task('orphan'))!;
      for (const shim of real.shims()) endProcess(shim.pid);
      await real.taskIs('orphan', null);
      for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(20);
      assert.equal(isAlive(pid), false);
      await real.ctr(['container', 'rm', 'orphan']);
      assert.deepEqual(await real.cleared(), []);
      assert.equal((await real.runModule('afterwards', [], ['--rm'])).status, 0);
    });

    check('a hundred at once share shims', async (real) => {
      const ids = Array.from({ length: 100 }, (_, i) => `many-${i}`);
      const ran = await Promise.all(ids.map((id) => real.runModule(id, ['hello'], ['--rm', '--null-io'])));
      assert.deepEqual(
        ran.filter(({ status }) => status !== 0),
        [],
      );
      assert.ok(real.shims().length <= 3, `${real.shims().length} shims`);
      assert.deepEqual(await real.cleared(), []);
    });
  });
}

interface Spec {
  root: { path: string };
  process: { args: readonly string[]; terminal: boolean };
  linux: { cgroupsPath: string; namespaces: readonly object[] };
  annotations?: object;
  hooks?: object;
}
