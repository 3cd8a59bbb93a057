import type { GuestExit, GuestFailure, GuestJob, ProgramPlace } from '../job.ts';
import type { Wall } from '../walls.ts';
import type { CodeCache } from './code-cache.ts';

/** The answer to a broker request: the reply, and a descriptor to go with it, which is closed once it was sent. */
export interface BrokerAnswer {
  readonly reply: Uint8Array;
  readonly descriptor: number | null;
}

export interface GuestOptions {
  /** Read when it is sent: in the same turn the process begins to be told of what other processes change. */
  readonly job: GuestJob;
  /** In the order that `GuestJob` gives. They stay the caller's. */
  readonly descriptors: readonly number[];
  /** Answers the guest's broker requests, synchronously; what it throws is a breach and ends the guest. */
  answer(request: Uint8Array): BrokerAnswer;
  /** Told once at most of the program, when there was no compiled code for it. */
  program?(place: ProgramPlace): void;
  /** Takes a piece of the core dump that the job asks for; what it throws is a breach and ends the guest. */
  core?(piece: Uint8Array): void;
  /** Told when the guest takes the key that interrupts by itself, and again when it has taken it. */
  takesKeys?(): void;
  /**
   * Puts the process where its limits hold, before it allocates for its guest. `by_itself`: it has one thread, and can go
   * to a control group by writing `0` into the files that are given, which are closed once they were sent.
   */
  place(pid: number, by_itself: boolean): readonly number[];
}

/** How a guest process ended. */
export interface GuestEnd {
  /** Exit code of the process, or 128 + signal. */
  readonly status: number;
  /** What the guest's process said of itself before it left; null when it was killed. */
  readonly said: GuestExit | null;
}

/** A process that holds a guest: it makes everything ready, and waits for `start` before the first instruction. */
export interface GuestProcess {
  /** As this process sees it. */
  readonly pid: number;
  /** Lets the guest run. */
  start(): void;
  /** Tells it what another process of its container changed about their files: `Answer.notice` of the broker. */
  notify(notice: Uint8Array): void;
  /** Tells it that the key which interrupts was pressed, once it takes keys. */
  interrupt(): void;
  /**
   * Settles when the guest's first instruction is about to run, with the walls around its process; rejects with a
   * `GuestFailed` when it never will.
   */
  readonly running: Promise<readonly Wall[]>;
  /** Settles when the guest has ended, and with it all that the process does, or the process is gone. */
  readonly ended: Promise<GuestEnd>;
  /** Sends a signal to this very process; false when it has gone. */
  signal(number: number): boolean;
}

/** A guest that did not come to run. */
export class GuestFailed extends Error {
  readonly failure: GuestFailure;

  constructor(failure: GuestFailure) {
    super(failure.text);
    this.failure = failure;
  }
}

/** A way of starting guest processes. Everything works with either; `spawn` needs nothing but Node, `fork` is fast. */
export interface Starter {
  readonly way: 'fork' | 'spawn';
  /** Makes what waits ready, so that the next guest is a warm one. */
  prepare(): Promise<void>;
  /** A process for this job; it begins to read and compile the program at once. */
  create(options: GuestOptions): Promise<GuestProcess>;
  /** Compiled code for its guests; null when they take none. */
  readonly code: CodeCache | null;
  /** A path to open a file by that a guest is handed to read, so that it can change nothing about it where possible. */
  readOnlyPath(path: string): string;
  /** For whoever asks how it goes. */
  readonly figures: StarterFigures;
  close(): void;
}

export interface StarterFigures {
  /** The process that waits ready, or 0. */
  readonly zygote_pid: number;
  readonly starts: number;
  /** How often the watch had to act: a child that did not report in time. */
  readonly watch_acted: number;
  /** Processes that were forked ahead and have no guest yet. */
  readonly standby_pids: readonly number[];
}
