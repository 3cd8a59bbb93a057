import { bind, check } from './library.ts';

const c = bind({
  clock_getres: { arguments: ['int32', 'buffer'], return: 'int32' },
  clock_gettime: { arguments: ['int32', 'buffer'], return: 'int32' },
});

/** The kernel's clocks: wall time, time that never goes back, CPU time of this process and of this thread. */
export const CLOCK = { REALTIME: 0, MONOTONIC: 1, PROCESS_CPUTIME: 2, THREAD_CPUTIME: 3 } as const;

const time = Buffer.alloc(16);

function nanoseconds(): bigint {
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8);
}

/** A clock of `CLOCK` in nanoseconds. */
export function clockTime(clock: number): bigint {
  check('clock_gettime', c.clock_gettime(clock, time));
  return nanoseconds();
}

/** The step of a clock in nanoseconds. */
export function clockResolution(clock: number): bigint {
  check('clock_getres', c.clock_getres(clock, time));
  return nanoseconds();
}
