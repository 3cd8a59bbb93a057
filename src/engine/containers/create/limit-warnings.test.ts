import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { LimitsSupport } from '../../limits-support.ts';
import { limitWarnings } from './limit-warnings.ts';

const all: LimitsSupport = {
  memory: true,
  swap: true,
  cpu_quota: true,
  cpu_shares: true,
  pids: true,
  memory_reservation: false,
  swappiness: false,
  oom_kill_disable: false,
  cpuset: false,
  blkio_weight: true,
  cgroup_driver: 'cgroupfs',
  cgroup_version: '2',
};
const none: LimitsSupport = { ...all, swap: false, cpu_shares: false, pids: false, cgroup_driver: 'none' };

test('a limit that holds is not worth a word', () => {
  const asked = { Memory: 64, MemorySwap: 128, NanoCpus: 5, CpuShares: 9, PidsLimit: 9, OomKillDisable: false };
  assert.deepEqual(limitWarnings(asked, all), []);
  assert.deepEqual(limitWarnings({}, none), []);
  assert.deepEqual(limitWarnings({ Memory: 64, MemorySwap: 128, PidsLimit: null, MemorySwappiness: null }, none), []);
});

test('each limit that does not hold is named as Docker names it', () => {
  const asked = { Memory: 64, MemorySwap: 64, CpuQuota: 5000, CpuShares: 9, PidsLimit: 9 };
  const words = limitWarnings(asked, none).map(
    (warning) => /does not support (.*?) (?:or the|capab)/.exec(warning)?.[1],
  );
  assert.deepEqual(words, ['swap limit', 'PIDs limit', 'CPU shares']);
});

test('what no machine has here is said everywhere', () => {
  const asked = { MemoryReservation: 64, MemorySwappiness: 0, OomKillDisable: true, CpusetCpus: '0' };
  assert.equal(limitWarnings(asked, all).length, 4);
});
