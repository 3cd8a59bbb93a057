/**
 * How core comes by shims. It knows them by the Task service and, for our own, by a folder `shims/<id>/` with
 * `bootstrap.json`, `task.sock` (ttrpc), `handoff.sock` (clients by SCM_RIGHTS) and `tasks/<container>.json`
 * (what the shim knows of a task, rename-written: a status is there before anybody is told of it).
 */

/** `shims/<id>/bootstrap.json`, written by the shim when it serves. */
export interface ShimBootstrap {
  readonly id: string;
  readonly namespace: string;
  readonly pid: number;
  /** Clock ticks since boot, as decimal text; with the pid it names one process for good. */
  readonly start_time: string;
  readonly version: string;
  /** Path of the ttrpc socket. */
  readonly address: string;
  /** Path of the socket that takes clients over. */
  readonly handoff: string;
}

/** `shims/<id>/tasks/<container>.json`. */
export interface ShimTaskRecord {
  readonly container: string;
  readonly bundle: string;
  readonly pid: number;
  readonly status: 'created' | 'running' | 'stopped';
  readonly started_at: string | null;
  readonly exit_status: number | null;
  readonly exited_at: string | null;
  readonly oom: boolean;
  readonly reason: string | null;
}

/** Starts a shim process that outlives the daemon; resolves when it serves. Given by the composition root. */
export interface ShimLauncher {
  launch(options: { id: string; namespace: string; folder: string }): Promise<ShimBootstrap>;
}

/**
 * One connection to `handoff.sock` carries one client: a u32 little-endian length, that many bytes of JSON
 * (`HandoffRequest`), then the bytes already read from the client; the client's descriptor beside the first byte.
 * The shim answers `{"error":null}` or `{"error":"..."}` and a newline, and closes.
 */
export interface HandoffRequest {
  readonly container: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detach_keys: string;
  /** How many bytes follow the JSON. */
  readonly head_bytes: number;
}
