import type { Any, Labels } from './basics.ts';
import type { SandboxFields } from './sandboxes.ts';
import type { Mount } from './snapshots.ts';

/** What a client says of a sandbox that is to run. */
export interface SandboxCreateOptions {
  readonly rootfs: readonly Mount[];
  readonly options: Any | null;
  readonly netns_path: string;
  readonly annotations: Labels;
}

/** Where the tasks of a sandbox are served, as containerd names it: `ttrpc+unix://…`. */
export interface SandboxEndpoint {
  readonly address: string;
  /** Of the Task service. */
  readonly version: number;
}

export interface StartedSandbox extends SandboxEndpoint {
  readonly pid: number;
  readonly created_at: Date | null;
  readonly spec: Any | null;
}

export interface SandboxStatus extends SandboxEndpoint {
  readonly pid: number;
  /** In the shim's words; '' when nothing runs. */
  readonly state: string;
  readonly info: Labels;
  readonly created_at: Date | null;
  readonly exited_at: Date | null;
  readonly extra: Any | null;
}

/** Sandboxes that run: a shim each, which serves containerd's runtime sandbox service and has the sandbox's tasks. */
export interface SandboxController {
  /** AlreadyExists when it runs; Unimplemented when its shim knows no sandboxes. */
  create(sandbox: Pick<SandboxFields, 'id' | 'runtime' | 'spec'>, options: SandboxCreateOptions): Promise<void>;
  start(id: string): Promise<StartedSandbox>;
  platform(id: string): Promise<{ readonly os: string; readonly architecture: string; readonly variant: string }>;
  /** One that does not run is stopped. `timeout_s` seconds are given to it. */
  stop(id: string, timeout_s: number): Promise<void>;
  wait(id: string): Promise<{ readonly exit_status: number; readonly exited_at: Date | null }>;
  status(id: string, verbose: boolean): Promise<SandboxStatus>;
  shutdown(id: string): Promise<void>;
  metrics(
    id: string,
  ): Promise<{ readonly id: string; readonly timestamp: Date | null; readonly data: Any | null } | null>;
}
