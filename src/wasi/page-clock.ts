import { type Clock, clockid, type ClockId, type Ready, type Waiting } from './clock.ts';
import { isPollable } from './standard-streams.ts';

const ns_per_ms = 1_000_000;
/** What the clocks of a page may be coarsened to without cross-origin isolation. */
const resolution_ns = 100_000n;
const timeout_ms_max = 2 ** 31 - 1;

/** A clock over what a page and its workers have; `wait` gives a promise, so its guest must suspend. */
export function createPageClock(): Clock {
  return {
    now,
    resolution: () => resolution_ns,
    async wait(files, timeout_ns) {
      const until = timeout_ns === null ? null : now(clockid.monotonic) + timeout_ns;
      for (;;) {
        const ready = readyNow(files);
        const left_ns = until === null ? null : until - now(clockid.monotonic);
        if (ready.length > 0 || (left_ns !== null && left_ns <= 0n)) return ready;
        await change(files, left_ns);
      }
    },
    yield() {
      // A page cannot give way without suspending; the next wait does.
    },
  };
}

/** A clock that blocks its thread, for a worker or a process whose files are always ready. */
export function createBlockingClock(): Clock {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  return {
    now,
    resolution: () => resolution_ns,
    wait(files, timeout_ns) {
      const ready = readyNow(files);
      if (ready.length === 0) Atomics.wait(cell, 0, 0, timeout_ns === null ? undefined : toMs(timeout_ns));
      return ready;
    },
    yield() {
      Atomics.wait(cell, 0, 0, 0);
    },
  };
}

function now(clock: ClockId): bigint {
  const ms = clock === clockid.realtime ? performance.timeOrigin + performance.now() : performance.now();
  // In two parts: nanoseconds since 1970 are too many for a double.
  const whole = Math.floor(ms);
  return BigInt(whole) * BigInt(ns_per_ms) + BigInt(Math.floor((ms - whole) * ns_per_ms));
}

function toMs(ns: bigint): number {
  return Math.min(timeout_ms_max, Math.ceil(Number(ns) / ns_per_ms));
}

/** Files that cannot be asked are always ready. */
function readyNow(files: readonly Waiting[]): Ready[] {
  const ready: Ready[] = [];
  for (const [index, { file, interest }] of files.entries()) {
    if (interest === 'write' || !isPollable(file)) ready.push({ index, bytes: 0n, hangup: false, errno: 0 });
    else {
      const state = file.ready();
      if (state !== null) ready.push({ index, bytes: BigInt(state.bytes), hangup: state.hangup, errno: 0 });
    }
  }
  return ready;
}

async function change(files: readonly Waiting[], left_ns: bigint | null): Promise<void> {
  const changes: Promise<void>[] = [];
  for (const { file } of files) if (isPollable(file)) changes.push(file.change());
  if (left_ns === null) {
    await Promise.race(changes);
    return;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, toMs(left_ns));
  });
  await Promise.race([...changes, timeout]);
  clearTimeout(timer);
}
