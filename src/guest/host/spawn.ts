import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { close, socketPair } from '../../os/index.ts';
import { debug_flags, guest_flags } from './flags.ts';
import { sendGo, sendJob, serveChannel } from './guest-channel.ts';
import type { GuestEnd, GuestProcess, Starter } from './starter.ts';

/** A fresh Node process for each guest: slower, and needs nothing of this machine but Node. */
export function createSpawnStarter(options: { readonly node: string; readonly script: string }): Starter {
  const figures = { zygote_pid: 0, starts: 0, watch_acted: 0, standby_pids: [] };
  return {
    way: 'spawn',
    figures,
    code: null,
    async prepare() {},
    readOnlyPath: (path) => path,
    async create(guest): Promise<GuestProcess> {
      figures.starts++;
      const [channel, guest_end] = socketPair();
      const flags = guest.job.debug === true ? [...guest_flags, ...debug_flags] : guest_flags;
      const child = spawn(options.node, [...flags, options.script, 'spawned'], {
        stdio: ['ignore', 'ignore', 'ignore', guest_end],
        env: {},
        cwd: '/',
      });
      close(guest_end);
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) => {
          close(channel);
          reject(error);
        });
      });
      const pid = child.pid!;
      const gone = new Promise<number>((resolve) =>
        child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!])),
      );
      try {
        guest.place(pid);
        sendJob(channel, guest);
        sendGo(channel);
      } catch (error) {
        close(channel);
        child.kill('SIGKILL');
        throw error;
      }
      const served = serveChannel(channel, guest, (breach) => {
        process.stderr.write(`ending guest ${pid}: ${breach.message}\n`);
        child.kill('SIGKILL');
      });
      const ended = (async (): Promise<GuestEnd> => {
        const said = await served.said;
        return { status: await gone, said };
      })();
      return {
        pid,
        start: served.start,
        running: served.running,
        ended,
        signal: (number) => child.kill(number as unknown as NodeJS.Signals),
      };
    },
    close() {},
  };
}
