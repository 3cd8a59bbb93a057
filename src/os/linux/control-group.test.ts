import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { Controller, Hierarchies } from './cgroup-hierarchies.ts';
import { ControlGroup, no_limits, removeLeftGroups } from './control-group.ts';

/** A plain folder instead of the kernel's: what is written there can be read. */
function tree(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-group-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function unified(base: string): Hierarchies {
  return { memory: { version: 2, base }, cpu: { version: 2, base }, pids: { version: 2, base } };
}

function separate(base: string): Hierarchies {
  const at = (name: Controller) => ({ version: 1 as const, base: join(base, name) });
  for (const name of ['memory', 'cpu', 'pids']) mkdirSync(join(base, name));
  return { memory: at('memory'), cpu: at('cpu'), pids: at('pids') };
}

function files(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

const MB = 1024 * 1024;
const limits = {
  memory_bytes: 64 * MB,
  memory_and_swap_bytes: 96 * MB,
  cpu_quota_us: 20_000,
  cpu_shares: 512,
  pids: 9,
};

test('version 2: limits are written before the process comes, and controllers passed on from above', (t) => {
  const base = tree(t);
  const group = new ControlGroup(unified(base), ['moby', 'one']);
  group.change({ ...no_limits, ...limits });
  group.place(4711);
  assert.equal(readFileSync(join(base, 'cgroup.subtree_control'), 'utf8'), '+memory +cpu +pids');
  assert.equal(readFileSync(join(base, 'wherry/moby/cgroup.subtree_control'), 'utf8'), '+memory +cpu +pids');
  assert.deepEqual(files(join(base, 'wherry/moby/one')), {
    'cgroup.procs': '4711',
    'cpu.max': '20000 100000',
    'cpu.weight': '20',
    'memory.max': String(64 * MB),
    'pids.max': '9',
  });
});

test('version 2: swap is what is left of both together', (t) => {
  const base = tree(t);
  const folder = join(base, 'wherry/moby/one');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'memory.swap.max'), 'max');
  const group = new ControlGroup(unified(base), ['moby', 'one']);
  group.change({ ...no_limits, ...limits });
  group.place(1);
  assert.equal(readFileSync(join(folder, 'memory.swap.max'), 'utf8'), String(32 * MB));
});

test('version 2: a limit below what is in use is refused, and the one before stays', (t) => {
  const base = tree(t);
  const folder = join(base, 'wherry/moby/one');
  const group = new ControlGroup(unified(base), ['moby', 'one']);
  group.change({ ...no_limits, memory_bytes: 64 * MB });
  group.place(1);
  writeFileSync(join(folder, 'memory.current'), String(40 * MB));
  assert.throws(() => group.change({ ...no_limits, memory_bytes: 30 * MB }), { code: 'EBUSY' });
  assert.equal(readFileSync(join(folder, 'memory.max'), 'utf8'), String(64 * MB));
});

test('version 1: a hierarchy is used only for a limit that was asked for, also later', (t) => {
  const base = tree(t);
  const group = new ControlGroup(separate(base), ['moby', 'one']);
  group.change({ ...no_limits, cpu_quota_us: 20_000 });
  group.place(4711);
  assert.deepEqual(readdirSync(join(base, 'memory')), []);
  assert.deepEqual(files(join(base, 'cpu/wherry/moby/one')), {
    'cgroup.procs': '4711',
    'cpu.cfs_period_us': '100000',
    'cpu.cfs_quota_us': '20000',
    'cpu.shares': '1024',
  });
  group.change({ ...no_limits, memory_bytes: 64 * MB, cpu_quota_us: null });
  assert.deepEqual(files(join(base, 'memory/wherry/moby/one')), {
    'cgroup.procs': '4711',
    'memory.limit_in_bytes': String(64 * MB),
  });
  assert.equal(readFileSync(join(base, 'cpu/wherry/moby/one/cpu.cfs_quota_us'), 'utf8'), '-1');
});

test('kills for want of memory are counted from when the group is ours', (t) => {
  for (const [make, file, folder] of [
    [unified, 'memory.events', 'wherry/moby/one'],
    [separate, 'memory.oom_control', 'memory/wherry/moby/one'],
  ] as const) {
    const base = tree(t);
    const hierarchies = make(base);
    mkdirSync(join(base, folder), { recursive: true });
    writeFileSync(join(base, folder, file), 'oom 3\noom_kill 2\n');
    const group = new ControlGroup(hierarchies, ['moby', 'one']);
    group.change({ ...no_limits, memory_bytes: 64 * MB });
    group.place(1);
    assert.equal(group.memory_kills, 0);
    writeFileSync(join(base, folder, file), 'oom 4\noom_kill 3\n');
    assert.equal(group.memory_kills, 1);
  }
});

test('groups whose maker is gone are cleared away, those in use are not', (t) => {
  const base = tree(t);
  const hierarchies: Hierarchies = { pids: { version: 1, base } };
  mkdirSync(join(base, 'wherry/moby/left'), { recursive: true });
  mkdirSync(join(base, 'wherry/gone/left'), { recursive: true });
  const group = new ControlGroup(hierarchies, ['moby', 'used']);
  group.change({ ...no_limits, pids: 5 });
  group.place(1);
  removeLeftGroups(hierarchies);
  assert.deepEqual(readdirSync(join(base, 'wherry')), ['moby']);
  assert.deepEqual(readdirSync(join(base, 'wherry/moby')), ['used']);
  // As the kernel has it: a group is a folder that is removed with its files.
  rmSync(join(base, 'wherry/moby/used'), { recursive: true });
  assert.equal(group.remove(), true);
  assert.deepEqual(readdirSync(base), []);
});
