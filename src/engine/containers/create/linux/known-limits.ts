import { existsSync, readFileSync } from 'node:fs';

import type { KnownLimits } from './resources.ts';

let found: KnownLimits | null = null;

/** What this machine's kernel limits, found out once where it mounts its control groups. */
export function knownLimits(): KnownLimits {
  found ??= isUnified() ? unified() : separate();
  return found;
}

/** Whether all controllers are in one hierarchy: version 2 of cgroups(7). */
export function isUnified(): boolean {
  return existsSync('/sys/fs/cgroup/cgroup.controllers');
}

function unified(): KnownLimits {
  const controllers = readFileSync('/sys/fs/cgroup/cgroup.controllers', 'latin1').trim().split(' ');
  return {
    swap: controllers.includes('memory') && existsSync('/proc/swaps'),
    swappiness: false,
    oom_kill_disable: false,
    pids: controllers.includes('pids'),
    cpuset: controllers.includes('cpuset'),
    blkio_weight: controllers.includes('io'),
  };
}

function separate(): KnownLimits {
  const has = (path: string): boolean => existsSync(`/sys/fs/cgroup/${path}`);
  return {
    swap: has('memory/memory.memsw.limit_in_bytes'),
    swappiness: has('memory/memory.swappiness'),
    oom_kill_disable: has('memory/memory.oom_control'),
    pids: has('pids'),
    cpuset: has('cpuset/cpuset.cpus'),
    blkio_weight: has('blkio/blkio.weight'),
  };
}
