import { poll_subscriptions_max } from '../../limits/index.ts';
import { clockid, type ClockId, type Ready, type Waiting } from '../clock.ts';
import { Errno, errno, fail } from '../errno.ts';
import { type File, filetype } from '../files.ts';
import type { Layout } from '../layout.ts';
import { right } from '../rights.ts';
import { type Calls, settle, type State } from '../state.ts';

const event_bytes = 32;
const tag = { clock: 0, fd_read: 1, fd_write: 2 } as const;
const absolute = 1;
const hangup = 1;

interface Timer {
  readonly userdata: bigint;
  /** Nanoseconds from now. */
  readonly left_ns: bigint;
}

interface Watch {
  readonly userdata: bigint;
  readonly type: number;
}

interface Event extends Watch {
  readonly errno: number;
  readonly bytes: bigint;
  readonly flags: number;
}

/** `poll_oneoff`. With `suspending` it may give a promise. */
export function pollCalls(state: State, layout: Layout, suspending: boolean): Calls {
  const { memory, descriptors, clock } = state;

  /** What a subscription to a clock comes to; cpu clocks cannot be waited for (NOTSUP), and there are no others. */
  function timer(view: DataView, at: number, userdata: bigint): Timer {
    const id = view.getUint32(at + layout.clock_subscription.id, true);
    const timeout = view.getBigUint64(at + layout.clock_subscription.timeout, true);
    const flags = view.getUint16(at + layout.clock_subscription.flags, true);
    if (id > clockid.thread_cputime || (flags & ~absolute) !== 0) throw fail('INVAL');
    if (id > clockid.monotonic) throw fail('NOTSUP');
    if ((flags & absolute) === 0) return { userdata, left_ns: timeout };
    const left_ns = timeout - clock.now(id as ClockId);
    return { userdata, left_ns: left_ns > 0n ? left_ns : 0n };
  }

  /** An event at once for what is always ready, else the file to wait for. */
  function watch(fd: number, watched: Watch): Event | File {
    const opened = descriptors.get(fd, 0);
    const needed = watched.type === tag.fd_read ? right.fd_read : right.fd_write;
    if (opened.kind === 'directory') return { ...watched, errno: errno.BADF, bytes: 0n, flags: 0 };
    if (opened.kind !== 'listener' && (opened.rights & (needed | right.poll_fd_readwrite)) === 0)
      throw fail('NOTCAPABLE');
    if (opened.file.type !== filetype.regular_file) return opened.file;
    return { ...watched, errno: errno.SUCCESS, bytes: watched.type === tag.fd_read ? left(opened.file) : 0n, flags: 0 };
  }

  function write(events: readonly Event[], pointer: number, result: number): number {
    const view = memory.at(pointer, events.length * event_bytes);
    let at = pointer;
    for (const event of events) {
      view.setBigUint64(at, event.userdata, true);
      view.setUint16(at + 8, event.errno, true);
      view.setUint16(at + 10, event.type, true);
      view.setUint32(at + 12, 0, true);
      view.setBigUint64(at + 16, event.bytes, true);
      view.setBigUint64(at + 24, BigInt(event.flags), true);
      at += event_bytes;
    }
    memory.set32(result, events.length);
    return errno.SUCCESS;
  }

  return {
    poll_oneoff(subscriptions: number, events_pointer: number, count_signed: number, result_signed: number) {
      const count = count_signed >>> 0;
      const pointer = events_pointer >>> 0;
      const result = result_signed >>> 0;
      if (count === 0 || count > poll_subscriptions_max) throw fail('INVAL');
      const view = memory.at(subscriptions >>> 0, count * layout.subscription_bytes);
      memory.at(pointer, count * event_bytes);
      memory.at(result, 4);

      const timers: Timer[] = [];
      const waiting: Waiting[] = [];
      const watches: Watch[] = [];
      const events: Event[] = [];
      for (let i = 0; i < count; i++) {
        const at = (subscriptions >>> 0) + i * layout.subscription_bytes;
        const watched = { userdata: view.getBigUint64(at, true), type: view.getUint8(at + 8) };
        if (watched.type > tag.fd_write) throw fail('INVAL');
        try {
          if (watched.type === tag.clock) timers.push(timer(view, at, watched.userdata));
          else {
            const found = watch(view.getUint32(at + 16, true), watched);
            if ('userdata' in found) events.push(found);
            else {
              waiting.push({ file: found, interest: watched.type === tag.fd_read ? 'read' : 'write' });
              watches.push(watched);
            }
          }
        } catch (thrown) {
          if (!(thrown instanceof Errno)) throw thrown;
          events.push({ ...watched, errno: thrown.number, bytes: 0n, flags: 0 });
        }
      }

      let timeout_ns: bigint | null = null;
      for (const { left_ns } of timers) if (timeout_ns === null || left_ns < timeout_ns) timeout_ns = left_ns;
      if (events.length > 0) timeout_ns = 0n;
      const started = timers.length > 0 ? clock.now(clockid.monotonic) : 0n;

      const finish = (ready: readonly Ready[]): number => {
        for (const one of ready)
          events.push({ ...watches[one.index]!, errno: one.errno, bytes: one.bytes, flags: one.hangup ? hangup : 0 });
        if (timers.length > 0) {
          // The wait that nothing ended did so because its time had come, whatever a coarse clock says.
          const rang = events.length === 0;
          const passed = clock.now(clockid.monotonic) - started;
          for (const { userdata, left_ns } of timers)
            if (left_ns <= passed || (rang && left_ns === timeout_ns))
              events.push({ userdata, type: tag.clock, errno: errno.SUCCESS, bytes: 0n, flags: 0 });
        }
        return write(events, pointer, result);
      };

      if (waiting.length === 0 && timeout_ns === 0n) return finish([]);
      return settle(clock.wait(waiting, timeout_ns), suspending, finish);
    },
  };
}

/** Bytes between a regular file's place and its end. */
function left(file: File): bigint {
  const rest = file.stat().size - file.seek(0n, 1);
  return rest > 0n ? rest : 0n;
}
