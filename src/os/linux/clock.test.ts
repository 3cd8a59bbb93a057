import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CLOCK, clockResolution, clockTime } from '../index.ts';

test('wall time is that of the system, in nanoseconds', () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  const now = clockTime(CLOCK.REALTIME);
  assert.ok(now >= before - 1_000_000n && now < before + 60_000_000_000n);
});

test('time that never goes back and CPU time grow', () => {
  for (const clock of [CLOCK.MONOTONIC, CLOCK.PROCESS_CPUTIME, CLOCK.THREAD_CPUTIME]) {
    const before = clockTime(clock);
    for (let i = 0; i < 100_000; i++) Math.sqrt(i);
    assert.ok(clockTime(clock) > before);
    assert.ok(clockResolution(clock) > 0n);
  }
});
