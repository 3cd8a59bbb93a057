import { guest_process_descriptors_max } from '../../../limits/index.ts';
import {
  becomeUser,
  canFilterSystemCalls,
  changeRoot,
  denyByLandlock,
  dieWithParent,
  dropCapabilities,
  enterEmptyRoot,
  filterSystemCalls,
  forbidTracing,
  knowsSystemCalls,
  landlockVersion,
  NAMESPACE,
  noNewPrivileges,
  RLIMIT,
  setLimit,
  unshare,
  userId,
  writeFilter,
} from '../../../os/index.ts';
import { empty_folder } from '../../control.ts';
import { type Wall, walls as order } from '../../walls.ts';
import { calls_of_guest, calls_of_threads } from './system-calls.ts';

const SIGKILL = 9;

export interface WallsOptions {
  /** This process, or the one it will be forked from, was started inside bubblewrap. */
  readonly in_bubblewrap: boolean;
  /** It has one thread, as a forked one has. What holds for the calling thread alone is no wall in one with more. */
  readonly one_thread: boolean;
  /** For a test of the others: are not raised. No program that ships sets it. */
  readonly without?: readonly Wall[];
}

/** The walls of one process, raised in two steps. What cannot be raised is left out of what `raiseRest` gives. */
export interface Walls {
  /** Those that need no job: a process that stands by has them already. Its job's files come as descriptors. */
  raiseFirst(): void;
  /**
   * The rest, the last of them the system calls; gives all that stand now, outermost first. `debugged`: a debugger is to
   * be let in, which needs a thread and a socket of its own.
   */
  raiseRest(host_uid: number | null, debugged: boolean): readonly Wall[];
  /** The same ways through this code and the kernel, with nothing raised. */
  readonly rehearsal: Walls;
}

/** Finds out what this machine offers and makes what raising it needs. Costs too much for each guest: once in a zygote. */
export function prepareWalls({ in_bubblewrap, one_thread, without }: WallsOptions): Walls {
  const landlock = landlockVersion();
  const filter =
    knowsSystemCalls() && canFilterSystemCalls()
      ? writeFilter(one_thread ? calls_of_guest : [...calls_of_guest, ...calls_of_threads])
      : null;
  const root = userId() === 0;
  const wanted = (wall: Wall): boolean => without?.includes(wall) !== true;

  function walls(rehearse: boolean): Walls {
    let raised: Wall[] = [];

    /** Raises a wall if this machine lets it. */
    function raise(wall: Wall, act: () => void): void {
      if (!wanted(wall)) return;
      try {
        act();
        raised.push(wall);
      } catch {
        // Whoever asked for the guest is told by what stands.
      }
    }

    return {
      raiseFirst() {
        raised = [];
        if (in_bubblewrap) {
          raised.push('network', 'processes');
          raise('files', () => {
            if (!rehearse) changeRoot(empty_folder);
          });
        } else if (!rehearse) {
          raise('network', () => {
            demandOneThread();
            unshare(own_namespaces | (root ? 0 : NAMESPACE.USER));
            // The kernel forgets it when a process changes its rights.
            dieWithParent(SIGKILL);
            raise('files', () => enterEmptyRoot('/tmp'));
          });
        }
        noNewPrivileges();
        raise('landlock', () => {
          if (landlock === 0) throw new Error('this kernel has none');
          demandOneThread();
          denyByLandlock(landlock, rehearse);
        });
      },
      raiseRest(host_uid, debugged) {
        if (host_uid !== null) {
          raise('not-root', () => becomeUser(host_uid, host_uid));
        } else if (!root) raised.push('not-root');
        raise('capabilities', () => {
          // A change of the user takes them from all threads.
          if (host_uid === null) demandOneThread();
          dropCapabilities(rehearse);
        });
        raise('limits', () => {
          if (debugged) throw new Error('a thread could not be made');
          if (rehearse) return;
          forbidTracing();
          for (const [resource, most] of limits) setLimit(resource, most);
        });
        // The kernel forgets it when a process changes its user or may not be traced any more.
        dieWithParent(SIGKILL);
        raise('system-calls', () => {
          if (filter === null || debugged) throw new Error('not on this machine, or not now');
          filterSystemCalls(filter, rehearse);
        });
        return order.filter((wall) => raised.includes(wall));
      },
      get rehearsal() {
        return walls(true);
      },
    };

    function demandOneThread(): void {
      if (!one_thread) throw new Error('the other threads would not be held');
    }
  }
  return walls(false);
}

const own_namespaces = NAMESPACE.MOUNT | NAMESPACE.NETWORK | NAMESPACE.IPC | NAMESPACE.UTS | NAMESPACE.CGROUP;

/** A process of a guest makes no other, leaves no core dump and no message queue. */
const limits: readonly (readonly [number: (typeof RLIMIT)[keyof typeof RLIMIT], most: bigint])[] = [
  [RLIMIT.CORE, 0n],
  [RLIMIT.NPROC, 0n],
  [RLIMIT.MSGQUEUE, 0n],
  [RLIMIT.NOFILE, BigInt(guest_process_descriptors_max)],
];
