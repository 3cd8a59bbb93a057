import { close, duplicateOnto, mapFile, statDescriptor, write } from '../../os/index.ts';
import { frame, type GuestExit, type GuestJob } from '../job.ts';
import { missingWalls, type Wall } from '../walls.ts';
import { type Channel, ChannelLost } from './channel.ts';
import { NotRunnable } from './not-runnable.ts';
import type { OpenGuest } from './open-guest.ts';
import type { Walls } from './walls/index.ts';

/** A job with its descriptors, as they came over the channel. */
export interface TakenJob {
  readonly job: GuestJob;
  readonly stdio: readonly [number, number, number];
  readonly chain_index: number;
  readonly layers: readonly { readonly tar: number; readonly index: number }[];
  readonly code: number | null;
  readonly listeners: readonly number[];
  readonly shell: number | null;
}

/** Makes the guest of a job ready, in a process that has these walls around it. */
export type Open = (channel: Channel, taken: TakenJob, walls: readonly Wall[]) => OpenGuest;

/** Waits for the job of this process, and for the word that it stands where its limits hold. */
function takeJob(channel: Channel): TakenJob {
  let job: GuestJob | null = null;
  let groups = 0;
  for (;;) {
    const { kind, payload } = channel.receive();
    if (kind === frame.job) job = payload.length > 0 ? parseJob(payload) : null;
    else if (kind === frame.go) {
      groups = payload[0] ?? 0;
      break;
    } else if (kind !== frame.descriptors) throw new ChannelLost('the shim sent no job');
  }
  const descriptors = channel.takeDescriptors();
  for (const group of descriptors.splice(descriptors.length - groups)) goTo(group);
  job ??= jobFromFile(descriptors.pop());
  const [stdin, stdout, stderr, chain_index, ...rest] = descriptors;
  const layers_end = job.layers.length * 2;
  const listeners_end = layers_end + job.listening.reduce((sum, { listeners }) => sum + listeners, 0);
  const code_at = listeners_end + (job.shell === undefined ? 0 : 1);
  if (
    stdin === undefined ||
    stdout === undefined ||
    stderr === undefined ||
    chain_index === undefined ||
    rest.length !== code_at + (job.code === null ? 0 : 1)
  )
    throw new ChannelLost('the job has not the descriptors that it names');
  const layers = job.layers.map((_, i) => ({ tar: rest[i * 2]!, index: rest[i * 2 + 1]! }));
  const listeners = rest.slice(layers_end, listeners_end);
  const shell = job.shell === undefined ? null : rest[listeners_end]!;
  return { job, stdio: [stdin, stdout, stderr], chain_index, layers, listeners, shell, code: rest[code_at] ?? null };
}

const this_process = Buffer.from('0');

/** Into the control group whose `tasks` this is: the kernel makes nobody wait for one thread that moves itself. */
function goTo(tasks: number): void {
  try {
    write(tasks, this_process);
  } catch (cause) {
    throw new NotRunnable(`Cannot put the limits of the container in force: ${(cause as Error).message}.`, 126);
  } finally {
    close(tasks);
  }
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
 * Runs the guest whose job comes over the channel, its standard streams at the numbers `stdio`. The first of `walls`
 * stand already, the rest are raised before anything of the guest's is read. Gives the exit code that this process is
 * to end with.
 */
export function serveGuest(
  channel: Channel,
  stdio: readonly [number, number, number],
  walls: Walls,
  open: Open,
): number {
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
    const raised = walls.raiseRest(taken.job.host_uid, taken.job.debug === true);
    if (taken.job.all_walls) demandAll(raised);
    const guest = open(channel, { ...taken, stdio }, raised);
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

function demandAll(raised: readonly Wall[]): void {
  const missing = missingWalls(raised);
  if (missing.length === 0) return;
  throw new NotRunnable(
    `wherry.isolation=strict: this machine does not give these walls: ${missing.join(', ')}; ` +
      'wherry doctor says what each would take',
    126,
  );
}

function fail(channel: Channel, text: string, code: number): void {
  channel.send(frame.failed, Buffer.from(JSON.stringify({ text, code })));
}
