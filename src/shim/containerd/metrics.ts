import type { Any } from '@bufbuild/protobuf/wkt';

import { findHierarchies } from '../../os/index.ts';
import { metrics, metricsV1, packMessage } from '../../wire/index.ts';
import type { Usage } from '../container-limits.ts';

const no_limit = 2n ** 64n - 1n;
/** How version 1 says that there is none. */
const no_limit_v1 = 2n ** 63n - 4096n;

let version: 1 | 2 | null = null;

/** Which version's metrics a client of this machine expects: that of the control groups that count memory. */
function metricsVersion(): 1 | 2 {
  return (version ??= findHierarchies().memory?.version ?? 2);
}

/** What a container uses, as containerd's clients take it for this machine's version of control groups. */
export function packUsage(usage: Usage, as: 1 | 2 = metricsVersion()): Any {
  const { user_us, system_us, threads, threads_max, memory_bytes, memory_bytes_max, memory_kills } = usage;
  const pids = { current: BigInt(threads), limit: BigInt(threads_max ?? 0) };
  const bytes = BigInt(memory_bytes);
  if (as === 2)
    return packMessage(metrics.MetricsSchema, {
      pids,
      cpu: { usageUsec: BigInt(user_us + system_us), userUsec: BigInt(user_us), systemUsec: BigInt(system_us) },
      memory: { usage: bytes, usageLimit: memory_bytes_max === null ? no_limit : BigInt(memory_bytes_max) },
      memoryEvents: { oomKill: BigInt(memory_kills) },
    });
  const ns = (us: number): bigint => BigInt(us) * 1000n;
  const limit = memory_bytes_max === null ? no_limit_v1 : BigInt(memory_bytes_max);
  return packMessage(metricsV1.MetricsSchema, {
    pids,
    cpu: {
      usage: { total: ns(user_us + system_us), kernel: ns(system_us), user: ns(user_us), perCpu: [] },
      throttling: {},
    },
    memory: {
      rss: bytes,
      totalRss: bytes,
      hierarchicalMemoryLimit: limit,
      usage: { usage: bytes, limit, max: bytes },
      swap: {},
      kernel: {},
      kernelTcp: {},
    },
    memoryOomControl: { oomKill: BigInt(memory_kills) },
  });
}
