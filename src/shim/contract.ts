/**
 * A shim's folder `shims/<id>/`: `bootstrap.json`, `task.sock` (ttrpc: containerd's Task, and Shim), `handoff.sock`
 * (clients by SCM_RIGHTS) and `tasks/<container>.json`.
 */

import type { PublishedPort } from './ports.ts';

/** `bootstrap.json`, written when the shim serves. */
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

/** `tasks/<container>.json`, rename-written: an exit is there before anybody is told of it. */
export interface ShimTaskRecord {
  readonly container: string;
  readonly bundle: string;
  readonly pid: number;
  readonly status: 'created' | 'running' | 'stopped';
  readonly started_at: string | null;
  readonly exit_status: number | null;
  readonly exited_at: string | null;
  readonly oom: boolean;
  /** A sentence for whoever asks why it ended: what a trap said, why a start failed. */
  readonly reason: string | null;
  /** What stands around its process; null until it has run. */
  readonly walls: GuestWalls | null;
  /** Left out when nothing is published. They are free again when the container has ended. */
  readonly ports?: readonly PublishedPort[];
  /** Its processes beside the first; left out when there are none. */
  readonly execs?: readonly ShimExecRecord[];
}

/** One process of a container beside its first. */
export interface ShimExecRecord {
  readonly exec_id: string;
  readonly pid: number;
  readonly status: 'created' | 'running' | 'stopped';
  readonly started_at: string | null;
  readonly exit_status: number | null;
  readonly exited_at: string | null;
  readonly terminal: boolean;
}

/** Names of the walls around a guest's process, outermost first. */
export interface GuestWalls {
  readonly raised: readonly string[];
  readonly missing: readonly string[];
}

/** Starts a shim process that outlives the daemon; resolves when it serves. */
export interface ShimLauncher {
  launch(options: { id: string; namespace: string; folder: string }): Promise<ShimBootstrap>;
}

/** Metadata of a create or exec: how many clients are handed over with it, which its start waits for. */
export const clients_metadata = 'dev.wherry.clients';

/**
 * One connection to `handoff.sock` carries one client: a u32 little-endian length, that many bytes of JSON (this),
 * then `head_bytes` bytes already read from the client; the client's descriptor beside the first byte. The shim answers
 * `{"error":null}` or `{"error":"..."}` and a newline, and closes.
 */
export interface HandoffRequest {
  readonly container: string;
  /** Left out or '' for the container's first process. */
  readonly exec_id?: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detach_keys: string;
  readonly head_bytes: number;
  /** The task is being created: whoever brings its client waits for it. */
  readonly coming: boolean;
}
