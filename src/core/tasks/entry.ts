import { WherryError } from '../../errors/index.ts';
import type { ExecExit, TaskExit, TaskStdio } from '../model.ts';
import type { ShimTaskRecord } from '../shim-contract.ts';
import type { TaskShim } from './task-shim.ts';

/** What the daemon knows of a process that somebody made beside a task's own. */
export interface ExecEntry {
  readonly exec_id: string;
  readonly stdio: TaskStdio;
  pid: number;
  started: boolean;
  /** The start that runs: an exit is told after its answer. */
  starting: Promise<unknown> | null;
  start_failed: boolean;
  ended: ExecExit | null;
  readonly exit: PromiseWithResolvers<ExecExit>;
  readonly waiting: AbortController;
}

export function newExec(exec_id: string, stdio: TaskStdio): ExecEntry {
  return {
    exec_id,
    stdio,
    pid: 0,
    started: false,
    starting: null,
    start_failed: false,
    ended: null,
    exit: Promise.withResolvers<ExecExit>(),
    waiting: new AbortController(),
  };
}

/** What the daemon knows of one task. */
export interface Entry {
  readonly namespace: string;
  readonly container: string;
  readonly stdio: TaskStdio;
  readonly execs: Map<string, ExecEntry>;
  /** null until the shim has it. */
  shim: TaskShim | null;
  pid: number;
  /** The start that runs: an exit is told after its answer. */
  starting: Promise<unknown> | null;
  /** A start that failed was told to who asked for it; its exit is nobody else's news. */
  start_failed: boolean;
  ended: TaskExit | null;
  readonly exit: PromiseWithResolvers<TaskExit>;
  /** Ends the waiting in the shim when the task is deleted. */
  readonly waiting: AbortController;
  /** A shim that is not ours said that its limit of memory was reached. */
  oom: boolean;
  /** The end of its shim was published, and its task's end with it. */
  death_told: boolean;
  /** What a shim that is gone left behind is being taken away. */
  burial: Promise<void> | null;
}

/** Of a task that another daemon made, until its shim is asked. */
const no_stdio: TaskStdio = { stdin: '', stdout: '', stderr: '', terminal: false };

export function newEntry(namespace: string, container: string, stdio: TaskStdio = no_stdio): Entry {
  return {
    namespace,
    container,
    stdio,
    execs: new Map(),
    shim: null,
    pid: 0,
    starting: null,
    start_failed: false,
    ended: null,
    exit: Promise.withResolvers<TaskExit>(),
    waiting: new AbortController(),
    oom: false,
    death_told: false,
    burial: null,
  };
}

/** @throws WherryError Unavailable while the task is being made */
export function shimOf(entry: Entry): TaskShim {
  if (entry.shim === null)
    throw new WherryError('Unavailable', `The task of container ${entry.container} is still being made.`);
  return entry.shim;
}

/** The exit that a shim recorded; null when it recorded none. */
export function recordedExit(container: string, record: ShimTaskRecord | null): TaskExit | null {
  if (record === null || record.status !== 'stopped' || record.exit_status === null) return null;
  return {
    container,
    pid: record.pid,
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
export function lostExit(container: string, pid = 0): TaskExit {
  return {
    container,
    pid,
    exit_status: 137,
    exited_at: new Date(),
    oom: false,
    lost: true,
    reason: 'the shim of the container ended unexpectedly',
  };
}
