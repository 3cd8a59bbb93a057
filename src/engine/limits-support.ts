import { findHierarchies, limitsSwap } from '../os/index.ts';

/** Which limits of a container hold on this machine, for this user. Found out once, by looking where rights are. */
export interface LimitsSupport {
  /** Holds without control groups, too: the shim bounds the guest's memories and its process's data. */
  readonly memory: boolean;
  readonly swap: boolean;
  /** Holds without control groups, too: the shim stops a process that has used its part. */
  readonly cpu_quota: boolean;
  readonly cpu_shares: boolean;
  readonly pids: boolean;
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
    cgroup_driver: any === undefined ? 'none' : 'cgroupfs',
    cgroup_version: (memory ?? any)?.version === 1 ? '1' : '2',
  };
  return found;
}
