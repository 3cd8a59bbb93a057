import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

import { WherryError } from '../../errors/index.ts';
import { forks_per_zygote_max, guest_started_ms_max, zygote_answer_ms_max } from '../../limits/index.ts';
import {
  close,
  MSG,
  passCredentials,
  receiveMessage,
  sendMessage,
  signalByDescriptor,
  socketPair,
  openProcess,
} from '../../os/index.ts';
import { decodeReport, order, order_bytes, report, report_bytes } from '../control.ts';
import { frame_header_bytes } from '../job.ts';
import { inBubblewrap } from './bubblewrap.ts';
import { guest_flags } from './flags.ts';
import { type Breach, sendGo, sendJob, serveChannel } from './guest-channel.ts';
import type { GuestEnd, GuestOptions, GuestProcess, Starter } from './starter.ts';

export interface ForkOptions {
  /** The exact Node binary, and the bundle of the guest's process. */
  readonly node: string;
  readonly script: string;
  /** `bwrap`, to put the zygote into; null for none. */
  readonly bubblewrap: string | null;
  /** For tests of the watch: the children of the first zygote hang before they report. */
  readonly planted_hang?: boolean;
}

interface Job {
  readonly options: GuestOptions;
  /** The shim's end of the guest's channel. */
  readonly channel: number;
  readonly process: PromiseWithResolvers<GuestProcess>;
  readonly ended: PromiseWithResolvers<number>;
  watch: NodeJS.Timeout | null;
  started: boolean;
}

/** Guests forked from a zygote, which is renewed after so many forks or when it hangs. */
export function createForkStarter(options: ForkOptions): Starter {
  let zygote: Zygote | null = null;
  let closed = false;
  const figures = { zygote_pid: 0, starts: 0, watch_acted: 0 };

  let hang = options.planted_hang === true;
  let bubblewrap = options.bubblewrap;

  /** A zygote that waits for orders. */
  async function ready(): Promise<Zygote> {
    for (;;) {
      if (closed) throw new WherryError('Unavailable', 'Cannot start a guest: the shim is shutting down.');
      if (zygote === null || !zygote.usable || zygote.forks >= forks_per_zygote_max) {
        zygote?.retire();
        zygote = startZygote({ ...options, bubblewrap, planted_hang: hang }, () => figures.watch_acted++);
        hang = false;
      }
      const mine = zygote;
      const inside = bubblewrap;
      try {
        await mine.ready;
        figures.zygote_pid = mine.pid;
        return mine;
      } catch (error) {
        if (inside === null || closed) throw error;
        // Found out by trying: a kernel or a profile may forbid what bubblewrap needs.
        if (bubblewrap !== null)
          process.stderr.write(
            `the zygote does not start inside ${inside}, so it starts without: ${(error as Error).message}\n`,
          );
        bubblewrap = null;
      }
    }
  }

  return {
    way: 'fork',
    figures,
    async prepare() {
      await ready();
    },
    async start(guest) {
      figures.starts++;
      const first = await ready();
      try {
        return await first.start(guest);
      } catch (error) {
        if (!(error instanceof ZygoteHung)) throw error;
        // Another start may have put a fresh one in its place already.
        if (zygote === first) zygote = null;
        first.retire();
        return await (await ready()).start(guest);
      }
    },
    close() {
      closed = true;
      zygote?.retire();
    },
  };
}

/** The zygote itself among the processes that stand around it. */
function innermost(pid: number): number {
  for (;;) {
    let children: string;
    try {
      if (
        !readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('/') ||
        !/bwrap\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'))
      )
        return pid;
      children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    } catch {
      return pid;
    }
    if (children === '') return pid;
    pid = Number(children.split(' ')[0]);
  }
}

/** A child did not report in time, or the zygote itself is gone: worth one more try with a fresh one. */
class ZygoteHung extends Error {}

interface Zygote {
  readonly ready: Promise<void>;
  readonly pid: number;
  readonly usable: boolean;
  readonly forks: number;
  start(options: GuestOptions): Promise<GuestProcess>;
  /** Takes no more jobs, and leaves after its last child. */
  retire(): void;
}

function startZygote(options: ForkOptions, onWatch: () => void): Zygote {
  const [mine, theirs] = socketPair();
  const { node, script, bubblewrap, planted_hang } = options;
  const [command, ...before] = bubblewrap === null ? [node] : inBubblewrap(bubblewrap, node, script);
  const child: ChildProcess = spawn(
    command!,
    [...before, ...guest_flags, script, 'zygote', ...(planted_hang === true ? ['planted-hang'] : [])],
    { stdio: ['ignore', 'ignore', 'inherit', theirs], env: {}, cwd: '/' },
  );
  close(theirs);
  const control = new Socket({ fd: mine, readable: true, writable: true, allowHalfOpen: true } as object);
  const jobs = new Map<number, Job>();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  let pid = 0;
  let usable = true;
  let forks = 0;
  let pending: Buffer = Buffer.alloc(0);

  child.on('error', (error) =>
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
      pid = innermost(child.pid ?? 0);
      ready.resolve();
      return;
    }
    const job = jobs.get(said.job);
    if (job === undefined) return;
    if (said.kind === report.forked) {
      if (job.started) return;
      if (job.watch !== null) clearTimeout(job.watch);
      job.watch = setTimeout(() => hung(said.job, job), guest_started_ms_max);
    } else if (said.kind === report.started) adopt(job);
    else if (said.kind === report.ended) {
      jobs.delete(said.job);
      if (job.watch !== null) clearTimeout(job.watch);
      if (!job.started) {
        close(job.channel);
        job.process.reject(new ZygoteHung(`the guest's process ended with ${said.status} before it reported`));
      }
      job.ended.resolve(said.status);
    }
  }

  function hung(number: number, job: Job): void {
    onWatch();
    usable = false;
    jobs.delete(number);
    close(job.channel);
    try {
      send(order.kill, number, []);
    } catch (error) {
      process.stderr.write(`a guest's process that hangs cannot be ended: ${(error as Error).message}\n`);
    }
    job.process.reject(new ZygoteHung("the guest's process did not report in time"));
  }

  function adopt(job: Job): void {
    if (job.watch !== null) clearTimeout(job.watch);
    job.started = true;
    const hello = Buffer.alloc(frame_header_bytes);
    const message = receiveMessage(job.channel, hello, MSG.DONTWAIT);
    const guest_pid = message?.credentials?.pid ?? 0;
    if (message === null || message.bytes !== frame_header_bytes || guest_pid === 0) {
      close(job.channel);
      job.process.reject(new ZygoteHung("the guest's process reported, but not on its channel"));
      return;
    }
    const pidfd = message.pidfd ?? openProcess(guest_pid);
    // Once it is closed, its number may name the process of another guest.
    let gone = false;
    const signal = (number: number): boolean => {
      if (gone) return false;
      try {
        return signalByDescriptor(pidfd, number);
      } catch {
        return false;
      }
    };
    job.options.place(guest_pid);
    const channel = serveChannel(job.channel, job.options, (breach: Breach) => {
      process.stderr.write(`ending guest ${guest_pid}: ${breach.message}\n`);
      signal(9);
    });
    sendGo(job.channel);
    const ended = (async (): Promise<GuestEnd> => {
      const said = await channel.closed;
      const status = await job.ended.promise;
      gone = true;
      close(pidfd);
      return { status, said };
    })();
    job.process.resolve({ pid: guest_pid, running: channel.running, ended, signal });
  }

  function fail(error: Error): void {
    usable = false;
    ready.reject(error);
    for (const job of jobs.values()) {
      if (job.watch !== null) clearTimeout(job.watch);
      if (!job.started) {
        close(job.channel);
        job.process.reject(error);
      }
      // The children of a zygote die with it.
      job.ended.resolve(137);
    }
    jobs.clear();
  }

  function send(kind: number, job: number, descriptors: readonly number[]): void {
    const bytes = Buffer.alloc(order_bytes);
    bytes.writeUInt32LE(kind, 0);
    bytes.writeUInt32LE(job, 4);
    if (sendMessage(mine, bytes, descriptors, MSG.DONTWAIT) !== order_bytes)
      throw new ZygoteHung('the zygote does not read');
  }

  return {
    ready: ready.promise,
    get pid() {
      return pid;
    },
    get usable() {
      return usable;
    },
    get forks() {
      return forks;
    },
    async start(guest) {
      if (!usable) throw new ZygoteHung('the zygote is gone');
      const number = ++forks;
      const [channel, guest_end] = socketPair();
      const job: Job = {
        options: guest,
        channel,
        process: Promise.withResolvers(),
        ended: Promise.withResolvers(),
        watch: null,
        started: false,
      };
      try {
        passCredentials(channel);
        sendJob(channel, guest);
        job.watch = setTimeout(() => hung(number, job), zygote_answer_ms_max);
        jobs.set(number, job);
        send(order.fork, number, [guest_end]);
      } catch (error) {
        jobs.delete(number);
        if (job.watch !== null) clearTimeout(job.watch);
        close(channel);
        throw error;
      } finally {
        close(guest_end);
      }
      return job.process.promise;
    },
    retire() {
      usable = false;
      control.end();
    },
  };
}
