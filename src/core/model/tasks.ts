import type { GuestWalls, PublishedPort } from '../shim-contract.ts';
import type { Any, Labels } from './basics.ts';
import type { Mount } from './snapshots.ts';

export interface TaskStdio {
  /** containerd's stdio: a path, a URI (`json-file://`, `none://`, `attach://`), or '' for none. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface TaskState {
  readonly status: 'created' | 'running' | 'stopped' | 'paused' | 'pausing';
  readonly pid: number;
  readonly exit_status: number;
  /** null while it runs. */
  readonly exited_at: Date | null;
  readonly stdio: TaskStdio;
  /** Its shim is gone: nobody but this daemon knows of it any more. */
  readonly lost: boolean;
}

/** Exit of a task. `oom` when a memory limit ended it; `lost` when the shim died and nobody saw the exit. */
export interface TaskExit {
  readonly container: string;
  /** As it was last known; 0 when it never was. */
  readonly pid: number;
  readonly exit_status: number;
  readonly exited_at: Date;
  readonly oom: boolean;
  readonly lost: boolean;
  /** A sentence when the start itself failed after the reply, or the guest trapped. */
  readonly reason?: string;
  /** What stood around its process, when its shim wrote that down. */
  readonly walls?: GuestWalls;
}

/** Exit of a process that was started beside a task's own. */
export interface ExecExit {
  readonly container: string;
  readonly exec_id: string;
  readonly pid: number;
  readonly exit_status: number;
  readonly exited_at: Date;
  /** Its shim died, and nobody saw the exit. */
  readonly lost: boolean;
}

/** What a client of containerd says of a task beside its streams. */
export interface TaskCreateOptions {
  /** The root filesystem, for a shim that is not ours; left out, the container's snapshot is mounted. */
  readonly rootfs?: readonly Mount[];
  /** What the runtime is told: `containerd.runc.v1.Options`, or another that it knows. */
  readonly runtime_options?: Any;
  /** The folder of a checkpoint that it goes on from. */
  readonly checkpoint?: string;
  /** A shim's program by its absolute path, in place of the one that the runtime's name stands for. */
  readonly runtime_path?: string;
}

/**
 * Running processes. Start and exit are the shim's record, not the store's; a restarted daemon adopts what runs. Which
 * shim has a task is said by its container's `runtime`: `io.containerd.wherry.v1` is ours, any other a program.
 * `exec_id` names a process that `exec` made beside the task's own; '' or left out is the task's own.
 */
export interface Tasks {
  /**
   * Makes the task of a container in a shim: writes the bundle (`config.json` = the container's spec), mounts the
   * snapshot. AlreadyExists when it has one. Passes the gate. Clients that wait for it are handed over with it, as
   * `attach` does; their descriptors are closed here, whatever becomes of it.
   */
  create(
    container: string,
    stdio: TaskStdio,
    clients?: readonly AttachRequest[],
    options?: TaskCreateOptions,
  ): Promise<void>;
  /**
   * Makes another process of the container, which `start` starts: `process` is the runtime specification's `Process`.
   * AlreadyExists when the id is taken. Clients as with `create`.
   */
  exec(
    container: string,
    exec_id: string,
    process: Any,
    stdio: TaskStdio,
    clients?: readonly AttachRequest[],
  ): Promise<void>;
  /**
   * Starts it; gives the pid. Passes the gate. Fails with the shim's class and the runtime's text; the task is then
   * still there, stopped, `wait` settles, and `onExit` is not called for it.
   */
  start(container: string, exec_id?: string): Promise<number>;
  /** With `all` every process of the container gets the signal. */
  kill(container: string, signal: number, exec_id?: string, all?: boolean): Promise<void>;
  /** Removes a stopped process from its shim; with the task's own the task goes. */
  delete(container: string, exec_id?: string): Promise<TaskExit>;
  state(container: string, exec_id?: string): Promise<TaskState>;
  /** Known without asking: every container that has a task; `lost` when its shim is gone. */
  list(): readonly { readonly container: string; readonly pid: number; readonly lost: boolean }[];
  /** What its shim has published of it; none when it has no task. */
  ports(container: string): readonly PublishedPort[];
  /** Its processes; `info` is what the runtime adds, such as which exec it is. */
  pids(container: string): Promise<readonly { readonly pid: number; readonly info: Any | null }[]>;
  /** Changes what a task may use while it runs; `resources` is the runtime specification's `LinuxResources`. */
  update(container: string, resources: Any, annotations?: Labels): Promise<void>;
  pause(container: string): Promise<void>;
  resume(container: string): Promise<void>;
  /** What it uses, as its runtime counts it: containerd's metrics of either version of cgroups. */
  stats(container: string): Promise<Any>;
  /** Writes a checkpoint of it into the folder `path`; Unimplemented where the runtime cannot. */
  checkpoint(container: string, path: string, options?: Any): Promise<void>;
  /** What stands around its process; null when it has not run. Asks the shim. */
  walls(container: string): Promise<GuestWalls | null>;
  resize(container: string, width: number, height: number, exec_id?: string): Promise<void>;
  closeStdin(container: string, exec_id?: string): Promise<void>;
  /** Settles when the process has ended and its exit is recorded. */
  wait(container: string, exec_id?: string): Promise<TaskExit>;
  /** Called for the exit of each task, also for those found at boot; never before `start` has answered. */
  onExit(listener: (exit: TaskExit) => void): void;
  /** Called for the exit of each process that `exec` made. */
  onExecExit(listener: (exit: ExecExit) => void): void;
  /**
   * Hands a client's connection over: `fd` is duplicated by the send and stays the caller's to close; `head` are bytes
   * already read from it. The shim copies stdout and stderr to it (multiplexed frames unless the task has a terminal)
   * and its bytes to stdin.
   */
  attach(container: string, client: AttachRequest, exec_id?: string): Promise<void>;
}

export interface AttachRequest {
  readonly fd: number;
  readonly head: Uint8Array;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detach_keys: string;
}
