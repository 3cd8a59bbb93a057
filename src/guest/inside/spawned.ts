import { readdirSync } from 'node:fs';

import { close, exitNow, write } from '../../os/index.ts';
import { frame } from '../job.ts';
import type { Wall } from '../walls.ts';
import { openChannel } from './channel.ts';
import { type Open, serveGuest } from './serve.ts';
import { prepareWalls } from './walls/index.ts';

export interface RunSpawnedOptions {
  readonly in_bubblewrap: boolean;
  /** What it makes of its job. */
  readonly open: Open;
  /** Walls that it does without, to test the others. */
  readonly without?: readonly Wall[];
}

const channel_fd = 3;
/** Where whoever started it waits for a byte: then the first message is on the channel. */
const report_fd = 4;

/**
 * Runs one guest in this process, which was started for it. Node's other threads keep what they have open, which leads
 * nowhere: none of it came from the shim.
 */
export function runSpawned({ in_bubblewrap, open, without }: RunSpawnedOptions): never {
  const channel = openChannel(channel_fd);
  channel.send(frame.started);
  write(report_fd, Buffer.alloc(1));
  close(report_fd);
  const one_thread = readdirSync('/proc/self/task').length === 1;
  const walls = prepareWalls({ in_bubblewrap, one_thread, ...(without === undefined ? {} : { without }) });
  walls.raiseFirst();
  exitNow(serveGuest(channel, [0, 1, 2], walls, open));
}
