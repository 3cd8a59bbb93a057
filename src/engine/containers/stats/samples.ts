import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { isClass, WherryError } from '../../../errors/index.ts';
import { stats_interval_ms } from '../../../limits/index.ts';
import { userId } from '../../../os/index.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { readUsage, type Usage } from './usage.ts';

/** What a container uses at one moment. */
export interface Sample {
  readonly read: Date;
  /** null of a container that does not run. */
  readonly usage: Usage | null;
  /** What the whole machine's processors did since it was started. */
  readonly machine_cpu_ns: number;
  readonly processors: number;
}

export interface SampleOptions {
  /** One after the other until the client leaves, or the container is removed. */
  readonly stream: boolean;
  /** Without waiting for a second one to compare the first with. */
  readonly one_shot: boolean;
  readonly signal: AbortSignal;
}

/** Each with the one before it, null for the first. */
export type Samples = AsyncGenerator<readonly [before: Sample | null, now: Sample]>;

/**
 * What a container uses, once or every second. A container that does not run uses nothing: asked once, that is said at
 * once.
 */
export async function* samples(
  { space }: Pick<ContainersContext, 'space'>,
  container: Container,
  { stream, one_shot, signal }: SampleOptions,
): Samples {
  let before: Sample | null = null;
  for (;;) {
    const now = await take(space, container);
    const alone = one_shot || now.usage === null;
    if (stream || alone || before !== null) yield [before, now];
    if (!stream && (alone || before !== null)) return;
    before = now.usage === null ? null : now;
    try {
      await sleep(stats_interval_ms, null, { signal, ref: false });
    } catch {
      return;
    }
    if (signal.aborted || container.removed) return;
  }
}

async function take(space: ContainersContext['space'], container: Container): Promise<Sample> {
  let usage: Usage | null = null;
  if (container.process === 'running') {
    requireGroups(container);
    try {
      usage = withinMachine(readUsage(await space.tasks.stats(container.id)));
    } catch (error) {
      // It has just ended.
      if (!isClass(error, 'NotFound') && container.process === 'running') throw error;
    }
  }
  return { read: new Date(), usage, machine_cpu_ns: machineTime(), processors: availableParallelism() };
}

/** @throws WherryError FailedPrecondition for one that shares a control group with others: what is counted is theirs */
function requireGroups({ id, record }: Container): void {
  if (record.runtime === undefined || userId() === 0) return;
  throw new WherryError(
    'FailedPrecondition',
    `cannot tell what container ${id} uses: the daemon runs without root and makes no control groups, which count it`,
  );
}

/** Without a limit there is what the machine has. */
function withinMachine(usage: Usage): Usage {
  const { memory_bytes_max } = usage;
  const all = totalmem();
  return memory_bytes_max > 0 && memory_bytes_max < all ? usage : { ...usage, memory_bytes_max: all };
}

const tick_ns = 10_000_000;

/** proc(5), the first line of stat: user, nice, system, idle, iowait, irq, softirq. */
function machineTime(): number {
  const [line = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1);
  const fields = line.trim().split(/\s+/).slice(1, 8);
  return fields.reduce((sum, field) => sum + Number(field), 0) * tick_ns;
}
