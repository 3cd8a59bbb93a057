import type { Files } from '../wasi/index.ts';
import type { Streams } from './streams.ts';

/** A program of the image that is to be run to its end. */
export interface ProgramCall {
  /** Absolute. */
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly streams: Streams;
}

/** What the shell needs of the process around it. All of it blocks. */
export interface ShellHost {
  readonly files: Files;
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  /** The commands of the container's processes, the first one's first. */
  readonly processes: readonly (readonly string[])[];
  /** Somebody types: prompts are printed, and a fault does not end the shell. */
  interactive: boolean;
  /** Nanoseconds since 1970. */
  now(): bigint;
  sleep(ns: bigint): void;
  /** @throws what the loops and waits around are left by when somebody has interrupted them */
  demandGoOn(): void;
  /** Runs a WebAssembly program; gives its exit code. */
  runProgram(call: ProgramCall): number;
}
