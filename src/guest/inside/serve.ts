import { becomeUser, close, dieWithParent, duplicateOnto, mapFile, statDescriptor } from '../../os/index.ts';
import { frame, type GuestExit, type GuestJob } from '../job.ts';
import { type Channel, ChannelLost } from './channel.ts';
import { NotRunnable } from './not-runnable.ts';
import { openGuest } from './open-guest.ts';

const SIGKILL = 9;

/** A job with its descriptors, as they came over the channel. */
export interface TakenJob {
  readonly job: GuestJob;
  readonly stdio: readonly [number, number, number];
  readonly chain_index: number;
  readonly layers: readonly { readonly tar: number; readonly index: number }[];
  readonly code: number | null;
  readonly listeners: readonly number[];
}

/** Waits for the job of this process, and for the word that it stands where its limits hold. */
function takeJob(channel: Channel): TakenJob {
  let job: GuestJob | null = null;
  for (;;) {
    const { kind, payload } = channel.receive();
    if (kind === frame.job) job = payload.length > 0 ? parseJob(payload) : null;
    else if (kind === frame.go) break;
    else if (kind !== frame.descriptors) throw new ChannelLost('the shim sent no job');
  }
  const descriptors = channel.takeDescriptors();
  job ??= jobFromFile(descriptors.pop());
  const [stdin, stdout, stderr, chain_index, ...rest] = descriptors;
  const layers_end = job.layers.length * 2;
  const listeners_end = layers_end + job.listening.reduce((sum, { listeners }) => sum + listeners, 0);
  if (
    stdin === undefined ||
    stdout === undefined ||
    stderr === undefined ||
    chain_index === undefined ||
    rest.length !== listeners_end + (job.code === null ? 0 : 1)
  )
    throw new ChannelLost('the job has not the descriptors that it names');
  const layers = job.layers.map((_, i) => ({ tar: rest[i * 2]!, index: rest[i * 2 + 1]! }));
  const listeners = rest.slice(layers_end, listeners_end);
  return { job, stdio: [stdin, stdout, stderr], chain_index, layers, listeners, code: rest[listeners_end] ?? null };
}

function parseJob(bytes: Uint8Array): GuestJob {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()) as GuestJob;
}

/** A job too long for a frame comes as a file in memory. */
function jobFromFile(fd: number | undefined): GuestJob {
  if (fd === undefined) throw new ChannelLost('the shim sent no job');
  const mapped = mapFile(fd, Number(statDescriptor(fd).size));
  const job = parseJob(mapped.bytes);
  mapped.unmap();
  close(fd);
  return job;
}

/**
 * Runs the guest whose job comes over the channel, its standard streams at the numbers `stdio`. Gives the exit code
 * that this process is to end with.
 */
export function serveGuest(channel: Channel, stdio: readonly [number, number, number]): number {
  let exit: GuestExit;
  let listeners: readonly number[] = [];
  try {
    const taken = takeJob(channel);
    ({ listeners } = taken);
    for (let i = 0; i < 3; i++) {
      const fd = taken.stdio[i]!;
      duplicateOnto(fd, stdio[i]!, false);
      if (!stdio.includes(fd)) close(fd);
    }
    if (taken.job.host_uid !== null) {
      becomeUser(taken.job.host_uid, taken.job.host_uid);
      // The kernel forgets it when a process changes its user.
      dieWithParent(SIGKILL);
    }
    const guest = openGuest(channel, { ...taken, stdio });
    exit = guest.run();
  } catch (error) {
    if (error instanceof ChannelLost) return 255;
    if (!(error instanceof NotRunnable)) {
      fail(channel, String((error as Error).stack ?? error), 128);
      return 128;
    }
    fail(channel, error.message, error.code);
    return error.code;
  }
  // Whoever reads them, or wants the ports, need not wait until this process has taken down its memory.
  for (const fd of [...stdio, ...listeners]) close(fd);
  channel.send(frame.exited, Buffer.from(JSON.stringify(exit)));
  return exit.code;
}

function fail(channel: Channel, text: string, code: number): void {
  channel.send(frame.failed, Buffer.from(JSON.stringify({ text, code })));
}
