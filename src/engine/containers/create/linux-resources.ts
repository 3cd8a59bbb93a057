import type { Any } from '../../../core/index.ts';
import { cpu_period_us, cpu_quota_us_min } from '../../../limits/index.ts';
import { documentType } from '../../../wire/index.ts';
import type { Resources } from '../config.ts';

interface LinuxResources {
  readonly memory?: { readonly limit: number; readonly swap?: number };
  readonly cpu?: { readonly shares?: number; readonly quota?: number; readonly period?: number };
  readonly pids?: { readonly limit: number };
}

/** What a container may use as the runtime specification has it (config-linux.md); what has no limit is left out. */
export function linuxResources(resources: Resources): LinuxResources {
  const { Memory, MemorySwap, CpuShares, PidsLimit } = resources;
  const { quota, period } = quotaOf(resources);
  const cpu = {
    ...(CpuShares > 0 ? { shares: CpuShares } : {}),
    ...(quota > 0 ? { quota, period } : {}),
  };
  return {
    ...(Memory > 0 ? { memory: { limit: Memory, ...(MemorySwap > 0 ? { swap: MemorySwap } : {}) } } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...((PidsLimit ?? 0) > 0 ? { pids: { limit: PidsLimit! } } : {}),
  };
}

/** The same as a message to the shim of a container that runs: -1 takes a limit away. */
export function packResources(resources: Resources): Any {
  const { Memory, MemorySwap, CpuShares, PidsLimit } = resources;
  const { quota, period } = quotaOf(resources);
  const value: LinuxResources = {
    memory: { limit: orNone(Memory), swap: orNone(MemorySwap) },
    cpu: { shares: Math.max(0, CpuShares), quota: orNone(quota), period },
    pids: { limit: orNone(PidsLimit ?? 0) },
  };
  return { type_url: documentType.linuxResources, value: Buffer.from(JSON.stringify(value)) };
}

/** What of a processor a container gets: microseconds in each period; below 1 for no limit. */
export function quotaOf({ NanoCpus, CpuQuota, CpuPeriod }: Resources): {
  readonly quota: number;
  readonly period: number;
} {
  const period = CpuPeriod > 0 ? CpuPeriod : cpu_period_us;
  return { period, quota: NanoCpus > 0 ? Math.max(cpu_quota_us_min, Math.round((NanoCpus / 1e9) * period)) : CpuQuota };
}

function orNone(value: number): number {
  return value > 0 ? value : -1;
}
