import { random_bytes_max } from '../../limits/index.ts';
import { clockid, type ClockId } from '../clock.ts';
import { errno, fail } from '../errno.ts';
import { exitCode, exitSignal } from '../exit.ts';
import type { Calls, State } from '../state.ts';

/** Signals of preview 1 whose default is to do nothing, and those that would stop the process. */
const ignored_signals: readonly number[] = [16, 17, 21, 27];
const stopping_signals: readonly number[] = [18, 19, 20, 22];
const signal_max = 30;

/** Arguments, environment, clocks, randomness, the end of the process. */
export function processCalls(state: State): Calls {
  const { memory, clock } = state;

  function writeSizes(strings: readonly Uint8Array[], count: number, bytes: number): number {
    let sum = 0;
    for (const string of strings) sum += string.length;
    memory.at(bytes, 4);
    memory.set32(count, strings.length);
    memory.set32(bytes, sum);
    return errno.SUCCESS;
  }

  function writeStrings(strings: readonly Uint8Array[], pointers: number, buffer: number): number {
    let at = buffer;
    for (const [i, string] of strings.entries()) {
      memory.bytes(at, string.length).set(string);
      memory.set32(pointers + i * 4, at);
      at += string.length;
    }
    return errno.SUCCESS;
  }

  function toClock(id: number): ClockId {
    if (id < clockid.realtime || id > clockid.thread_cputime) throw fail('INVAL');
    return id as ClockId;
  }

  return {
    args_get: (pointers: number, buffer: number) => writeStrings(state.args, pointers >>> 0, buffer >>> 0),
    args_sizes_get: (count: number, bytes: number) => writeSizes(state.args, count >>> 0, bytes >>> 0),
    environ_get: (pointers: number, buffer: number) => writeStrings(state.env, pointers >>> 0, buffer >>> 0),
    environ_sizes_get: (count: number, bytes: number) => writeSizes(state.env, count >>> 0, bytes >>> 0),

    clock_res_get(id: number, pointer: number) {
      memory.set64(pointer >>> 0, clock.resolution(toClock(id)));
      return errno.SUCCESS;
    },

    clock_time_get(id: number, _precision: bigint, pointer: number) {
      memory.set64(pointer >>> 0, clock.now(toClock(id)));
      return errno.SUCCESS;
    },

    random_get(pointer: number, length: number) {
      const bytes = memory.bytes(pointer >>> 0, length >>> 0);
      for (let at = 0; at < bytes.length; at += random_bytes_max)
        state.random(bytes.subarray(at, at + random_bytes_max));
      return errno.SUCCESS;
    },

    proc_exit(code: number) {
      state.exited = exitCode(code >>> 0);
      throw exitSignal();
    },

    proc_raise(signal: number) {
      if (signal < 0 || signal > signal_max) throw fail('INVAL');
      if (signal === 0 || ignored_signals.includes(signal)) return errno.SUCCESS;
      if (stopping_signals.includes(signal)) throw fail('NOTSUP');
      // From 16 on Linux counts one more: its SIGSTKFLT is no signal of WASI.
      state.exited = 128 + (signal < 16 ? signal : signal + 1);
      throw exitSignal();
    },

    sched_yield() {
      clock.yield();
      return errno.SUCCESS;
    },
  };
}
