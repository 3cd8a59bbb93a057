import { findHierarchies, limitsSwap } from '../os/index.ts';
import { knownLimits } from './containers/create/linux/known-limits.ts';

/** Which limits of a container hold on this machine, for this user. Found out once, by looking where rights are. */
export interface LimitsSupport {
  /** Holds without control groups, too: the shim bounds the guest's memories and its process's data. */
  readonly memory: boolean;
  readonly swap: boolean;
  /** Holds without control groups, too: the shim stops a process that has used its part. */
  readonly cpu_quota: boolean;
  readonly cpu_shares: boolean;
  readonly pids: boolean;
  /** Of these WebAssembly containers have none. */
  readonly memory_reservation: boolean;
  readonly swappiness: boolean;
  readonly oom_kill_disable: boolean;
  readonly cpuset: boolean;
  readonly blkio_weight: boolean;
  /** As `docker info` names them. */
  readonly cgroup_driver: 'cgroupfs' | 'none';
  readonly cgroup_version: '1' | '2';
}

let found: LimitsSupport | null = null;

export function limitsSupport(): LimitsSupport {
  if (found !== null) return found;
  const hierarchies = findHierarchies();
  const { memory, cpu, pids } = hierarchies;
  const [any] = Object.values(hierarchies);
  found = {
    memory: true,
    swap: limitsSwap(hierarchies),
    cpu_quota: true,
    cpu_shares: cpu !== undefined,
    pids: pids !== undefined,
    memory_reservation: false,
    swappiness: false,
    oom_kill_disable: false,
    cpuset: false,
    // Docker says nothing of it where nobody asks; a guest's process does no input or output that it could count.
    blkio_weight: true,
    cgroup_driver: any === undefined ? 'none' : 'cgroupfs',
    cgroup_version: (memory ?? any)?.version === 1 ? '1' : '2',
  };
  return found;
}

/** The same for Linux containers, whose runtime sets what the kernel has. */
export function linuxLimitsSupport(): LimitsSupport {
  return { ...limitsSupport(), ...knownLimits(), memory_reservation: true };
}
