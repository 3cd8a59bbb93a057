/** Linux containers: busybox, run by Debian's shim with runc and with crun, and what of them is as Docker has it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { arch } from 'node:process';
import { after, before, describe, test } from 'node:test';

import { userId } from '../src/os/index.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { Ended } from './docker-cli.ts';
import { imageArchive, type ImageFile } from './image.ts';
import { sleep, waitUntil } from './processes.ts';

const busybox = '/usr/bin/busybox';

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `PATH="$PATH:/usr/sbin" command -v ${program}`]).status === 0;
}

/** Programs that can run Linux containers here. */
const runtimes =
  isInstalled('containerd-shim-runc-v2') && existsSync(busybox) ? ['runc', 'crun'].filter(isInstalled) : [];

const applets =
  'cat dd df echo env false grep head hostname id ip kill ls mount ps pwd rm sh sleep stty sync touch tr true tty umount wc yes';

/** An image of Debian's static busybox with three users' worth of `/etc`. */
async function busyboxArchive(): Promise<Buffer> {
  const files: ImageFile[] = [
    { path: '/bin/busybox', bytes: readFileSync(busybox), mode: 0o755 },
    ...applets.split(' ').map((name): ImageFile => ({ path: `/bin/${name}`, symlink: 'busybox' })),
    { path: '/etc/passwd', bytes: 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n' },
    { path: '/etc/group', bytes: 'root:x:0:\nalice:x:1000:\nextra:x:2000:alice\nwheel:x:10:\n' },
    { path: '/data/seed', bytes: 'seed\n' },
    { path: '/root', dir: true, mode: 0o700 },
    { path: '/tmp', dir: true, mode: 0o1777 },
  ];
  const architecture = { x64: 'amd64' }[arch as string] ?? arch;
  return await imageArchive({ tag: 'busybox', os: 'linux', architecture, cmd: ['sh'], files });
}

let daemon: Daemon;

before(async () => {
  daemon = await startDaemon();
  if (existsSync(busybox)) await daemon.ok(['load'], { input: await busyboxArchive() });
});
after(() => daemon.stop());

/** What is on stderr but for the word about the network that there is not yet. */
function errors({ stderr }: Ended): string {
  return stderr
    .split('\n')
    .filter((line) => !line.startsWith('WARNING: The container has no network but its own loopback'))
    .join('\n');
}

async function inspect(name: string, format: string): Promise<string> {
  return (await daemon.ok(['inspect', '--format', format, name])).trim();
}

for (const runtime of userId() === 0 ? runtimes : []) {
  describe(`busybox by ${runtime}`, () => {
    const run = async (args: readonly string[], input?: string): Promise<Ended> =>
      await daemon.docker(['run', '--rm', '--runtime', runtime, ...args], input === undefined ? {} : { input });

    /** stdout of one that ends with 0. */
    const says = async (args: readonly string[], input?: string): Promise<string> => {
      const ended = await run(args, input);
      assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stdout.toString()}${errors(ended)}`);
      return ended.stdout.toString();
    };
    const shell = async (script: string, ...options: string[]): Promise<string> =>
      await says([...options, 'busybox', 'sh', '-c', script]);

    test('ends as its program does, or with what Docker has for one that does not run', async () => {
      for (const [code, args] of [
        [0, ['busybox', 'true']],
        [1, ['busybox', 'false']],
        [42, ['busybox', 'sh', '-c', 'exit 42']],
        [125, ['--device', '/dev/fuse:/x:q', 'busybox', 'true']],
        [125, ['-u', 'nobody', 'busybox', 'true']],
        [126, ['busybox', '/etc/passwd']],
        [127, ['busybox', 'no-such-program']],
        [137, ['busybox', 'sh', '-c', 'sh -c "kill -9 \\$PPID" & sleep 1; kill -9 $!; exit 137']],
      ] as const) {
        const ended = await run(args);
        assert.equal(ended.code, code, `${args.join(' ')}: ${errors(ended)}`);
      }
    });

    test('stdin, stdout and stderr are the client’s, to the end of each', async () => {
      const ended = await run(['-i', 'busybox', 'sh', '-c', 'cat; echo out; echo err >&2'], 'in\n');
      assert.deepEqual([ended.code, ended.stdout.toString(), errors(ended)], [0, 'in\nout\n', 'err\n']);
      const bytes = 'x'.repeat(3_000_000);
      assert.equal(await says(['-i', 'busybox', 'cat'], bytes), bytes);
      assert.equal((await shell('head -c 5000000 /dev/zero | tr "\\0" x')).length, 5_000_000);
    });

    test('a terminal is one', async () => {
      assert.match(await says(['-t', 'busybox', 'tty']), /^\/dev\/pts\/0\r\n$/);
    });

    test('capabilities, filter and privileges are Docker’s', async () => {
      const status = async (...options: string[]): Promise<string> =>
        (await says([...options, 'busybox', 'grep', '-E', '^(CapEff|CapBnd|NoNewPrivs|Seccomp):', '/proc/self/status']))
          .replaceAll('\t', ' ')
          .trim();
      const docker = 'CapEff: 00000000a80425fb\nCapBnd: 00000000a80425fb';
      assert.equal(await status(), `${docker}\nNoNewPrivs: 0\nSeccomp: 2`);
      assert.equal(
        await status('--security-opt', 'no-new-privileges', '--security-opt', 'seccomp=unconfined'),
        `${docker}\nNoNewPrivs: 1\nSeccomp: 0`,
      );
      assert.match(await status('--cap-drop', 'ALL', '--cap-add', 'chown'), /^CapEff: 0{15}1\nCapBnd: 0{15}1\n/);
      assert.match(await status('-u', 'alice'), /^CapEff: 0{16}\nCapBnd: 00000000a80425fb\n/);
      const own = /^CapBnd:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      assert.equal(await status('--privileged'), `CapEff: ${own}\nCapBnd: ${own}\nNoNewPrivs: 0\nSeccomp: 0`);
      // What the filter keeps from it, though it is root.
      assert.equal((await run(['--cap-add', 'SYS_TIME', 'busybox', 'mount', '-t', 'tmpfs', 'x', '/tmp'])).code, 1);
      assert.equal(await shell('mount -t tmpfs x /tmp && echo mounted', '--cap-add', 'SYS_ADMIN'), 'mounted\n');
    });

    test('what Docker hides of the host is hidden, and what it protects cannot be written', async () => {
      const script =
        'cat /proc/kcore 2>/dev/null | head -c 1 | wc -c; ls /sys/firmware | wc -l; echo x 2>/dev/null >/proc/sys/kernel/hostname || echo no';
      assert.equal(await shell(script), '0\n0\nno\n');
      const mounts = await shell('cut -d" " -f5 /proc/self/mountinfo 2>/dev/null || cat /proc/self/mountinfo');
      for (const place of ['/proc', '/dev/pts', '/dev/shm', '/dev/mqueue', '/sys', '/sys/fs/cgroup', '/etc/hosts'])
        assert.ok(mounts.includes(place), place);
      assert.match(await shell('touch /sys/x 2>&1 || true'), /Read-only file system/);
    });

    test('who it is, where it starts and what it finds are as asked for', async () => {
      assert.equal(await says(['busybox', 'id']), 'uid=0(root) gid=0(root) groups=0(root)\n');
      const alice = 'uid=1000(alice) gid=1000(alice) groups=1000(alice),2000(extra)';
      assert.equal(await says(['-u', 'alice', 'busybox', 'id']), `${alice}\n`);
      assert.equal(
        await says(['-u', '1234:10', '--group-add', '77', 'busybox', 'id']),
        'uid=1234 gid=10(wheel) groups=10(wheel),77\n',
      );
      assert.equal(await says(['-w', '/made/for/it', 'busybox', 'pwd']), '/made/for/it\n');
      const env = await says(['-e', 'A=1', '--hostname', 'here', 'busybox', 'env']);
      assert.deepEqual(env.trim().split('\n').toSorted(), [
        'A=1',
        'HOME=/root',
        'HOSTNAME=here',
        'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ]);
      assert.equal(await shell('hostname; cat /etc/hostname', '--hostname', 'here'), 'here\nhere\n');
    });

    test('what it may write to is as asked for', async () => {
      const tries = 'for d in / /tmp /run /dev/shm; do mkdir -p $d; echo x 2>/dev/null >$d/f && echo $d; done; true';
      assert.equal(await shell(tries, '--read-only', '--tmpfs', '/run:size=1m'), '/run\n/dev/shm\n');
      assert.match(await shell('df -k /run | tail -n 1', '--tmpfs', '/run:size=1m'), /\s1024\s/);
      assert.match(await shell('df -k /dev/shm', '--shm-size', '2m'), /\s2048\s/);
    });

    test('limits hold', async () => {
      assert.equal(await shell('ulimit -n; ulimit -Hn', '--ulimit', 'nofile=64:128'), '64\n128\n');
      const eats = 'a=$(dd if=/dev/zero bs=1M count=200 2>/dev/null | tr "\\0" x); echo survived';
      assert.equal((await run(['-m', '32m', 'busybox', 'sh', '-c', eats])).code, 137);
      const forks = 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait; true';
      assert.match(errors(await run(['--pids-limit', '4', 'busybox', 'sh', '-c', forks])), /can't fork/);
    });

    test('a container that ran out of memory says so', async () => {
      const eats = 'sleep 0.5; a=$(dd if=/dev/zero bs=1M count=200 2>/dev/null | tr "\\0" x)';
      await daemon.docker(['run', '--name', 'oom', '--runtime', runtime, '-m', '32m', 'busybox', 'sh', '-c', eats]);
      assert.equal(await inspect('oom', '{{.State.ExitCode}} {{.State.OOMKilled}}'), '137 true');
      await daemon.ok(['rm', 'oom']);
    });

    test('it has the network that is asked for, as far as there is one', async () => {
      const links = 'ls /sys/class/net';
      assert.equal(await shell(links, '--network', 'none'), 'lo\n');
      assert.equal(await shell(links), 'lo\n');
      assert.deepEqual(
        (await shell(links, '--network', 'host')).trim().split('\n').toSorted(),
        readdirSync('/sys/class/net').toSorted(),
      );
      assert.match(await shell('ip addr show lo', '--network', 'none'), /127\.0\.0\.1/);
      const published = await run(['-p', '80', 'busybox', 'true']);
      assert.equal(published.code, 125);
      assert.match(published.stderr, /cannot publish port 80\/tcp: ports of Linux containers are not there yet/);
    });

    test('volumes are filled from the image, and are the same for all that have them', async () => {
      assert.equal(await shell('cat /data/seed; echo more >/data/more', '-v', `filled-${runtime}:/data`), 'seed\n');
      assert.equal(await shell('cat /v/more', '-v', `filled-${runtime}:/v:ro`), 'more\n');
      assert.equal((await run(['-v', `filled-${runtime}:/v:ro`, 'busybox', 'touch', '/v/x'])).code, 1);
      assert.match(await shell('cat /host/hosts', '-v', '/etc:/host:ro'), /localhost/);
      await daemon.ok(['volume', 'rm', `filled-${runtime}`]);
    });

    test('it is looked at, changed, paused, and told to end', async () => {
      await daemon.ok(['run', '-d', '--name', 'long', '--runtime', runtime, 'busybox', 'sleep', '1000']);
      assert.match(await daemon.ok(['top', 'long', '-o', 'pid,args']), /sleep 1000/);
      assert.equal(await daemon.ok(['exec', 'long', 'id', '-u']), '0\n');
      assert.equal((await daemon.docker(['exec', 'long', 'sh', '-c', 'exit 9'])).code, 9);
      assert.equal((await daemon.docker(['exec', 'long', 'no-such-program'])).code, 127);
      assert.equal(await daemon.ok(['exec', '-i', 'long', 'cat'], { input: 'typed' }), 'typed');
      assert.match(await daemon.ok(['exec', '-t', 'long', 'tty']), /^\/dev\/pts\/\d+\r\n$/);
      const used = await daemon.ok(['stats', '--no-stream', '--format', '{{.PIDs}} {{.MemUsage}}', 'long']);
      assert.match(used, /^1 [1-9]/);
      await daemon.ok(['update', '-m', '64m', '--memory-swap', '64m', 'long']);
      assert.equal(await inspect('long', '{{.HostConfig.Memory}}'), String(64 * 1024 * 1024));
      await daemon.ok(['pause', 'long']);
      assert.equal(await inspect('long', '{{.State.Status}}'), 'paused');
      await daemon.ok(['unpause', 'long']);
      await daemon.ok(['stop', '-t', '0', 'long']);
      assert.equal(await inspect('long', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 137');
      await daemon.ok(['restart', '-t', '0', 'long']);
      await daemon.ok(['rm', '-f', 'long']);
    });

    test('neither a daemon nor a shim of ours that dies takes its output away', async () => {
      const ticks = 'i=0; while :; do i=$((i+1)); echo tick $i; sleep 0.1; done';
      await daemon.ok(['run', '-d', '--name', 'ticks', '--runtime', runtime, 'busybox', 'sh', '-c', ticks]);
      const numbers = async (): Promise<readonly number[]> =>
        [...(await daemon.ok(['logs', 'ticks'])).matchAll(/^tick (\d+)$/gm)].map(([, number]) => Number(number));
      const goesOn = async (): Promise<void> => {
        const before_now = (await numbers()).length;
        await waitUntil('the log grows', 30_000, async () => (await numbers()).length > before_now);
      };
      await goesOn();
      await daemon.kill();
      await daemon.start();
      await goesOn();
      for (const { pid } of daemon.shims()) process.kill(pid, 'SIGKILL');
      await sleep(500);
      await goesOn();
      // A line may be lost with the shim that had it read; none comes twice or late.
      const found = await numbers();
      assert.deepEqual(
        found,
        found.toSorted((a, b) => a - b),
      );
      assert.equal(await inspect('ticks', '{{.State.Running}}'), 'true');
      await daemon.ok(['rm', '-f', 'ticks']);
    });

    test('nothing is left of those that are gone', async () => {
      assert.equal(await daemon.ok(['ps', '-aq']), '');
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
      assert.ok(!mounts.includes(`${daemon.state}/bundles`), mounts);
      await waitUntil('the shims of containers are gone', 10_000, () => {
        const listed = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
        return !listed.includes(`-address ${daemon.state}`);
      });
    });
  });
}

if (userId() === 0 && runtimes.length > 0) {
  test('a WebAssembly and a Linux container share a volume', async () => {
    const bytes = readFileSync(new URL('../examples/wordcount/wordcount.wasm', import.meta.url));
    const files = [{ path: '/wordcount.wasm', bytes, mode: 0o755 }];
    const input = await imageArchive({ tag: 'wordcount', entrypoint: ['/wordcount.wasm'], files });
    await daemon.ok(['load'], { input });
    await daemon.ok(['run', '--rm', '-v', 'both:/v', 'busybox', 'sh', '-c', 'echo one two three >/v/f']);
    assert.match(await daemon.ok(['run', '--rm', '-v', 'both:/v', 'wordcount', '-w', '/v/f']), /^\s*3 \/v\/f\n$/);
    await daemon.ok(['volume', 'rm', 'both']);
  });
}

test('without root busybox runs by crun where user namespaces allow it, or the refusal says what it would take', async () => {
  if (userId() === 0 || !existsSync(busybox)) return;
  const first = await daemon.docker(['run', '--rm', 'busybox', 'id', '-u']);
  if (first.code !== 0) {
    assert.match(first.stderr, /Cannot run Linux containers/);
    return;
  }
  assert.equal(first.stdout.toString(), '0\n');
  // No more of the host is its than of the daemon's user.
  const [, outside] = (await daemon.ok(['run', '--rm', 'busybox', 'cat', '/proc/self/uid_map'])).trim().split(/\s+/);
  assert.equal(Number(outside), userId());
  const typed = await daemon.docker(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'typed' });
  assert.equal(typed.stdout.toString(), 'typed');
  await daemon.ok(['run', '-d', '--name', 'long', 'busybox', 'sh', '-c', 'echo begun; sleep 1000']);
  assert.equal(await daemon.ok(['exec', 'long', 'id', '-u']), '0\n');
  await daemon.kill();
  await daemon.start();
  assert.equal(await daemon.ok(['logs', 'long']), 'begun\n');
  assert.match(await daemon.ok(['exec', '-t', 'long', 'tty']), /^\/dev\/pts\/\d+\r\n$/);
  await daemon.ok(['rm', '-f', 'long']);
  for (const [args, words] of [
    [['-u', 'alice'], /the daemon runs without root, and then root is the only user of a Linux container/],
    [['--runtime', 'runc'], /runc needs control groups, which only root may make/],
    [['-m', '64m'], /limits of memory, processors and processes do not hold/],
  ] as const) {
    assert.match((await daemon.docker(['run', '--rm', ...args, 'busybox', 'true'])).stderr, words);
  }
});

test('a machine without the programs it takes says which are missing', async () => {
  if (!existsSync(busybox)) return;
  const bare = await startDaemon({ path: '/nowhere' });
  try {
    await bare.ok(['load'], { input: await busyboxArchive() });
    const { code, stderr } = await bare.docker(['run', '--rm', 'busybox', 'true']);
    if (code !== 0) assert.match(stderr, /Cannot run Linux containers/);
  } finally {
    await bare.stop();
  }
});
