import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { findBubblewrap } from './bubblewrap.ts';
import { createForkStarter } from './fork.ts';
import { createSpawnStarter } from './spawn.ts';
import type { Starter } from './starter.ts';

/** The native part beside the guest's bundle, for just this Node; null where there is none. */
function findNative(script: string): string | null {
  const path = join(dirname(script), `compiled-code-${process.version}-${process.arch}.node`);
  return existsSync(path) ? path : null;
}

/**
 * The way guests are started on this machine, and why. `way` is what somebody asked for.
 *
 * @throws WherryError InvalidArgument for a way that is none
 */
export function chooseStarter(options: {
  node: string;
  script: string;
  /** Folders that guests are handed files of to read. */
  layers: readonly string[];
  way: string | undefined;
  /** Where compiled code is kept. */
  cache: string | undefined;
}): {
  readonly starter: Starter;
  readonly why: string;
} {
  const { node, script, layers, way } = options;
  if (way !== undefined && way !== 'fork' && way !== 'spawn')
    throw new WherryError('InvalidArgument', `Cannot start guests by "${way}": there are fork and spawn.`);
  const bubblewrap = findBubblewrap(process.env['PATH'] ?? '');
  const inside = bubblewrap === null ? 'no bubblewrap here' : `inside ${bubblewrap}`;
  const spawning = createSpawnStarter({ node, script, bubblewrap });
  if (way === 'spawn') return { starter: spawning, why: `asked for; ${inside}` };
  const fork = { node, script, bubblewrap, layers, native: findNative(script), cache: options.cache ?? null };
  const forking = debuggedBy(spawning, createForkStarter(fork));
  if (way === 'fork') return { starter: forking, why: `asked for; ${inside}` };
  if (process.arch !== 'x64')
    return { starter: spawning, why: `a zygote was never tried on ${process.arch}; ${inside}` };
  return { starter: forking, why: `a zygote works on this machine; ${inside}` };
}

/** A debugger needs a thread of its own, which a forked process has not: guests that wait for one are spawned. */
function debuggedBy(spawning: Starter, starter: Starter): Starter {
  const create: Starter['create'] = (guest) => (guest.job.debug === true ? spawning : starter).create(guest);
  return Object.create(starter, { create: { value: create } }) as Starter;
}
