import { setTimeout as sleep } from 'node:timers/promises';

import { WherryError } from '../errors/index.ts';
import type { GuestEnd } from '../guest/index.ts';
import {
  group_removal_retry_ms,
  group_removals_max,
  groups_cleared_every_ms,
  node_data_bytes,
  guest_process_bytes,
} from '../limits/index.ts';
import {
  ControlGroup,
  dataBytes,
  findHierarchies,
  type GroupLimits,
  type Hierarchies,
  limitProcess,
  no_limits,
  processUsage,
  type ProcessUsage,
  removeLeftGroups,
  RLIMIT,
} from '../os/index.ts';
import { complain } from './complain.ts';
import { CpuThrottle, type Throttled } from './cpu-throttle.ts';
import type { Resources } from './resources.ts';

/** What a container uses. */
export interface Usage extends ProcessUsage {
  /** null is no limit. */
  readonly memory_bytes_max: number | null;
  readonly memory_kills: number;
  readonly threads_max: number | null;
}

let found: Hierarchies | null = null;

/** Where this shim may make control groups. */
function hierarchies(): Hierarchies {
  return (found ??= findHierarchies());
}

/** Removes the control groups of shims that were killed: now, and again later, since their guests take a moment to go. */
export function clearLeftGroups(): void {
  const from = hierarchies();
  if (Object.keys(from).length === 0) return;
  const clear = (): void => removeLeftGroups(from);
  setImmediate(clear);
  setInterval(clear, groups_cleared_every_ms).unref();
}

/**
 * SIGILL, SIGTRAP, SIGABRT: how V8 ends a process that gets no more memory; SIGSEGV: an abort's last way out, where the
 * walls do not let it signal itself.
 */
const out_of_memory: readonly number[] = [128 + 4, 128 + 5, 128 + 6, 128 + 11];

/** What one container's process may use, from its start to its end. */
export class ContainerLimits {
  readonly #group: ControlGroup;
  readonly #groups_memory: boolean;
  readonly #groups_cpu: boolean;
  #throttle: CpuThrottle | null = null;
  #limits: GroupLimits;
  #pid = 0;
  /** What the process had before it had its guest; null unless its data are bounded. */
  #data_before: number | null = null;

  /** `path`: the group that the bundle names (`linux.cgroupsPath`), where it does. */
  constructor(
    namespace: string,
    container: string,
    resources: Resources,
    path: string | null = null,
    from: Hierarchies = hierarchies(),
  ) {
    this.#group = new ControlGroup(from, [namespace, container], path);
    this.#groups_memory = from.memory !== undefined;
    this.#groups_cpu = from.cpu !== undefined;
    this.#limits = { ...no_limits, ...resources };
    this.#group.change(withProcess(this.#limits));
  }

  /**
   * Puts the process where its limits hold, before it allocates for its guest.
   *
   * @throws WherryError FailedPrecondition when they cannot be put in force
   */
  place(pid: number): void {
    this.#pid = pid;
    try {
      this.#group.place(pid);
      this.#boundData();
    } catch (cause) {
      throw new WherryError(
        'FailedPrecondition',
        `Cannot put the limits of the container in force: ${(cause as Error).message}.`,
        { cause },
      );
    }
  }

  /** The process runs from here on, and may be signalled. */
  started(process: Throttled): void {
    if (this.#groups_cpu) return;
    this.#throttle = new CpuThrottle(process);
    this.#holdProcessor();
  }

  /** It was stopped for a user. */
  paused(): void {
    this.#throttle?.pause();
  }

  resumed(): void {
    this.#throttle?.resume();
  }

  /**
   * Changes the limits of a process that may be running.
   *
   * @throws WherryError FailedPrecondition when the kernel refuses them; those before hold on
   */
  change(resources: Resources): void {
    const limits = { ...this.#limits, ...resources };
    try {
      this.#group.change(withProcess(limits));
      this.#limits = limits;
      if (this.#pid !== 0) this.#boundData();
      this.#holdProcessor();
    } catch (cause) {
      throw new WherryError('FailedPrecondition', `Cannot change the limits: ${(cause as Error).message}.`, { cause });
    }
  }

  /** What the process has used and uses, and of how much; null when it has gone. */
  usage(): Usage | null {
    const used = this.#pid === 0 ? null : processUsage(this.#pid);
    if (used === null) return null;
    const { memory_bytes, pids } = withProcess(this.#limits);
    return {
      ...used,
      memory_bytes: this.#group.memory_bytes ?? used.memory_bytes,
      memory_bytes_max: memory_bytes,
      memory_kills: this.#group.memory_kills,
      threads_max: pids,
    };
  }

  /** Whether the process ended because it wanted more memory than it may have. */
  isOutOfMemory(end: GuestEnd): boolean {
    if (end.said !== null) return false;
    return this.#group.memory_kills > 0 || (this.#data_before !== null && out_of_memory.includes(end.status));
  }

  /** Takes the group away as soon as the process has gone; whoever clears up finds it if that takes too long. */
  async release(): Promise<void> {
    this.#pid = 0;
    this.#throttle?.end();
    try {
      for (let i = 0; i < group_removals_max; i++) {
        if (this.#group.remove()) return;
        await sleep(group_removal_retry_ms, undefined, { ref: false });
      }
    } catch (error) {
      complain(`a control group could not be removed: ${(error as Error).message}`);
    }
  }

  /** Without rights to make groups: the process is stopped when it has used its part. */
  #holdProcessor(): void {
    const { cpu_quota_us, cpu_period_us } = this.#limits;
    this.#throttle?.hold(cpu_quota_us === null ? null : { quota_us: cpu_quota_us, period_us: cpu_period_us });
  }

  /** Without rights to make groups: the process's own data, of which the kernel refuses it more. */
  #boundData(): void {
    const { memory_bytes } = this.#limits;
    if (this.#groups_memory || (memory_bytes === null && this.#data_before === null)) return;
    if (this.#data_before === null) {
      const now = dataBytes(this.#pid);
      if (now === null) return;
      // A process that was only just started has not got all of it yet.
      this.#data_before = Math.max(now, node_data_bytes);
    }
    const bytes = memory_bytes === null ? null : BigInt(this.#data_before + memory_bytes + guest_process_bytes);
    limitProcess(this.#pid, RLIMIT.DATA, bytes);
  }
}

/** What a user asks for is the guest's: the process that holds it has some of its own beside. */
function withProcess(limits: GroupLimits): GroupLimits {
  const more = (bytes: number | null): number | null => (bytes === null ? null : bytes + guest_process_bytes);
  return {
    ...limits,
    memory_bytes: more(limits.memory_bytes),
    memory_and_swap_bytes: more(limits.memory_and_swap_bytes),
  };
}
