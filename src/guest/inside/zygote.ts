import {
  close,
  exitNow,
  fork,
  noNewPrivileges,
  openProcess,
  POLL,
  poll,
  receiveMessage,
  reap,
  RLIMIT,
  setLimit,
  signalByDescriptor,
  SystemError,
  write,
  type Polled,
} from '../../os/index.ts';
import { control_fd, encodeReport, order, order_bytes, report } from '../control.ts';
import type { Wall } from '../walls.ts';
import { gatherHeap, reserveScatter } from './address-space.ts';
import { flagHash, loadNative } from './compiled-code.ts';
import { becomeChild, childPlaces, type Places, rememberInheritance } from './child.ts';
import { allowFork, emptyWorkerList } from './fork-safety.ts';
import { type Open, serveGuest } from './serve.ts';
import { rehearse } from './rehearsal.ts';
import { prepareWalls } from './walls/index.ts';

interface Child {
  readonly job: number;
  readonly pid: number;
  readonly pidfd: number;
}

/** How often the way of a child is gone before the first fork: code that never ran would be compiled in every child. */
const rehearsals = 24;

export interface RunZygoteOptions {
  /** The path of the native part, '' for none. */
  readonly native: string;
  readonly in_bubblewrap: boolean;
  /** Its children do, to test the watch. */
  readonly hangs: boolean;
  /** What its children make of a job. */
  readonly open: Open;
  /** Walls that its children do without, to test the others. */
  readonly without?: readonly Wall[];
}

/** Leaves after its last child once the shim sends no more orders. */
export function runZygote({ native, in_bubblewrap, hangs, open, without }: RunZygoteOptions): never {
  reserveScatter();
  if (native !== '') loadNative(native);
  emptyWorkerList();
  noNewPrivileges();
  setLimit(RLIMIT.CORE, 0n);
  rememberInheritance();
  const walls = prepareWalls({ in_bubblewrap, one_thread: true, ...(without === undefined ? {} : { without }) });
  const walls_to_rehearse = walls.rehearsal;
  for (let i = 0; i < rehearsals; i++) rehearse(walls_to_rehearse);
  gatherHeap();
  rehearse(walls_to_rehearse);

  const places: Places = childPlaces();
  const children = new Map<number, Child>();
  const order_buffer = Buffer.alloc(order_bytes);
  let serving = true;

  write(control_fd, encodeReport(report.ready, 0, process.pid, (flagHash() ?? 0) | 0));

  while (serving || children.size > 0) {
    const waiting: Polled[] = [];
    if (serving) waiting.push({ fd: control_fd, events: POLL.IN, found: 0 });
    for (const child of children.values()) waiting.push({ fd: child.pidfd, events: POLL.IN, found: 0 });
    poll(waiting, null);

    for (const { fd, found } of waiting) {
      if (found === 0) continue;
      if (fd !== control_fd) {
        const child = children.get(fd)!;
        const ended = reap(child.pid, true);
        children.delete(fd);
        close(fd);
        tell(report.ended, child.job, child.pid, ended?.code ?? 255);
      } else if (!obey()) serving = false;
    }
  }
  exitNow(0);

  function obey(): boolean {
    const message = receive(order_buffer);
    if (message === null || message.bytes === 0) return false;
    let have = message.bytes;
    while (have < order_bytes) {
      const rest = receive(order_buffer.subarray(have));
      if (rest === null || rest.bytes === 0) return false;
      have += rest.bytes;
    }
    const kind = order_buffer.readUInt32LE(0);
    const job = order_buffer.readUInt32LE(4);
    if (kind === order.kill) {
      for (const child of children.values()) if (child.job === job) signalByDescriptor(child.pidfd, 9);
      return true;
    }
    const channel = message.descriptors[0];
    if (channel === undefined) return true;
    allowFork();
    const pid = fork();
    if (pid === 0 && hangs) poll([], null);
    if (pid === 0) {
      // Nothing may be thrown out of here: a child has no loop to end it, and would stay for ever. The shim may have
      // gone, and the zygote with it, before the child asked to die with them.
      try {
        const mine = becomeChild(channel, control_fd, job, places);
        // Each page it writes to for the first time is copied now, and not when its job has come.
        if (kind === order.standby) rehearse(walls_to_rehearse);
        walls.raiseFirst();
        exitNow(serveGuest(mine, places.stdio, walls, open));
      } catch {
        exitNow(255);
      }
    }
    close(channel);
    const child: Child = { job, pid, pidfd: openProcess(pid) };
    children.set(child.pidfd, child);
    tell(report.forked, job, pid, 0);
    return true;
  }

  /** What the shim sends; null when it has gone, which it may with reports unread. */
  function receive(into: Buffer): ReturnType<typeof receiveMessage> {
    try {
      return receiveMessage(control_fd, into);
    } catch (error) {
      if (error instanceof SystemError && error.code === 'ECONNRESET') return null;
      throw error;
    }
  }

  function tell(kind: number, job: number, pid: number, status: number): void {
    try {
      write(control_fd, encodeReport(kind, job, pid, status));
    } catch {
      // The shim is gone; its death signal is on the way.
      exitNow(0);
    }
  }
}
