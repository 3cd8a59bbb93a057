import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseResources } from './resources.ts';

test('limits are read from the fields of the runtime specification, and only those that are there', () => {
  assert.deepEqual(parseResources({}), {});
  assert.deepEqual(
    parseResources({
      memory: { limit: 1024, swap: 2048, reservation: 512 },
      cpu: { shares: 512, quota: 20_000, period: 100_000, cpus: '0' },
      pids: { limit: 9 },
      devices: [],
    }),
    {
      memory_bytes: 1024,
      memory_and_swap_bytes: 2048,
      cpu_quota_us: 20_000,
      cpu_shares: 512,
      pids: 9,
      cpu_period_us: 100_000,
    },
  );
});

test('0 and -1 take a limit away', () => {
  assert.deepEqual(parseResources({ memory: { limit: -1 }, cpu: { shares: 0, quota: -1 }, pids: { limit: 0 } }), {
    memory_bytes: null,
    cpu_shares: null,
    cpu_quota_us: null,
    pids: null,
  });
});

test('what is not as specified is named', () => {
  for (const [value, message] of [
    [null, 'resources is not an object'],
    [[], 'resources is not an object'],
    [{ memory: 5 }, 'resources.memory is not an object'],
    [{ memory: { limit: '64m' } }, 'resources.memory.limit is not a whole number'],
    [{ cpu: { quota: 0.5 } }, 'resources.cpu.quota is not a whole number'],
    [{ cpu: { period: 2 ** 60 } }, 'resources.cpu.period is not a whole number'],
  ] as const)
    assert.throws(() => parseResources(value), {
      class: 'InvalidArgument',
      message: `Cannot use the resources: ${message}.`,
    });
});
