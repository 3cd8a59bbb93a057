import {
  clockResolution,
  clockTime,
  CLOCK,
  POLL,
  poll,
  readableBytes,
  statDescriptor,
  seek,
  SystemError,
} from '../../os/index.ts';
import { type Clock, type ClockId, errno, type Ready, type Waiting } from '../../wasi/index.ts';
import { HostFile } from './host-file.ts';
import { HostListener } from './host-socket.ts';
import { ImageFile } from './image-file.ts';

/** The clock of a guest that has a process of its own: it waits by blocking in `ppoll`. */
export function createClock(): Clock {
  return new ProcessClock();
}

interface Entry {
  readonly fd: number;
  readonly events: number;
  found: number;
}

class ProcessClock implements Clock {
  now(clock: ClockId): bigint {
    return clockTime(clock);
  }

  resolution(clock: ClockId): bigint {
    return clockResolution(clock);
  }

  wait(files: readonly Waiting[], timeout_ns: bigint | null): readonly Ready[] {
    const entries: Entry[] = [];
    const indexes: number[] = [];
    const ready: Ready[] = [];
    for (const [index, { file, interest }] of files.entries()) {
      const fds = descriptorsOf(file);
      if (fds.length > 0) {
        for (const fd of fds) {
          entries.push({ fd, events: interest === 'read' ? POLL.IN : POLL.OUT, found: 0 });
          indexes.push(index);
        }
      } else {
        // Files and devices never wait.
        ready.push({ index, bytes: interest === 'read' ? bytesLeft(file) : 0n, hangup: false, errno: errno.SUCCESS });
      }
    }
    pollUntil(entries, ready.length > 0 ? 0n : timeout_ns);
    let told = -1;
    for (const [i, entry] of entries.entries()) {
      const index = indexes[i]!;
      // A listening socket may stand for several descriptors, one after the other.
      if (entry.found === 0 || index === told) continue;
      told = index;
      ready.push(readyOf(index, entry));
    }
    return ready;
  }

  yield(): void {
    poll([], 0n);
  }
}

/** What is waited for; none for files and devices that never make anybody wait. */
function descriptorsOf(file: Waiting['file']): readonly number[] {
  if (file instanceof HostListener) return file.fds;
  return file instanceof HostFile && !file.seekable ? [file.fd] : [];
}

/** `poll` that a signal does not end early. */
function pollUntil(entries: readonly Entry[], timeout_ns: bigint | null): void {
  const deadline = timeout_ns === null ? null : clockTime(CLOCK.MONOTONIC) + timeout_ns;
  for (let left = timeout_ns; ;) {
    if (poll(entries, left) > 0) return;
    if (deadline === null) continue;
    left = deadline - clockTime(CLOCK.MONOTONIC);
    if (left <= 0n) return;
  }
}

function readyOf(index: number, { fd, events, found }: Entry): Ready {
  const invalid = (found & POLL.NVAL) !== 0;
  const hangup = (found & (POLL.HUP | POLL.ERR)) !== 0;
  const bytes = events === POLL.IN && !invalid ? waitingBytes(fd) : 0n;
  return { index, bytes, hangup, errno: invalid ? errno.BADF : errno.SUCCESS };
}

function waitingBytes(fd: number): bigint {
  try {
    return BigInt(readableBytes(fd));
  } catch (error) {
    if (error instanceof SystemError) return 0n;
    throw error;
  }
}

function bytesLeft(file: Waiting['file']): bigint {
  if (file instanceof ImageFile) return file.remaining;
  if (!(file instanceof HostFile)) return 1n;
  const rest = statDescriptor(file.fd).size - seek(file.fd, 0n, 1);
  return rest > 0n ? rest : 0n;
}
