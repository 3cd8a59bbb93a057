import type { Clock } from './clock.ts';
import type { Descriptors } from './descriptors.ts';
import { Errno, errno, fail } from './errno.ts';
import { exitSignal } from './exit.ts';
import type { GuestMemory } from './guest-memory.ts';
import type { PathFinder } from './working-directory.ts';

/** All that the host knows of one guest. */
export interface State {
  readonly memory: GuestMemory;
  readonly descriptors: Descriptors;
  readonly finder: PathFinder;
  readonly clock: Clock;
  readonly random: (into: Uint8Array) => void;
  /** Each ends with a NUL. */
  readonly args: readonly Uint8Array[];
  readonly env: readonly Uint8Array[];
  /** Set by `proc_exit`; from then on no host call returns. */
  exited: number | null;
}

/** One host call. It gives an errno, a promise of one where it may suspend, and throws an `Errno` to fail. */
export type Call = (...parameters: never[]) => number | Promise<number>;

export type Calls = Readonly<Record<string, Call>>;

/** The number that a guest gets for `thrown`. What must end the guest is thrown on: its exit, an overflowing stack. */
function errnoOf(thrown: unknown): number {
  if (thrown instanceof Errno) return thrown.number;
  if (thrown === exitSignal()) throw thrown;
  if (thrown instanceof Error) {
    const { message } = thrown;
    // V8 and JavaScriptCore, then SpiderMonkey. There is no stack left for a regular expression.
    if (message.includes('call stack size') || message.includes('too much recursion')) throw thrown;
    if (message.includes('allocation failed') || message.includes('Invalid array buffer length')) return errno.NOMEM;
    if (thrown instanceof RangeError) return errno.INVAL;
  }
  return errno.IO;
}

/** Makes the function that the guest imports of a call: nothing but errnos and the end of the guest leaves it. */
export function guard(state: State, call: Call): (...parameters: unknown[]) => unknown {
  const inner = call as unknown as (...parameters: unknown[]) => number | Promise<number>;
  const guarded = (...parameters: unknown[]): unknown => {
    if (state.exited !== null) throw exitSignal();
    try {
      return inner(...parameters);
    } catch (thrown) {
      return errnoOf(thrown);
    }
  };
  // Rest parameters cost an array a call; these arities are the hot ones.
  if (call.length === 3)
    return (a, b, c) => {
      if (state.exited !== null) throw exitSignal();
      try {
        return inner(a, b, c);
      } catch (thrown) {
        return errnoOf(thrown);
      }
    };
  if (call.length === 4)
    return (a, b, c, d) => {
      if (state.exited !== null) throw exitSignal();
      try {
        return inner(a, b, c, d);
      } catch (thrown) {
        return errnoOf(thrown);
      }
    };
  return guarded;
}

/**
 * Ends a call that may wait: a value at once, or a promise where the import suspends. A promise elsewhere is NOTSUP,
 * because nobody could wait for it.
 */
export function settle<T>(
  result: T | Promise<T>,
  suspending: boolean,
  done: (value: T) => number,
): number | Promise<number> {
  if (!(result instanceof Promise)) return done(result);
  if (!suspending) {
    result.catch(() => undefined);
    throw fail('NOTSUP');
  }
  return settleLater(result, done);
}

async function settleLater<T>(result: Promise<T>, done: (value: T) => number): Promise<number> {
  try {
    return done(await result);
  } catch (thrown) {
    return errnoOf(thrown);
  }
}
