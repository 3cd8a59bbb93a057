import assert from 'node:assert/strict';
import { test } from 'node:test';

import { metrics, metricsV1, packMessage } from '../../../wire/index.ts';
import { readUsage } from './usage.ts';

test('both versions of control groups are told in the same terms', () => {
  const first = packMessage(metricsV1.MetricsSchema, {
    pids: { current: 2n, limit: 50n },
    cpu: { usage: { total: 9n, kernel: 3n, user: 6n, perCpu: [4n, 5n] }, throttling: { throttledTime: 7n } },
    memory: { totalInactiveFile: 4096n, pgPgIn: 1n, pgMajFault: 2n, usage: { usage: 100n, limit: 1000n, max: 200n } },
    blkio: { ioServiceBytesRecursive: [{ op: 'Read', major: 8n, minor: 1n, value: 512n }] },
  });
  const old = readUsage({ type_url: first.typeUrl, value: first.value });
  assert.deepEqual([old.processes, old.processes_max, old.cpu_ns, old.throttled_ns], [2, 50, 9, 7]);
  assert.deepEqual(old.cpu_each_ns, [4, 5]);
  assert.deepEqual([old.memory_bytes, old.memory_bytes_max, old.memory_peak_bytes], [100, 1000, 200]);
  assert.equal(old.memory['total_inactive_file'], 4096);
  assert.deepEqual([old.memory['pgpgin'], old.memory['pgmajfault']], [1, 2]);
  assert.deepEqual(old.block_bytes, [{ major: 8, minor: 1, op: 'read', value: 512 }]);

  const second = packMessage(metrics.MetricsSchema, {
    pids: { current: 2n },
    cpu: { usageUsec: 9n, userUsec: 6n, systemUsec: 3n, throttledUsec: 7n },
    memory: { usage: 100n, usageLimit: 2n ** 64n - 1n, inactiveFile: 4096n },
    io: { usage: [{ major: 8n, minor: 1n, rbytes: 512n, wbytes: 0n, rios: 1n, wios: 0n }] },
  });
  const unified = readUsage({ type_url: second.typeUrl, value: second.value });
  assert.deepEqual([unified.cpu_ns, unified.cpu_user_ns, unified.throttled_ns], [9000, 6000, 7000]);
  assert.equal(unified.memory['inactive_file'], 4096);
  assert.ok(!('usage' in unified.memory));
  assert.deepEqual(unified.block_operations[0], { major: 8, minor: 1, op: 'read', value: 1 });

  assert.throws(() => readUsage({ type_url: 'x.Y', value: new Uint8Array() }), { class: 'Unimplemented' });
});
