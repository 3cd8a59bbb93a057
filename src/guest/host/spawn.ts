import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Socket } from 'node:net';

import { WherryError } from '../../errors/index.ts';
import {
  close,
  MSG,
  openProcess,
  passCredentials,
  receiveMessage,
  signalByDescriptor,
  socketPair,
} from '../../os/index.ts';
import { frame_header_bytes } from '../job.ts';
import { inBubblewrap } from './bubblewrap.ts';
import { debug_flags, guest_flags } from './flags.ts';
import { sendGo, sendJob, serveChannel } from './guest-channel.ts';
import type { GuestEnd, GuestProcess, Starter } from './starter.ts';

export interface SpawnOptions {
  readonly node: string;
  readonly script: string;
  /** `bwrap`, to put each process into; null for none. */
  readonly bubblewrap: string | null;
}

/** A process that has begun, and waits for its job. */
interface Begun {
  /** As this process sees it. */
  readonly pid: number;
  readonly pidfd: number;
  readonly channel: number;
  /** Exit code, or 128 + the signal. */
  readonly gone: Promise<number>;
}

/** A fresh Node process for each guest: slower, and needs nothing of this machine but Node. */
export function createSpawnStarter(options: SpawnOptions): Starter {
  const figures = { zygote_pid: 0, starts: 0, watch_acted: 0, standby_pids: [] };
  let { bubblewrap } = options;

  /** A process inside bubblewrap if that works here, which is found out by trying. */
  async function begun(debugged: boolean): Promise<Begun> {
    // A debugger has to reach it.
    if (debugged) return await begin({ ...options, bubblewrap: null }, debug_flags);
    if (bubblewrap === null) return await begin({ ...options, bubblewrap });
    try {
      return await begin({ ...options, bubblewrap });
    } catch (error) {
      const without = await begin({ ...options, bubblewrap: null });
      process.stderr.write(`guests do not start inside ${bubblewrap}, so they start without: ${String(error)}\n`);
      bubblewrap = null;
      return without;
    }
  }

  return {
    way: 'spawn',
    figures,
    code: null,
    async prepare() {},
    readOnlyPath: (path) => path,
    async create(guest): Promise<GuestProcess> {
      figures.starts++;
      const { pid, pidfd, channel, gone } = await begun(guest.job.debug === true);
      let ended = false;
      const signal = (number: number): boolean => {
        try {
          return !ended && signalByDescriptor(pidfd, number);
        } catch {
          return false;
        }
      };
      void gone.then(() => {
        ended = true;
        close(pidfd);
      });
      try {
        const groups = guest.place(pid, false);
        sendJob(channel, guest);
        sendGo(channel, groups);
      } catch (error) {
        close(channel);
        signal(9);
        throw error;
      }
      const served = serveChannel(channel, guest, (breach) => {
        process.stderr.write(`ending guest ${pid}: ${breach.message}\n`);
        signal(9);
      });
      const end = (async (): Promise<GuestEnd> => {
        const said = await served.said;
        return { status: await gone, said };
      })();
      return {
        pid,
        start: served.start,
        notify: served.notify,
        interrupt: served.interrupt,
        running: served.running,
        ended: end,
        signal,
      };
    },
    close() {},
  };
}

/** @throws WherryError Internal when it ends before it has begun */
async function begin({ node, script, bubblewrap }: SpawnOptions, flags: readonly string[] = []): Promise<Begun> {
  const [channel, guest_end] = socketPair();
  // That its first message is there is told on a pair of its own: whoever reads the channel takes all that comes.
  const [report, report_end] = socketPair();
  passCredentials(channel);
  const [command, ...before] =
    bubblewrap === null ? [node] : inBubblewrap({ bwrap: bubblewrap, node, script, native: null, layers: [] });
  const words = bubblewrap === null ? [] : ['in-bubblewrap'];
  const child = spawn(command!, [...before, ...guest_flags, ...flags, script, 'spawned', '', ...words], {
    stdio: ['ignore', 'ignore', 'ignore', guest_end, report_end],
    env: {},
    cwd: '/',
  });
  close(guest_end);
  close(report_end);
  const gone = statusOf(child);
  const reports = new Socket({ fd: report, readable: true, writable: false } as object);
  try {
    const [first] = (await Promise.race([once(reports, 'data'), once(reports, 'close')])) as [unknown];
    if (!Buffer.isBuffer(first))
      throw new WherryError('Internal', `Cannot start a guest's process: it ended with ${await gone}.`);
    const message = receiveMessage(channel, Buffer.alloc(frame_header_bytes), MSG.DONTWAIT);
    const pid = message?.credentials?.pid ?? 0;
    if (message === null || pid === 0)
      throw new WherryError('Internal', "Cannot start a guest's process: it does not say which it is.");
    return { pid, pidfd: message.pidfd ?? openProcess(pid), channel, gone };
  } catch (error) {
    child.kill('SIGKILL');
    close(channel);
    throw error;
  } finally {
    reports.destroy();
  }
}

/** Exit code, or 128 + the signal; 127 for a program that cannot be started. */
function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
    child.once('error', () => resolve(127));
  });
}
