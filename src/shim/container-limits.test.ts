import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { guest_process_bytes, node_data_bytes } from '../limits/index.ts';
import type { Hierarchies } from '../os/index.ts';
import { ContainerLimits } from './container-limits.ts';

const memory_bytes = 64 * 1024 * 1024;

async function sleeper(t: TestContext): Promise<number> {
  const child: ChildProcess = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child.pid!;
}

function dataLimit(pid: number): string {
  return /^Max data size +(\w+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))![1]!;
}

/** A plain folder in place of the kernel's groups. */
function memoryIn(t: TestContext): { base: string; hierarchies: Hierarchies } {
  const base = mkdtempSync(join(tmpdir(), 'wherry-limits-'));
  t.after(() => rmSync(base, { recursive: true, force: true }));
  return { base, hierarchies: { memory: { version: 2, base } } };
}

const killed = (status: number) => ({ status, said: null });

test('with a group the limit is what was asked for and what the process needs itself, and its data are its own matter', async (t) => {
  const { base, hierarchies } = memoryIn(t);
  const pid = await sleeper(t);
  const before = dataLimit(pid);
  const limits = new ContainerLimits('moby', 'one', { memory_bytes }, null, hierarchies);
  limits.place(pid, false);
  assert.equal(
    readFileSync(join(base, 'wherry/moby/one/memory.max'), 'utf8'),
    String(memory_bytes + guest_process_bytes),
  );
  assert.equal(dataLimit(pid), before);
  assert.equal(limits.isOutOfMemory(pid, killed(137)), false);
  writeFileSync(join(base, 'wherry/moby/one/memory.events'), 'oom_kill 1\n');
  assert.equal(limits.isOutOfMemory(pid, killed(137)), true);
  assert.equal(limits.isOutOfMemory(pid, { status: 0, said: { code: 0, trap: null } }), false);
});

test('without one its data are bounded, and V8’s way out is then for want of memory', async (t) => {
  const pid = await sleeper(t);
  const before = dataLimit(pid);
  const limits = new ContainerLimits('moby', 'one', { memory_bytes }, null, {});
  limits.place(pid, false);
  assert.equal(dataLimit(pid), String(node_data_bytes + memory_bytes + guest_process_bytes));
  for (const status of [132, 133, 134, 139]) assert.equal(limits.isOutOfMemory(pid, killed(status)), true);
  for (const status of [1, 137, 143]) assert.equal(limits.isOutOfMemory(pid, killed(status)), false);
  limits.change({ memory_bytes: memory_bytes * 2 });
  assert.equal(dataLimit(pid), String(node_data_bytes + memory_bytes * 2 + guest_process_bytes));
  limits.change({ memory_bytes: null });
  assert.equal(dataLimit(pid), before);
});

test('without a limit nothing is touched, and an abort is only that', async (t) => {
  const { base, hierarchies } = memoryIn(t);
  const pid = await sleeper(t);
  for (const from of [hierarchies, {}]) {
    const before = dataLimit(pid);
    const limits = new ContainerLimits('moby', 'one', {}, null, from);
    limits.place(pid, false);
    assert.equal(dataLimit(pid), before);
    assert.equal(limits.isOutOfMemory(pid, killed(134)), false);
    await limits.release();
  }
  assert.deepEqual(readdirSync(base), []);
});

test('limits that cannot be put in force are no limits: the guest does not run', () => {
  const nowhere: Hierarchies = { pids: { version: 1, base: '/proc/none' } };
  const limits = new ContainerLimits('moby', 'one', { pids: 5 }, null, nowhere);
  assert.throws(() => limits.place(process.pid, false), {
    class: 'FailedPrecondition',
    message: /^Cannot put the limits of the container in force: ENOENT/,
  });
});
