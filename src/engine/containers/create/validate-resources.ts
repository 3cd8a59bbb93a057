import { availableParallelism } from 'node:os';

import { WherryError } from '../../../errors/index.ts';
import { container_memory_bytes_min } from '../../../limits/index.ts';
import type { Resources } from '../config.ts';

/**
 * Checks what a container may use.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function validateResources(resources: Resources): void {
  validateMemory(resources);
  validateCpu(resources);
  const { BlkioWeight } = resources;
  if (BlkioWeight !== 0 && (BlkioWeight < 10 || BlkioWeight > 1000))
    invalid('Range of blkio weight is from 10 to 1000');
}

function validateMemory({ Memory, MemorySwap, MemorySwappiness, MemoryReservation }: Resources): void {
  if (Memory !== 0 && Memory < container_memory_bytes_min) invalid('Minimum memory limit allowed is 6MB');
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (Memory === 0 && MemorySwap > 0) {
    invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (MemorySwappiness !== null && (MemorySwappiness < -1 || MemorySwappiness > 100)) {
    invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (MemoryReservation !== 0 && MemoryReservation < container_memory_bytes_min) {
    invalid('Minimum memory reservation allowed is 6MB');
  }
  if (Memory > 0 && MemoryReservation > 0 && Memory < MemoryReservation) {
    invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function validateCpu({ NanoCpus, CpuPeriod, CpuQuota, CpuShares, CpusetCpus, CpusetMems }: Resources): void {
  const cpus = availableParallelism();
  if (NanoCpus > 0 && CpuPeriod > 0) invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (NanoCpus > 0 && CpuQuota > 0) invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuShares < 0) invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (CpuQuota > 0 && CpuQuota < 1000) invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  checkSet(CpusetCpus, cpus - 1, 'CPUs');
  checkSet(CpusetMems, 0, 'memory nodes');
}

function checkSet(text: string, last: number, what: string): void {
  if (text === '') return;
  const ranges = text.split(',').map((range) => /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range));
  for (const range of ranges) {
    const first = Number(range?.[1] ?? NaN);
    const end = Number(range?.[2] ?? first);
    if (Number.isNaN(first) || end < first) {
      invalid(`Invalid value ${text} for cpuset ${what === 'CPUs' ? 'cpus' : 'mems'}`);
    }
    if (end > last) {
      const available = last === 0 ? '0' : `0-${last}`;
      invalid(`Requested ${what} are not available - requested ${text}, available: ${available}`);
    }
  }
}

function invalid(message: string): never {
  throw new WherryError('InvalidArgument', message);
}
