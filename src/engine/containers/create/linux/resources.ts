import { statSync } from 'node:fs';

import { WherryError } from '../../../../errors/index.ts';
import type { BlkioDevice, Resources } from '../../config.ts';
import { quotaOf } from '../linux-resources.ts';
import { numbers } from './devices.ts';

/** Which limits this machine's kernel knows; one that is not known is left out, as in Docker. */
export interface KnownLimits {
  readonly swap: boolean;
  readonly swappiness: boolean;
  readonly oom_kill_disable: boolean;
  readonly pids: boolean;
  readonly cpuset: boolean;
  readonly blkio_weight: boolean;
}

/** `linux.resources` of a Linux container but for its devices. */
export function containerResources(resources: Resources, known: KnownLimits): Record<string, unknown> {
  return {
    memory: memory(resources, known),
    ...part('cpu', cpu(resources, known)),
    ...(known.pids && (resources.PidsLimit ?? 0) > 0 ? { pids: { limit: resources.PidsLimit } } : {}),
    blockIO: blockIO(resources, known),
  };
}

function part(name: string, fields: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(fields).length === 0 ? {} : { [name]: fields };
}

function memory(resources: Resources, known: KnownLimits): Record<string, unknown> {
  const { Memory, MemoryReservation, MemorySwap, MemorySwappiness, OomKillDisable } = resources;
  return {
    ...(Memory > 0 ? { limit: Memory } : {}),
    ...(MemoryReservation > 0 ? { reservation: MemoryReservation } : {}),
    ...(known.swap && MemorySwap > 0 ? { swap: MemorySwap } : {}),
    ...(known.swappiness && MemorySwappiness !== null ? { swappiness: MemorySwappiness } : {}),
    ...(known.oom_kill_disable ? { disableOOMKiller: OomKillDisable ?? false } : {}),
  };
}

function cpu(resources: Resources, known: KnownLimits): Record<string, unknown> {
  const { CpuShares, CpuPeriod, CpuQuota, NanoCpus, CpuRealtimePeriod, CpuRealtimeRuntime } = resources;
  const { CpusetCpus, CpusetMems } = resources;
  const { quota, period } = quotaOf(resources);
  return {
    ...(CpuShares > 0 ? { shares: CpuShares } : {}),
    ...(NanoCpus > 0 || CpuPeriod > 0 ? { period } : {}),
    ...(NanoCpus > 0 || CpuQuota !== 0 ? { quota } : {}),
    ...(CpuRealtimePeriod > 0 ? { realtimePeriod: CpuRealtimePeriod } : {}),
    ...(CpuRealtimeRuntime > 0 ? { realtimeRuntime: CpuRealtimeRuntime } : {}),
    ...(known.cpuset && CpusetCpus !== '' ? { cpus: CpusetCpus } : {}),
    ...(known.cpuset && CpusetMems !== '' ? { mems: CpusetMems } : {}),
  };
}

function blockIO(resources: Resources, { blkio_weight }: KnownLimits): Record<string, unknown> {
  const rates = {
    throttleReadBpsDevice: resources.BlkioDeviceReadBps,
    throttleWriteBpsDevice: resources.BlkioDeviceWriteBps,
    throttleReadIOPSDevice: resources.BlkioDeviceReadIOps,
    throttleWriteIOPSDevice: resources.BlkioDeviceWriteIOps,
  };
  const throttles = Object.entries(rates).flatMap(([name, devices]) =>
    devices === null || devices.length === 0 ? [] : [[name, devices.map(rateOf)] as const],
  );
  return {
    ...(blkio_weight && resources.BlkioWeight > 0 ? { weight: resources.BlkioWeight } : {}),
    ...(blkio_weight && (resources.BlkioWeightDevice ?? []).length > 0
      ? {
          weightDevice: resources.BlkioWeightDevice!.map(({ Path, Weight }) => ({
            ...deviceNumbers(Path),
            weight: Weight,
          })),
        }
      : {}),
    ...Object.fromEntries(throttles),
  };
}

function rateOf({ Path, Rate }: BlkioDevice): object {
  return { ...deviceNumbers(Path), rate: Rate };
}

function deviceNumbers(path: string): { readonly major: number; readonly minor: number } {
  try {
    return numbers(statSync(path).rdev);
  } catch (cause) {
    throw new WherryError('InvalidArgument', `no such device: "${path}"`, { cause });
  }
}
