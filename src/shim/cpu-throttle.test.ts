import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { processorTime } from '../os/index.ts';
import { CpuThrottle, type Throttled } from './cpu-throttle.ts';

const a_fifth = { quota_us: 20_000, period_us: 100_000 };

/** A program that only computes, and what a throttle needs of it. */
async function spinning(t: TestContext): Promise<Throttled> {
  const child: ChildProcess = spawn('sh', ['-c', 'while :; do :; done']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  return { pid: child.pid!, signal: (number) => child.kill(number as unknown as NodeJS.Signals) };
}

async function share(pid: number): Promise<number> {
  const had = processorTime(pid)!;
  const from = performance.now();
  await sleep(1500);
  return (processorTime(pid)! - had) / 1000 / (performance.now() - from);
}

function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
}

test('a process has its part and no more, until it is let go', async (t) => {
  const process = await spinning(t);
  const throttle = new CpuThrottle(process);
  throttle.hold(a_fifth);
  const held = await share(process.pid);
  assert.ok(held > 0.02 && held < 0.5, `${held} of a processor`);
  throttle.hold(null);
  for (let i = 0; i < 30; i++) {
    assert.equal(isStopped(process.pid), false);
    await sleep(10);
  }
});

test('one that somebody else has stopped is not set going', async (t) => {
  const process = await spinning(t);
  const throttle = new CpuThrottle(process);
  t.after(() => throttle.end());
  throttle.hold(a_fifth);
  await sleep(200);
  throttle.pause();
  process.signal(19);
  for (let i = 0; i < 40; i++) {
    await sleep(10);
    assert.equal(isStopped(process.pid), true);
  }
  throttle.resume();
  process.signal(18);
  const held = await share(process.pid);
  assert.ok(held > 0.02 && held < 0.5, `${held} of a processor`);
});

test('a process that has gone is not looked after any more', async (t) => {
  const process = await spinning(t);
  const throttle = new CpuThrottle(process);
  throttle.hold(a_fifth);
  process.signal(9);
  while (processorTime(process.pid) !== null) await sleep(10);
  await sleep(60);
  throttle.end();
});
