import { WherryError } from '../errors/index.ts';
import { exitSignal } from './exit.ts';
import type { Host } from './host.ts';
import { describeTrap, type Program, trapFrames } from './trap.ts';

/** How a guest ended by itself: its exit code, and with 134 the message about its trap. */
export interface Ended {
  readonly code: number;
  readonly trap: string | null;
}

export interface RunOptions {
  /** A function without parameters that is to be called instead of `_start`, after `_initialize`. */
  readonly export?: string;
  /** What the instance was made of, so that the message about a trap can name places in its source. */
  readonly program?: Program;
}

const trap_code = 134;
const stack_frames = 40;

/**
 * Runs a guest to its end: `_start` of a command; `_initialize` of a reactor and then the named export, if one is
 * named. Blocks. Throws InvalidArgument when the module does not export what is to be called.
 */
export function run(host: Host, instance: WebAssembly.Instance, options: RunOptions = {}): Ended {
  const calls = entries(instance, options);
  host.bind(instance);
  const limit = deepStacks();
  try {
    for (const call of calls) call();
    return { code: host.exited ?? 0, trap: null };
  } catch (thrown) {
    return endedBy(host, thrown, options.program);
  } finally {
    restoreStacks(limit);
  }
}

/** `run` for an instance whose imports suspend. */
export async function runSuspending(
  host: Host,
  instance: WebAssembly.Instance,
  options: RunOptions = {},
): Promise<Ended> {
  const calls = entries(instance, options).map((call) => WebAssembly.promising(call));
  host.bind(instance);
  const limit = deepStacks();
  try {
    for (const call of calls) await call();
    return { code: host.exited ?? 0, trap: null };
  } catch (thrown) {
    return endedBy(host, thrown, options.program);
  } finally {
    restoreStacks(limit);
  }
}

/**
 * What it means that `thrown` came out of a guest: its exit, or a trap. For what runs beside `run`: a module may have a
 * start function, which runs while it is instantiated.
 */
export function endedBy(host: Host, thrown: unknown, program?: Program): Ended {
  if (host.exited !== null && thrown === exitSignal()) return { code: host.exited, trap: null };
  if (program?.trapped !== undefined) program.trapped(trapFrames(thrown, program));
  return { code: trap_code, trap: describeTrap(thrown, program) };
}

/**
 * Whether `run` would find what it is to call. Throws InvalidArgument, saying what the module does not export.
 */
export function checkEntries(instance: WebAssembly.Instance, options: RunOptions = {}): void {
  entries(instance, options);
}

function entries(instance: WebAssembly.Instance, options: RunOptions): (() => unknown)[] {
  const { _start: start, _initialize: initialize } = instance.exports;
  const named = options.export;
  if (named !== undefined && named !== '_start') {
    const chosen = instance.exports[named];
    if (typeof chosen !== 'function')
      throw new WherryError('InvalidArgument', `the module exports no function ${JSON.stringify(named)}`);
    if (chosen.length > 0)
      throw new WherryError(
        'InvalidArgument',
        `the function ${JSON.stringify(named)} has parameters, which no one gives`,
      );
    const run_named = chosen as () => unknown;
    return typeof initialize === 'function' ? [initialize as () => unknown, run_named] : [run_named];
  }
  if (typeof start === 'function') return [start as () => unknown];
  if (typeof initialize === 'function' && named === undefined) return [initialize as () => unknown];
  throw new WherryError(
    'InvalidArgument',
    'the module exports neither "_start" nor "_initialize": it is no WASI program; name a function to run with #NAME',
  );
}

/** V8 keeps ten frames of a stack unless told otherwise. */
function deepStacks(): number | undefined {
  const stacks = Error as { stackTraceLimit?: number };
  const before = stacks.stackTraceLimit;
  stacks.stackTraceLimit = stack_frames;
  return before;
}

function restoreStacks(limit: number | undefined): void {
  const stacks = Error as { stackTraceLimit?: number };
  if (limit === undefined) delete stacks.stackTraceLimit;
  else stacks.stackTraceLimit = limit;
}
