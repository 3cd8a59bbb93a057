import type { LimitsSupport } from '../../limits-support.ts';
import type { Resources } from '../config.ts';

/** Docker's words about limits that do not hold on this machine. */
export function limitWarnings(resources: Partial<Resources>, support: LimitsSupport): readonly string[] {
  const asked = (...values: readonly (number | null | undefined)[]): boolean => values.some((each) => (each ?? 0) > 0);
  const { Memory, MemorySwap, CpuShares, PidsLimit } = resources;
  const warnings: string[] = [];
  // Swap is twice the memory when nobody says otherwise: of that nobody need be told.
  if (!support.swap && asked(MemorySwap) && MemorySwap !== (Memory ?? 0) * 2) {
    warnings.push(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    );
  }
  if (!support.swappiness && (resources.MemorySwappiness ?? -1) >= 0) {
    warnings.push(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    );
  }
  if (!support.memory_reservation && asked(resources.MemoryReservation)) {
    warnings.push(
      'Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.',
    );
  }
  if (!support.oom_kill_disable && resources.OomKillDisable === true) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  }
  if (!support.pids && asked(PidsLimit)) {
    warnings.push(
      'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
    );
  }
  if (!support.cpu_shares && asked(CpuShares)) {
    warnings.push('Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.');
  }
  if (!support.cpuset && ((resources.CpusetCpus ?? '') !== '' || (resources.CpusetMems ?? '') !== '')) {
    warnings.push('Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.');
  }
  if (!support.blkio_weight && asked(resources.BlkioWeight)) {
    warnings.push('Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.');
  }
  return warnings;
}
