import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

import { WherryError } from '../../errors/index.ts';
import { guest_started_ms_max, zygote_answer_ms_max } from '../../limits/index.ts';
import {
  close,
  MSG,
  passCredentials,
  receiveMessage,
  sendMessage,
  signalByDescriptor,
  socketPair,
  openProcess,
  SystemError,
} from '../../os/index.ts';
import { decodeReport, order, order_bytes, report, report_bytes } from '../control.ts';
import { frame_header_bytes } from '../job.ts';
import { inBubblewrap } from './bubblewrap.ts';
import { guest_flags } from './flags.ts';
import { type Breach, sendGo, sendJob, serveChannel } from './guest-channel.ts';
import type { GuestEnd, GuestOptions, GuestProcess } from './starter.ts';

export interface ZygoteOptions {
  /** The exact Node binary, and the bundle of the guest's process. */
  readonly node: string;
  readonly script: string;
  /** `bwrap`, to put the zygote into; null for none. */
  readonly bubblewrap: string | null;
  /** The native part that takes compiled code; null for none. */
  readonly native: string | null;
  /** Folders that guests are handed files of to read. */
  readonly layers?: readonly string[];
  /** For tests of the watch: the children of the first zygote hang before they report. */
  readonly planted_hang?: boolean;
}

/** A child did not report in time, or the zygote itself is gone: worth one more try with a fresh one. */
export class ZygoteHung extends Error {}

/** A process that waits for its job. */
export interface Standby {
  /** As this process sees it. */
  readonly pid: number;
  /** Gives it a job; null when it has ended meanwhile. */
  run(options: GuestOptions): GuestProcess | null;
  /** It will have no job, and ends. */
  release(): void;
}

export interface Zygote {
  readonly ready: Promise<void>;
  readonly pid: number;
  /** What its V8 takes compiled code by; null when it takes none. */
  readonly flag_hash: number | null;
  readonly usable: boolean;
  readonly forks: number;
  /** Forks a guest's process for this job. */
  create(options: GuestOptions): Promise<GuestProcess>;
  /** Forks one ahead, which rehearses until its job comes. */
  standBy(): Promise<Standby>;
  /** Takes no more jobs, and leaves after its last child. */
  retire(): void;
}

/** A child from the order to its end. */
interface Child {
  /** This end of its channel. */
  readonly channel: number;
  readonly started: PromiseWithResolvers<Standby>;
  readonly ended: PromiseWithResolvers<number>;
  watch: Watch | null;
  has_started: boolean;
}

/** Starts a zygote; `onWatch` is told when a child of it hung. */
export function startZygote(options: ZygoteOptions, onWatch: () => void): Zygote {
  const [mine, theirs] = socketPair();
  const { node, script, bubblewrap, native, layers = [], planted_hang } = options;
  const [command, ...before] =
    bubblewrap === null ? [node] : inBubblewrap({ bwrap: bubblewrap, node, script, native, layers });
  const process_of_it: ChildProcess = spawn(
    command!,
    [
      ...before,
      ...guest_flags,
      script,
      'zygote',
      native ?? '',
      ...(bubblewrap === null ? [] : ['in-bubblewrap']),
      ...(planted_hang === true ? ['planted-hang'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'inherit', theirs], env: {}, cwd: '/' },
  );
  close(theirs);
  const control = new Socket({ fd: mine, readable: true, writable: true, allowHalfOpen: true } as object);
  const children = new Map<number, Child>();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  let pid = 0;
  let flag_hash: number | null = null;
  let usable = true;
  let forks = 0;
  let pending: Buffer = Buffer.alloc(0);

  process_of_it.on('error', (error) =>
    fail(new WherryError('Internal', `Cannot start the zygote: ${error.message}`, { cause: error })),
  );
  control.on('data', (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let at = 0;
    for (; at + report_bytes <= pending.length; at += report_bytes) hear(pending, at);
    pending = pending.subarray(at);
  });
  control.on('error', () => {});
  control.on('end', () => control.destroy());
  control.on('close', () => fail(new ZygoteHung('the zygote is gone')));

  function hear(bytes: Buffer, at: number): void {
    const said = decodeReport(bytes, at);
    if (said.kind === report.ready) {
      pid = innermost(process_of_it.pid ?? 0);
      flag_hash = said.status === 0 ? null : said.status >>> 0;
      ready.resolve();
      return;
    }
    const child = children.get(said.job);
    if (child === undefined) return;
    if (said.kind === report.forked) {
      if (child.has_started) return;
      child.watch?.cancel();
      child.watch = watchFor(guest_started_ms_max, () => hung(said.job, child));
    } else if (said.kind === report.started) adopt(child);
    else if (said.kind === report.ended) {
      children.delete(said.job);
      child.watch?.cancel();
      if (!child.has_started) {
        close(child.channel);
        child.started.reject(new ZygoteHung(`the guest's process ended with ${said.status} before it reported`));
      }
      child.ended.resolve(said.status);
    }
  }

  function hung(number: number, child: Child): void {
    onWatch();
    usable = false;
    children.delete(number);
    close(child.channel);
    try {
      send(order.kill, number, []);
    } catch (error) {
      process.stderr.write(`a guest's process that hangs cannot be ended: ${(error as Error).message}\n`);
    }
    child.started.reject(new ZygoteHung("the guest's process did not report in time"));
  }

  function adopt(child: Child): void {
    child.watch?.cancel();
    child.has_started = true;
    const hello = Buffer.alloc(frame_header_bytes);
    const message = receiveMessage(child.channel, hello, MSG.DONTWAIT);
    const guest_pid = message?.credentials?.pid ?? 0;
    if (message === null || message.bytes !== frame_header_bytes || guest_pid === 0) {
      close(child.channel);
      child.started.reject(new ZygoteHung("the guest's process reported, but not on its channel"));
      return;
    }
    child.started.resolve(standby(child, guest_pid, message.pidfd ?? openProcess(guest_pid)));
  }

  function fail(error: Error): void {
    usable = false;
    ready.reject(error);
    for (const child of children.values()) {
      child.watch?.cancel();
      if (!child.has_started) {
        close(child.channel);
        child.started.reject(error);
      }
      // The children of a zygote die with it.
      child.ended.resolve(137);
    }
    children.clear();
  }

  function send(kind: number, number: number, descriptors: readonly number[]): void {
    const bytes = Buffer.alloc(order_bytes);
    bytes.writeUInt32LE(kind, 0);
    bytes.writeUInt32LE(number, 4);
    if (sendMessage(mine, bytes, descriptors, MSG.DONTWAIT) !== order_bytes)
      throw new ZygoteHung('the zygote does not read');
  }

  function fork(kind: number): Promise<Standby> {
    if (!usable) throw new ZygoteHung('the zygote is gone');
    const number = ++forks;
    const [channel, guest_end] = socketPair();
    const child: Child = {
      channel,
      started: Promise.withResolvers(),
      ended: Promise.withResolvers(),
      watch: null,
      has_started: false,
    };
    try {
      passCredentials(channel);
      child.watch = watchFor(zygote_answer_ms_max, () => hung(number, child));
      children.set(number, child);
      send(kind, number, [guest_end]);
    } catch (error) {
      children.delete(number);
      child.watch?.cancel();
      close(channel);
      throw error;
    } finally {
      close(guest_end);
    }
    return child.started.promise;
  }

  return {
    ready: ready.promise,
    get pid() {
      return pid;
    },
    get flag_hash() {
      return flag_hash;
    },
    get usable() {
      return usable;
    },
    get forks() {
      return forks;
    },
    async create(guest) {
      const process = (await fork(order.fork)).run(guest);
      if (process === null) throw new ZygoteHung("the guest's process ended before it had its job");
      return process;
    },
    standBy: () => fork(order.standby),
    retire() {
      usable = false;
      control.end();
    },
  };
}

interface Watch {
  cancel(): void;
}

/**
 * Acts after so long, in slices: when the whole machine stood still, or this process did not get to run, that counts
 * as one slice, since whoever is watched had no chance to report either.
 */
function watchFor(ms: number, act: () => void): Watch {
  let left = 4;
  const slice = (): void => {
    if (--left === 0) act();
    else timer = setTimeout(slice, ms / 4);
  };
  let timer = setTimeout(slice, ms / 4);
  return { cancel: () => clearTimeout(timer) };
}

/** What can be done with a child that has reported. */
function standby(child: Child, pid: number, pidfd: number): Standby {
  // Once it is closed, its number may name the process of another guest.
  let gone = false;
  let has_job = false;
  void child.ended.promise.then(() => {
    gone = true;
    close(pidfd);
    if (!has_job) close(child.channel);
  });
  const signal = (number: number): boolean => {
    if (gone) return false;
    try {
      return signalByDescriptor(pidfd, number);
    } catch {
      return false;
    }
  };
  return {
    pid,
    run(options) {
      if (gone) return null;
      try {
        sendJob(child.channel, options);
        sendGo(child.channel, options.place(pid, true));
      } catch (error) {
        // It ends, and its channel is closed then.
        signal(9);
        if (error instanceof SystemError && error.code === 'EPIPE') return null;
        throw error;
      }
      has_job = true;
      const channel = serveChannel(child.channel, options, (breach: Breach) => {
        process.stderr.write(`ending guest ${pid}: ${breach.message}\n`);
        signal(9);
      });
      const ended = (async (): Promise<GuestEnd> => {
        const said = await channel.said;
        if (said === null) return { status: await child.ended.promise, said };
        // Nothing of the guest is left but the process, which takes longer to go than many a guest has run.
        signal(9);
        return { status: said.code, said };
      })();
      return {
        pid,
        start: channel.start,
        notify: channel.notify,
        interrupt: channel.interrupt,
        running: channel.running,
        ended,
        signal,
      };
    },
    release() {
      signal(9);
    },
  };
}

/** The zygote itself among the processes that stand around it. */
function innermost(pid: number): number {
  for (;;) {
    let children: string;
    try {
      if (!/^\/[^\0]*bwrap\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))) return pid;
      children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    } catch {
      return pid;
    }
    if (children === '') return pid;
    pid = Number(children.split(' ')[0]);
  }
}
