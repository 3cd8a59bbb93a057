import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { close, memoryFile, openAt, AT_FDCWD, O, pipe, userId, write } from '../../os/index.ts';
import { rehearsalImage } from '../inside/rehearsal-image.ts';
import type { GuestJob } from '../job.ts';
import { type Wall, walls } from '../walls.ts';
import { findBubblewrap } from './bubblewrap.ts';
import { createForkStarter } from './fork.ts';
import { createSpawnStarter } from './spawn.ts';
import { GuestFailed, type GuestEnd, type GuestProcess, type Starter } from './starter.ts';

const script = new URL('../../../dist/guest.js', import.meta.url).pathname;
const image = rehearsalImage();

function file(bytes: Uint8Array): number {
  const fd = memoryFile('test');
  write(fd, bytes);
  return fd;
}

interface Run {
  readonly guest: GuestProcess;
  readonly output: Promise<string>;
}

async function start(
  starter: Starter,
  module: Uint8Array = image.module,
  changes: Partial<GuestJob> = {},
): Promise<Run> {
  const nothing = openAt(AT_FDCWD, '/dev/null', O.RDWR);
  const { reader, writer } = pipe();
  const descriptors = [nothing, writer, writer, file(image.chain_index), file(module), file(image.index)];
  const job: GuestJob = {
    args: ['/module.wasm'],
    env: ['PATH=/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [] },
    root_read_only: true,
    layers: [{ diff_id: image.diff_id, index_bytes: image.index.length }],
    chain_index_bytes: image.chain_index.length,
    mounts: [],
    touched: [],
    memory_pages_max: 65_536,
    table_entries_max: 1000,
    code: null,
    host_uid: null,
    listening: [],
    all_walls: false,
    ...changes,
  };
  const socket = new Socket({ fd: reader, readable: true, writable: false } as object);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const output = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  try {
    const guest = await starter.create({
      job,
      descriptors,
      answer: () => {
        throw new Error('nothing is to be asked');
      },
      place: () => [],
    });
    guest.start();
    return { guest, output };
  } finally {
    for (const fd of new Set(descriptors)) close(fd);
  }
}

const bubblewrap = findBubblewrap(process.env['PATH'] ?? '');

for (const [way, make] of [
  ['fork', () => createForkStarter({ node: process.execPath, script, bubblewrap: null, native: null, cache: null })],
  [
    'fork, inside bubblewrap where there is one',
    () => createForkStarter({ node: process.execPath, script, bubblewrap, native: null, cache: null }),
  ],
  ['spawn', () => createSpawnStarter({ node: process.execPath, script, bubblewrap: null })],
  [
    'spawn, inside bubblewrap where there is one',
    () => createSpawnStarter({ node: process.execPath, script, bubblewrap }),
  ],
] as const)
  describe(`guests by ${way}`, () => {
    let starter: Starter;
    before(() => (starter = make()));
    after(() => starter.close());

    test('a guest runs, prints, and ends with its code', async () => {
      const { guest, output } = await start(starter);
      await guest.running;
      assert.equal(await output, 'rehearsal\n');
      assert.deepEqual(await guest.ended, { status: 0, said: { code: 0, trap: null } } satisfies GuestEnd);
    });

    test('a guest runs inside the walls that its way gives', async () => {
      const { guest } = await start(starter, image.module, { host_uid: userId() === 0 ? 65_432 : null });
      const raised = await guest.running;
      // Without bubblewrap it depends on what the kernel lets this user do.
      const least: readonly Wall[] =
        starter.way === 'spawn'
          ? way === 'spawn' || bubblewrap === null
            ? ['not-root', 'limits', 'system-calls']
            : ['network', 'processes', 'files', 'not-root', 'limits', 'system-calls']
          : way === 'fork' || bubblewrap === null
            ? ['not-root', 'capabilities', 'limits', 'system-calls']
            : walls;
      assert.deepEqual(
        least.filter((wall) => !raised.includes(wall)),
        [],
      );
      await guest.ended;
    });

    test('a program that is not there is 127, one that is no WebAssembly 126, in the words of a runtime', async () => {
      const missing = await start(starter, image.module, { args: ['nope'] });
      await assert.rejects(missing.guest.running, (error: GuestFailed) => {
        assert.equal(error.failure.code, 127);
        assert.match(error.failure.text, /exec: "nope": executable file not found in \$PATH/);
        return true;
      });
      await missing.guest.ended;
    });

    test('a module whose bytes are not what its layer says never runs', async () => {
      const flipped = Buffer.from(image.module);
      flipped[flipped.length - 1]! ^= 1;
      const { guest } = await start(starter, flipped);
      await assert.rejects(guest.running, GuestFailed);
      await guest.ended;
    });

    test('ten at once each have their own end', async () => {
      const runs = await Promise.all(Array.from({ length: 10 }, () => start(starter)));
      for (const { guest, output } of runs) {
        assert.equal(await output, 'rehearsal\n');
        assert.equal((await guest.ended).status, 0);
      }
      assert.equal(new Set(runs.map(({ guest }) => guest.pid)).size, 10);
    });
  });

test('a child that hangs before it reports is ended by the watch, and the start is tried again', async () => {
  const starter = createForkStarter({
    node: process.execPath,
    script,
    bubblewrap: null,
    native: null,
    cache: null,
    planted_hang: true,
  });
  const { guest, output } = await start(starter);
  assert.equal(await output, 'rehearsal\n');
  assert.equal((await guest.ended).status, 0);
  assert.equal(starter.figures.watch_acted, 1);
  starter.close();
});

test('a start takes one that stands by, and passes over those that have ended meanwhile', async () => {
  const starter = createForkStarter({ node: process.execPath, script, bubblewrap: null, native: null, cache: null });
  const standingBy = (): number[] => {
    const { zygote_pid } = starter.figures;
    return readFileSync(`/proc/${zygote_pid}/task/${zygote_pid}/children`, 'utf8').trim().split(' ').map(Number);
  };
  try {
    await starter.prepare();
    await sleep(1000);
    const waiting = standingBy();
    assert.equal(waiting.length, 2);
    assert.deepEqual(new Set(starter.figures.standby_pids), new Set(waiting));
    const taken = await start(starter);
    assert.ok(waiting.includes(taken.guest.pid));
    assert.equal(await taken.output, 'rehearsal\n');
    await sleep(1000);
    const killed = standingBy();
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await sleep(200);
    const next = await start(starter);
    assert.ok(!killed.includes(next.guest.pid));
    assert.equal(await next.output, 'rehearsal\n');
    assert.equal((await next.guest.ended).status, 0);
  } finally {
    starter.close();
  }
});

test('starts leave no descriptor behind', async () => {
  const starter = createForkStarter({ node: process.execPath, script, bubblewrap: null, native: null, cache: null });
  const run = async (): Promise<void> => {
    const { guest, output } = await start(starter);
    await output;
    await guest.ended;
  };
  try {
    await run();
    // Those that stand by for the next starts are forked a little later.
    await sleep(1000);
    const before_them = readdirSync('/proc/self/fd').length;
    for (let i = 0; i < 10; i++) await run();
    await sleep(1000);
    assert.ok(readdirSync('/proc/self/fd').length <= before_them);
  } finally {
    starter.close();
  }
});
