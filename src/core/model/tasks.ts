import type { GuestWalls, PublishedPort } from '../shim-contract.ts';
import type { Any } from './basics.ts';

export interface TaskStdio {
  /** containerd's stdio: a path, a URI (`json-file://`, `none://`, `attach://`), or '' for none. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface TaskState {
  readonly status: 'created' | 'running' | 'stopped' | 'paused';
  readonly pid: number;
  readonly exit_status: number;
  /** null while it runs. */
  readonly exited_at: Date | null;
}

/** Exit of a task. `oom` when a memory limit ended it; `lost` when the shim died and nobody saw the exit. */
export interface TaskExit {
  readonly container: string;
  readonly exit_status: number;
  readonly exited_at: Date;
  readonly oom: boolean;
  readonly lost: boolean;
  /** A sentence when the start itself failed after the reply, or the guest trapped. */
  readonly reason?: string;
  /** What stood around its process, when its shim wrote that down. */
  readonly walls?: GuestWalls;
}

/** Running processes. Start and exit are the shim's record, not the store's; a restarted daemon adopts what runs. */
export interface Tasks {
  /**
   * Makes the task of a container in a shim: writes the bundle (`config.json` = the container's spec), mounts the
   * snapshot. AlreadyExists when it has one. Passes the gate. Clients that wait for it are handed over with it, as
   * `attach` does; their descriptors are closed here, whatever becomes of it.
   */
  create(container: string, stdio: TaskStdio, clients?: readonly AttachRequest[]): Promise<void>;
  /**
   * Starts it; gives the pid. Passes the gate. Fails with the shim's class and the runtime's text; the task is then
   * still there, stopped, `wait` settles, and `onExit` is not called for it.
   */
  start(container: string): Promise<number>;
  kill(container: string, signal: number): Promise<void>;
  /** Removes a stopped task from its shim. */
  delete(container: string): Promise<TaskExit>;
  state(container: string): Promise<TaskState>;
  /** Known without asking: every container that has a task. */
  list(): readonly { readonly container: string; readonly pid: number }[];
  /** What its shim has published of it; none when it has no task. */
  ports(container: string): readonly PublishedPort[];
  pids(container: string): Promise<readonly { readonly pid: number; readonly info: string }[]>;
  /** Changes what a task may use while it runs; `resources` is the runtime specification's `LinuxResources`. */
  update(container: string, resources: Any): Promise<void>;
  /** What stands around its process; null when it has not run. Asks the shim. */
  walls(container: string): Promise<GuestWalls | null>;
  resize(container: string, width: number, height: number): Promise<void>;
  closeStdin(container: string): Promise<void>;
  /** Settles when the task has ended and its exit is recorded. */
  wait(container: string): Promise<TaskExit>;
  /** Called for each exit, also for those found at boot; never before `start` has answered. */
  onExit(listener: (exit: TaskExit) => void): void;
  /**
   * Hands a client's connection over: `fd` is duplicated by the send and stays the caller's to close; `head` are bytes
   * already read from it. The shim copies stdout and stderr to it (multiplexed frames unless the task has a terminal)
   * and its bytes to stdin.
   */
  attach(container: string, client: AttachRequest): Promise<void>;
}

export interface AttachRequest {
  readonly fd: number;
  readonly head: Uint8Array;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detach_keys: string;
}
