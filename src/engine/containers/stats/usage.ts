import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';

import type { Any } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { metrics, metricsV1, unpackMessage } from '../../../wire/index.ts';

/** A count of what went to or came from a block device. */
export interface BlockCount {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

/** What a container has used and may use, as its runtime counts it; of either version of cgroups(7). */
export interface Usage {
  readonly processes: number;
  /** 0 for none. */
  readonly processes_max: number;
  readonly cpu_ns: number;
  readonly cpu_kernel_ns: number;
  readonly cpu_user_ns: number;
  /** By processor; only version 1 counts so. */
  readonly cpu_each_ns: readonly number[];
  readonly periods: number;
  readonly throttled_periods: number;
  readonly throttled_ns: number;
  readonly memory_bytes: number;
  /** The most it had at once; only version 1 says. */
  readonly memory_peak_bytes: number;
  /** More than the machine has where there is no limit. */
  readonly memory_bytes_max: number;
  readonly memory_failures: number;
  /** By the names that the kernel has for them in the version that counts. */
  readonly memory: Readonly<Record<string, number>>;
  readonly block_bytes: readonly BlockCount[];
  readonly block_operations: readonly BlockCount[];
}

/** @throws WherryError Unimplemented for what is none of containerd's metrics */
export function readUsage({ type_url, value }: Any): Usage {
  const any = create(AnySchema, { typeUrl: type_url, value });
  if (type_url.endsWith(metricsV1.MetricsSchema.typeName))
    return ofVersion1(unpackMessage(any, metricsV1.MetricsSchema));
  if (type_url.endsWith(metrics.MetricsSchema.typeName)) return ofVersion2(unpackMessage(any, metrics.MetricsSchema));
  throw new WherryError('Unimplemented', `cannot read what the container uses: its runtime tells "${type_url}"`);
}

function ofVersion1({ pids, cpu, memory, blkio }: metricsV1.Metrics): Usage {
  const counts = (entries: readonly metricsV1.BlkIOEntry[] | undefined): readonly BlockCount[] =>
    (entries ?? []).map(({ major, minor, op, value }) => ({
      major: Number(major),
      minor: Number(minor),
      op: op.toLowerCase(),
      value: Number(value),
    }));
  return {
    processes: Number(pids?.current ?? 0),
    processes_max: Number(pids?.limit ?? 0),
    cpu_ns: Number(cpu?.usage?.total ?? 0),
    cpu_kernel_ns: Number(cpu?.usage?.kernel ?? 0),
    cpu_user_ns: Number(cpu?.usage?.user ?? 0),
    cpu_each_ns: (cpu?.usage?.perCpu ?? []).map(Number),
    periods: Number(cpu?.throttling?.periods ?? 0),
    throttled_periods: Number(cpu?.throttling?.throttledPeriods ?? 0),
    throttled_ns: Number(cpu?.throttling?.throttledTime ?? 0),
    memory_bytes: Number(memory?.usage?.usage ?? 0),
    memory_peak_bytes: Number(memory?.usage?.max ?? 0),
    memory_bytes_max: Number(memory?.usage?.limit ?? 0),
    memory_failures: Number(memory?.usage?.failcnt ?? 0),
    memory: kernelNames(memory, (name) => name.replace('pg_pg_', 'pgpg').replace(/pg_(maj_)?fault/, pageFault)),
    block_bytes: counts(blkio?.ioServiceBytesRecursive),
    block_operations: counts(blkio?.ioServicedRecursive),
  };
}

function pageFault(_: string, major: string | undefined): string {
  return major === undefined ? 'pgfault' : 'pgmajfault';
}

function ofVersion2({ pids, cpu, memory, memoryEvents, io }: metrics.Metrics): Usage {
  const blocks = io?.usage ?? [];
  const counts = (read: 'rbytes' | 'rios', write: 'wbytes' | 'wios'): readonly BlockCount[] =>
    blocks.flatMap((each) => {
      const device = { major: Number(each.major), minor: Number(each.minor) };
      return [
        { ...device, op: 'read', value: Number(each[read]) },
        { ...device, op: 'write', value: Number(each[write]) },
      ];
    });
  return {
    processes: Number(pids?.current ?? 0),
    processes_max: Number(pids?.limit ?? 0),
    cpu_ns: Number(cpu?.usageUsec ?? 0) * 1000,
    cpu_kernel_ns: Number(cpu?.systemUsec ?? 0) * 1000,
    cpu_user_ns: Number(cpu?.userUsec ?? 0) * 1000,
    cpu_each_ns: [],
    periods: Number(cpu?.nrPeriods ?? 0),
    throttled_periods: Number(cpu?.nrThrottled ?? 0),
    throttled_ns: Number(cpu?.throttledUsec ?? 0) * 1000,
    memory_bytes: Number(memory?.usage ?? 0),
    memory_peak_bytes: 0,
    memory_bytes_max: Number(memory?.usageLimit ?? 0),
    memory_failures: Number(memoryEvents?.max ?? 0),
    memory: kernelNames(memory, (name) => name),
    block_bytes: counts('rbytes', 'wbytes'),
    block_operations: counts('rios', 'wios'),
  };
}

/** The plain numbers of a message, under the names that the kernel has for them. */
function kernelNames(message: object | undefined, rename: (name: string) => string): Readonly<Record<string, number>> {
  const numbers = Object.entries(message ?? {}).flatMap(([name, value]) => {
    const plain = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const told_apart = ['usage', 'usage_limit', 'swap_usage', 'swap_limit'].includes(plain);
    return typeof value === 'bigint' && !told_apart ? [[rename(plain), Number(value)] as const] : [];
  });
  return Object.fromEntries(numbers);
}
