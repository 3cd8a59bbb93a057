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

/** A process that the limits hold for. */
interface Member {
  readonly pid: number;
  /** What it had before it had its guest; null unless its data are bounded. */
  data_before: number | null;
  throttle: CpuThrottle | null;
  /** When it was last looked at. */
  used: ProcessUsage | null;
}

/** What the processes of one container may use together, from its start to its end. */
export class ContainerLimits {
  readonly #group: ControlGroup;
  readonly #groups_memory: boolean;
  readonly #groups_cpu: boolean;
  readonly #members = new Map<number, Member>();
  #limits: GroupLimits;
  /** Of ends by the group's memory limit that were told already. */
  #kills_told = 0;
  /** What members that left have used. */
  #left = { user_us: 0, system_us: 0 };

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
    this.#group.change(withProcesses(this.#limits, 1));
  }

  /**
   * Puts a process where its limits hold, before it allocates for its guest. `by_itself` as `ControlGroup.place` has it.
   *
   * @throws WherryError FailedPrecondition when they cannot be put in force
   */
  place(pid: number, by_itself: boolean): readonly number[] {
    const member: Member = { pid, data_before: null, throttle: null, used: null };
    this.#members.set(pid, member);
    try {
      // The processes beside the first have something of their own, too.
      if (this.#members.size > 1) this.#group.change(withProcesses(this.#limits, this.#members.size));
      const files = this.#group.place(pid, by_itself);
      this.#boundData(member);
      return files;
    } catch (cause) {
      this.#members.delete(pid);
      throw new WherryError(
        'FailedPrecondition',
        `Cannot put the limits of the container in force: ${(cause as Error).message}.`,
        { cause },
      );
    }
  }

  /** The process runs from here on, and may be signalled. */
  started(process: Throttled): void {
    const member = this.#members.get(process.pid);
    if (this.#groups_cpu || member === undefined) return;
    member.throttle = new CpuThrottle(process);
    this.#holdProcessor();
  }

  /** A process was stopped for a user. */
  paused(pid: number): void {
    this.#members.get(pid)?.throttle?.pause();
  }

  resumed(pid: number): void {
    this.#members.get(pid)?.throttle?.resume();
  }

  /**
   * Changes the limits of processes that may be running.
   *
   * @throws WherryError FailedPrecondition when the kernel refuses them; those before hold on
   */
  change(resources: Resources): void {
    const limits = { ...this.#limits, ...resources };
    try {
      this.#group.change(withProcesses(limits, Math.max(1, this.#members.size)));
      this.#limits = limits;
      for (const member of this.#members.values()) this.#boundData(member);
      this.#holdProcessor();
    } catch (cause) {
      throw new WherryError('FailedPrecondition', `Cannot change the limits: ${(cause as Error).message}.`, { cause });
    }
  }

  /** What the processes have used and use, and of how much; null when none is left. */
  usage(): Usage | null {
    let any = false;
    const sum = { ...this.#left, threads: 0, memory_bytes: 0 };
    for (const member of this.#members.values()) {
      const used = processUsage(member.pid);
      if (used === null) continue;
      any = true;
      member.used = used;
      for (const key of ['user_us', 'system_us', 'threads', 'memory_bytes'] as const) sum[key] += used[key];
    }
    if (!any) return null;
    const { memory_bytes, pids } = withProcesses(this.#limits, this.#members.size);
    return {
      ...sum,
      memory_bytes: this.#group.memory_bytes ?? sum.memory_bytes,
      memory_bytes_max: memory_bytes,
      memory_kills: this.#group.memory_kills,
      threads_max: pids,
    };
  }

  /** Whether a process that has gone ended because it wanted more memory than it may have; to be asked before `left`. */
  isOutOfMemory(pid: number, end: GuestEnd): boolean {
    const member = this.#members.get(pid);
    if (member === undefined || end.said !== null) return false;
    if (this.#group.memory_kills > this.#kills_told) return true;
    return member.data_before !== null && out_of_memory.includes(end.status);
  }

  /** A process has gone. */
  left(pid: number): void {
    const member = this.#members.get(pid);
    if (member === undefined) return;
    member.throttle?.end();
    const { user_us = 0, system_us = 0 } = processUsage(pid) ?? member.used ?? {};
    this.#left = { user_us: this.#left.user_us + user_us, system_us: this.#left.system_us + system_us };
    this.#kills_told = this.#group.memory_kills;
    this.#members.delete(pid);
    this.#group.left(pid);
  }

  /** Takes the group away as soon as the processes have gone; whoever clears up finds it if that takes too long. */
  async release(): Promise<void> {
    for (const { throttle } of this.#members.values()) throttle?.end();
    this.#members.clear();
    try {
      for (let i = 0; i < group_removals_max; i++) {
        if (this.#group.remove()) return;
        await sleep(group_removal_retry_ms, undefined, { ref: false });
      }
    } catch (error) {
      complain(`a control group could not be removed: ${(error as Error).message}`);
    }
  }

  /** Without rights to make groups: each process is stopped when it has used the container's part. */
  #holdProcessor(): void {
    const { cpu_quota_us, cpu_period_us } = this.#limits;
    const quota = cpu_quota_us === null ? null : { quota_us: cpu_quota_us, period_us: cpu_period_us };
    for (const { throttle } of this.#members.values()) throttle?.hold(quota);
  }

  /** Without rights to make groups: each process's own data, of which the kernel refuses it more. */
  #boundData(member: Member): void {
    const { memory_bytes } = this.#limits;
    if (this.#groups_memory || (memory_bytes === null && member.data_before === null)) return;
    if (member.data_before === null) {
      const now = dataBytes(member.pid);
      if (now === null) return;
      // A process that was only just started has not got all of it yet.
      member.data_before = Math.max(now, node_data_bytes);
    }
    const bytes = memory_bytes === null ? null : BigInt(member.data_before + memory_bytes + guest_process_bytes);
    limitProcess(member.pid, RLIMIT.DATA, bytes);
  }
}

/** What a user asks for is the guests': the processes that hold them have some of their own beside. */
function withProcesses(limits: GroupLimits, processes: number): GroupLimits {
  const own = processes * guest_process_bytes;
  const more = (bytes: number | null): number | null => (bytes === null ? null : bytes + own);
  return {
    ...limits,
    memory_bytes: more(limits.memory_bytes),
    memory_and_swap_bytes: more(limits.memory_and_swap_bytes),
  };
}
