/**
 * What the walls around a guest's process hold back. In the place of `guest.js` stands a program that attacks from
 * inside by native calls; whether it got anywhere is judged from outside, by what it was set upon. Each wall is left out
 * once. The tables in `docs/security.md` are what came of it: `WHERRY_WRITE_TABLES=1` writes them.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { AttackOrders, AttackTargets, Wall } from '../src/guest/index.ts';
import { bundleForTest } from '../tools/bundle.ts';
import { bundled, checkout, Daemon } from './daemon.ts';
import { temporaryFolder } from './folder.ts';
import { imageArchive } from './image.ts';
import { isAlive, waitUntil } from './processes.ts';
import { Canaries, fingerprint, type Harm, harms, innerPid } from './walls/canaries.ts';

const image = 'attacker:1';
const page = join(checkout, 'docs/security.md');
const user = process.getuid!() === 0 ? 'root' : 'a user without rights';
const fuzz_seeds = [1, 20, 400];

/** How the processes of guests are started. */
interface Setting {
  readonly name: string;
  readonly bubblewrap: boolean;
  readonly way: 'fork' | 'spawn';
  /** The walls that are left out, one row after the other. */
  readonly rows: readonly (readonly Wall[])[];
}

interface Outcome {
  readonly harms: readonly Harm[];
  readonly attempts: Readonly<Record<string, string>>;
}

const folder = temporaryFolder('walls-');
const nowhere = join(folder, 'no-programs');
let archive: Buffer;

before(async () => {
  await bundled;
  archive = await imageArchive({
    tag: image,
    entrypoint: ['/attacker.wasm'],
    files: [{ path: 'attacker.wasm', bytes: '' }],
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The programs, with the attacker in the place of the guest's process. */
async function programs(without: readonly Wall[]): Promise<string> {
  const dist = join(folder, ['dist', ...without].join('-'));
  for (const name of ['daemon.js', 'shim.js']) cpSync(join(checkout, 'dist', name), join(dist, name));
  await bundleForTest({
    root: checkout,
    entry: 'src/guest/testing/attacker.ts',
    outfile: join(dist, 'guest.js'),
    define: { walls_left_out: without },
  });
  return dist;
}

/** One attack of each kind on a daemon of its own, with these walls left out. */
async function attacked(without: readonly Wall[], { bubblewrap, way }: Setting): Promise<Outcome> {
  const daemon = new Daemon({ dist: await programs(without), way, ...(bubblewrap ? {} : { path: nowhere }) });
  const canaries = new Canaries();
  try {
    await daemon.start();
    await canaries.set();
    await daemon.ok(['load'], { input: archive });
    const neighbour_pid = await start(daemon, 'neighbour', { do: 'sit' }, 'sits');
    const [shim] = daemon.shims();
    const snapshots = fingerprint(join(daemon.root, 'snapshots'));
    const targets: AttackTargets = {
      secret_file: canaries.secret_file,
      open_file: canaries.open_file,
      open_folder: canaries.open_folder,
      tcp_port: canaries.tcp_port,
      udp_port: canaries.udp_port,
      unix_path: canaries.unix_path,
      abstract_name: canaries.abstract_name,
      victim_pid: canaries.victim_pid,
      shim_pid: shim!.pid,
      neighbour_pid: innerPid(neighbour_pid),
    };
    const { stdout, stderr } = await daemon.docker(['run', '--name=attacker', image, order({ do: 'attack', targets })]);
    // The last that this attack says; nobody is left to hand it on.
    if (!isAlive(shim!.pid))
      return { harms: inOrder(['ended or confused its shim', ...canaries.harms('')]), attempts: {} };
    const line = stdout
      .toString()
      .split('\n')
      .find((each) => each.startsWith('{'));
    assert.ok(line !== undefined, `the attack came to its end: ${stdout.toString()}${stderr}`);
    const { attempts, read } = JSON.parse(line) as { attempts: Record<string, string>; read: string };
    for (const seed of fuzz_seeds) await daemon.docker(['run', '--rm', image, order({ do: 'fuzz', seed })]);

    const found = new Set(canaries.harms(read));
    if (fingerprint(join(daemon.root, 'snapshots')) !== snapshots) found.add('changed a layer');
    const inspected = await daemon.docker(['inspect', '-f', '{{.State.Running}} {{.State.Pid}}', 'neighbour']);
    if (inspected.stdout.toString().trim() !== `true ${neighbour_pid}`) found.add('reached another container');
    if (!isAlive(shim!.pid)) found.add('ended or confused its shim');
    const lasting_pid = await start(daemon, 'lasting', { do: 'outlive' }, 'lives');
    process.kill(shim!.pid, 'SIGKILL');
    if (!(await gone(lasting_pid))) found.add('lived on without its shim');
    return { harms: inOrder([...found]), attempts };
  } finally {
    canaries.close();
    await daemon.stop();
  }
}

function inOrder(found: readonly Harm[]): readonly Harm[] {
  return harms.filter((harm) => found.includes(harm));
}

function order(orders: AttackOrders): string {
  return JSON.stringify(orders);
}

/** Starts a container, and gives the number of its process once it says that it has begun. */
async function start(daemon: Daemon, name: string, orders: AttackOrders, word: string): Promise<number> {
  await daemon.ok(['run', '-d', `--name=${name}`, image, order(orders)]);
  await waitUntil(`${name} ${word}`, 20_000, async () => (await daemon.ok(['logs', name])).includes(word));
  return Number(await daemon.ok(['inspect', '-f', '{{.State.Pid}}', name]));
}

async function gone(pid: number): Promise<boolean> {
  try {
    await waitUntil('the process is gone', 5000, () => !isAlive(pid));
    return true;
  } catch {
    process.kill(pid, 'SIGKILL');
    return false;
  }
}

const one_each: readonly (readonly Wall[])[] = [
  ['files'],
  ...(user === 'root' ? [['not-root'] as const] : []),
  ['capabilities'],
  ['landlock'],
  ['limits'],
  ['system-calls'],
];

const settings: readonly Setting[] = [
  { name: 'inside bubblewrap', bubblewrap: true, way: 'fork', rows: [[], ...one_each] },
  {
    name: 'without bubblewrap',
    bubblewrap: false,
    way: 'fork',
    rows: [
      [],
      ['network', 'files'],
      ...one_each,
      ['network', 'files', 'landlock'],
      ['network', 'files', 'system-calls'],
    ],
  },
  { name: 'spawned inside bubblewrap', bubblewrap: true, way: 'spawn', rows: [[], ['files'], ['system-calls']] },
  { name: 'spawned without bubblewrap', bubblewrap: false, way: 'spawn', rows: [[], ['system-calls']] },
];

for (const setting of settings) {
  const { name: where, rows } = setting;
  test(
    `as ${user}, ${where}: what an attack gets to is what docs/security.md says`,
    { timeout: 600_000 },
    async (t) => {
      const lines: string[] = [];
      for (const without of rows) {
        const name = without.length === 0 ? 'nothing' : without.join(', ');
        await t.test(`left out: ${name}`, async () => {
          const { harms: found, attempts } = await attacked(without, setting);
          const done = Object.keys(attempts).filter((attempt) => attempts[attempt] === 'done');
          if (without.length === 0)
            assert.deepEqual(done, [], `with all walls each of ${Object.keys(attempts).length} attempts fails`);
          if (where === 'inside bubblewrap')
            assert.deepEqual(found, [], 'what one wall lets through another holds back');
          if (process.env['WHERRY_SHOW_ATTEMPTS'] !== undefined) console.log(name, attempts);
          lines.push(`| ${name} | ${found.length === 0 ? 'nothing' : `**${found.join('; ')}**`} |`);
        });
      }
      const table = ['| left out | what the attack got |', '| --- | --- |', ...lines].join('\n');
      const text = readFileSync(page, 'utf8');
      const [begin, end] = ['begin', 'end'].map((side) => `<!-- ${user}, ${where}: ${side} -->`) as [string, string];
      const from = text.indexOf(begin) + begin.length;
      const to = text.indexOf(end);
      assert.ok(from >= begin.length && to > from, `docs/security.md has a place for: ${user}, ${where}`);
      if (process.env['WHERRY_WRITE_TABLES'] !== undefined)
        writeFileSync(page, `${text.slice(0, from)}\n\n${table}\n\n${text.slice(to)}`);
      else assert.equal(text.slice(from, to).trim(), table);
    },
  );
}

const hello = imageArchive({
  tag: 'says:1',
  entrypoint: ['/says.wasm'],
  files: [{ path: 'says.wasm', bytes: readFileSync(join(checkout, 'e2e/guests/probe.wasm')), mode: 0o755 }],
});

async function withDaemon(bubblewrap: boolean, act: (daemon: Daemon) => Promise<void>): Promise<void> {
  const daemon = new Daemon(bubblewrap ? {} : { path: nowhere });
  try {
    await daemon.start();
    await daemon.ok(['load'], { input: await hello });
    await act(daemon);
  } finally {
    await daemon.stop();
  }
}

interface Inspected {
  readonly Wherry: { readonly Walls: readonly string[]; readonly MissingWalls: readonly string[] };
  readonly HostConfig: { readonly SecurityOpt: readonly string[] };
}

async function inspect(daemon: Daemon, name: string): Promise<Inspected> {
  return (JSON.parse(await daemon.ok(['inspect', name])) as [Inspected])[0];
}

test('where bubblewrap works, inspect shows all walls, during and after, and a strict container runs', async () => {
  await withDaemon(true, async (daemon) => {
    await daemon.ok(['run', '-di', '--name=strict', '--security-opt=wherry.isolation=strict', 'says:1', 'cat']);
    const during = await inspect(daemon, 'strict');
    assert.deepEqual(during.Wherry, {
      Walls: ['network', 'processes', 'files', 'not-root', 'capabilities', 'landlock', 'limits', 'system-calls'],
      MissingWalls: [],
    });
    assert.deepEqual(during.HostConfig.SecurityOpt, ['wherry.isolation=strict']);
    await daemon.ok(['stop', 'strict']);
    assert.deepEqual((await inspect(daemon, 'strict')).Wherry, during.Wherry);
    assert.doesNotMatch(daemon.said, /without these walls/);
  });
});

test('where a wall is missing, the log and inspect say so, and a strict container does not start', async () => {
  await withDaemon(false, async (daemon) => {
    await daemon.ok(['run', '-di', '--name=loose', 'says:1', 'cat']);
    const { Wherry } = await inspect(daemon, 'loose');
    assert.ok(Wherry.MissingWalls.includes('processes'));
    assert.ok(Wherry.Walls.includes('system-calls'));
    await daemon.ok(['run', '-di', '--name=second', 'says:1', 'cat']);
    const warnings = daemon.said.split('\n').filter((line) => line.includes('without these walls'));
    assert.equal(warnings.length, 1, daemon.said);
    assert.match(warnings[0]!, /level=warn .*processes/);
    const refused = await daemon.docker(['run', '--security-opt=wherry.isolation=strict', 'says:1', 'cat']);
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /wherry\.isolation=strict: .*walls: .*processes.*wherry doctor/);
  });
});

test('a security option of ours that there is not is refused at create, with what there is', async () => {
  await withDaemon(true, async (daemon) => {
    for (const [option, text] of [
      ['wherry.isolation=loose', /wherry\.isolation can be strict/],
      ['wherry.walls=all', /there is no wherry\.walls/],
    ] as const) {
      const { code, stderr } = await daemon.docker(['create', `--security-opt=${option}`, 'says:1']);
      assert.equal(code, 1);
      assert.match(stderr, text);
    }
  });
});
