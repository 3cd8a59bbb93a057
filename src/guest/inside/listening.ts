import { HostListener } from '../../vfs/index.ts';
import type { GuestJob } from '../job.ts';

/** wasi-libc's `getpid` gives this number, whatever runs the program. */
const guest_pid = 42;

/** The listening sockets of a guest, and the environment that tells it of them. */
export interface Listening {
  readonly sockets: readonly HostListener[];
  /** `NAME=value`. */
  readonly env: readonly string[];
}

/**
 * Hands the listeners of the host to the guest, one socket for each port of the container, as sd_listen_fds(3) has it:
 * from descriptor 3 on, with their number in LISTEN_FDS and their ports in LISTEN_FDNAMES.
 */
export function openListening({ listening, env }: GuestJob, listeners: readonly number[]): Listening {
  if (listening.length === 0) return { sockets: [], env };
  let at = 0;
  const sockets = listening.map((each) => new HostListener(listeners.slice(at, (at += each.listeners))));
  return {
    sockets,
    env: [
      ...env.filter((variable) => !/^LISTEN_(FDS|PID|FDNAMES)=/.test(variable)),
      `LISTEN_FDS=${sockets.length}`,
      `LISTEN_PID=${guest_pid}`,
      `LISTEN_FDNAMES=${listening.map(({ port }) => port).join(':')}`,
    ],
  };
}
