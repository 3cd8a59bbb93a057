import type { TaskExit } from '../model.ts';
import type { ShimTaskRecord } from '../shim-contract.ts';
import type { Shim } from './shim.ts';

/** What the daemon knows of one task. */
export interface Entry {
  readonly namespace: string;
  readonly container: string;
  /** null until the shim has it. */
  shim: Shim | null;
  pid: number;
  /** The start that runs: an exit is told after its answer. */
  starting: Promise<unknown> | null;
  /** A start that failed was told to who asked for it; its exit is nobody else's news. */
  start_failed: boolean;
  ended: TaskExit | null;
  readonly exit: PromiseWithResolvers<TaskExit>;
  /** Ends the waiting in the shim when the task is deleted. */
  readonly waiting: AbortController;
}

export function newEntry(namespace: string, container: string): Entry {
  return {
    namespace,
    container,
    shim: null,
    pid: 0,
    starting: null,
    start_failed: false,
    ended: null,
    exit: Promise.withResolvers<TaskExit>(),
    waiting: new AbortController(),
  };
}

/** The exit that a shim recorded; null when it recorded none. */
export function recordedExit(container: string, record: ShimTaskRecord | null): TaskExit | null {
  if (record === null || record.status !== 'stopped' || record.exit_status === null) return null;
  return {
    container,
    exit_status: record.exit_status,
    exited_at: record.exited_at === null ? new Date() : new Date(record.exited_at),
    oom: record.oom,
    lost: false,
    ...(typeof record.reason === 'string' ? { reason: record.reason } : {}),
    // Shims of an earlier version do not write it.
    ...(record.walls === null || record.walls === undefined ? {} : { walls: record.walls }),
  };
}

/** The exit of a task whose shim died: its guests die with it, by SIGKILL. */
export function lostExit(container: string): TaskExit {
  return {
    container,
    exit_status: 137,
    exited_at: new Date(),
    oom: false,
    lost: true,
    reason: 'the shim of the container ended unexpectedly',
  };
}
