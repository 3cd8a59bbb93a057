import { readFileSync } from 'node:fs';

import { bind, check, lastErrno, SystemError, sys, systemCall } from './library.ts';
import { errno } from './errno.ts';

const c = bind({
  _exit: { arguments: ['int32'], return: 'void' },
  fork: { arguments: [], return: 'int32' },
  kill: { arguments: ['int32', 'int32'], return: 'int32' },
  prlimit: { arguments: ['int32', 'int32', 'pointer', 'pointer'], return: 'int32' },
  prctl: { arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'], return: 'int32' },
  setrlimit: { arguments: ['int32', 'buffer'], return: 'int32' },
  setsid: { arguments: [], return: 'int32' },
  waitpid: { arguments: ['int32', 'buffer', 'int32'], return: 'int32' },
});

/** `fork(2)`: 0 in the child, which has this one thread only. */
export function fork(): number {
  return check('fork', c.fork());
}

/** Ends this process at once, without handlers. The call itself: a function around it would be compiled in each child. */
export const exitNow: (code: number) => never = c._exit as unknown as (code: number) => never;

/** How a process ended. */
export interface Ended {
  readonly pid: number;
  /** The exit code, or 128 + the signal that killed it. */
  readonly code: number;
  /** The signal that killed it, 0 when none did. */
  readonly signal: number;
}

const status_buffer = Buffer.alloc(4);

/** Reaps a child (-1: any); null when none has ended yet (`block: false`) or there is no child. */
export function reap(pid: number, block: boolean): Ended | null {
  for (;;) {
    const result = c.waitpid(pid, status_buffer, block ? 0 : 1);
    if (result > 0) {
      const status = status_buffer.readInt32LE(0);
      const signal = status & 127;
      return { pid: result, signal, code: signal === 0 ? (status >> 8) & 255 : 128 + signal };
    }
    if (result === 0) return null;
    const e = lastErrno();
    if (e === errno.ECHILD) return null;
    if (e !== errno.EINTR) throw new SystemError('waitpid', e);
  }
}

/** Sends a signal; false when there is no such process. */
export function signalProcess(pid: number, signal: number): boolean {
  if (c.kill(pid, signal) === 0) return true;
  const e = lastErrno();
  if (e === errno.ESRCH) return false;
  throw new SystemError('kill', e);
}

/** A descriptor of a process, which no other process can take over as it can a number. */
export function openProcess(pid: number): number {
  const fd = systemCall(sys.pidfd_open, pid, 0);
  if (fd < 0) throw new SystemError('pidfd_open', -fd);
  return fd;
}

/** Sends a signal through a pidfd; false when the process is gone. */
export function signalByDescriptor(pidfd: number, signal: number): boolean {
  const result = systemCall(sys.pidfd_send_signal, pidfd, signal, 0, 0);
  if (result === 0) return true;
  if (-result === errno.ESRCH) return false;
  throw new SystemError('pidfd_send_signal', -result);
}

/** This process gets `signal` when its parent (the thread that made it) ends. Not inherited by a fork. */
export function dieWithParent(signal: number): void {
  check('prctl', c.prctl(1, BigInt(signal), 0n, 0n, 0n));
}

/** No exec of this process or its children can gain rights. */
export function noNewPrivileges(): void {
  check('prctl', c.prctl(38, 1n, 0n, 0n, 0n));
}

/** No process of the same user can look into or trace this one, which leaves no core dump either. */
export function forbidTracing(): void {
  check('prctl', c.prctl(4, 0n, 0n, 0n, 0n));
}

export function newSession(): void {
  check('setsid', c.setsid());
}

/** `RLIMIT_*` numbers. */
export const RLIMIT = { CPU: 0, FSIZE: 1, DATA: 2, STACK: 3, CORE: 4, NPROC: 6, NOFILE: 7, MSGQUEUE: 12 } as const;

const limit_buffer = Buffer.alloc(16);

/** Sets the soft and hard limit of this process. */
export function setLimit(resource: (typeof RLIMIT)[keyof typeof RLIMIT], value: bigint): void {
  limit_buffer.writeBigUInt64LE(value, 0);
  limit_buffer.writeBigUInt64LE(value, 8);
  check('setrlimit', c.setrlimit(resource, limit_buffer));
}

/** Sets the soft limit of another process of the same user, at most to its hard one; null takes it away. */
export function limitProcess(pid: number, resource: (typeof RLIMIT)[keyof typeof RLIMIT], value: bigint | null): void {
  check('prlimit', c.prlimit(pid, resource, null, limit_buffer));
  const hard = limit_buffer.readBigUInt64LE(8);
  limit_buffer.writeBigUInt64LE(value === null || value > hard ? hard : value, 0);
  check('prlimit', c.prlimit(pid, resource, limit_buffer, null));
}

/** What of a process counts as its data, in bytes (`RLIMIT.DATA` bounds it); null when there is no such process. */
export function dataBytes(pid: number): number | null {
  try {
    const found = /^VmData:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null;
  }
}

/** When a process started, in clock ticks since boot: with its pid it names one process for good. Null when there is none. */
export function startTime(pid: number): bigint | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : BigInt(fields[19]!);
}
