import type { File } from './files.ts';

/** `clockid` of preview 1. */
export const clockid = { realtime: 0, monotonic: 1, process_cputime: 2, thread_cputime: 3 } as const;

export type ClockId = (typeof clockid)[keyof typeof clockid];

/** A file that `poll_oneoff` waits for. */
export interface Waiting {
  readonly file: File;
  readonly interest: 'read' | 'write';
}

/** What is known of a file that became ready. `errno` is a preview 1 number, 0 when all is well. */
export interface Ready {
  readonly index: number;
  readonly bytes: bigint;
  readonly hangup: boolean;
  readonly errno: number;
}

/** Time, and waiting for time or files. */
export interface Clock {
  /** Nanoseconds. */
  now(clock: ClockId): bigint;
  resolution(clock: ClockId): bigint;
  /**
   * Waits until at least one of `files` is ready or `timeout_ns` has passed (null: for ever); gives the ready ones,
   * none at the timeout. In a process it blocks and gives a value; in a page a promise.
   */
  wait(files: readonly Waiting[], timeout_ns: bigint | null): readonly Ready[] | Promise<readonly Ready[]>;
  /** Gives way to others. */
  yield(): void;
}
