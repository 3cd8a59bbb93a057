import { WherryError } from '../../errors/index.ts';
import { findBubblewrap } from './bubblewrap.ts';
import { createForkStarter } from './fork.ts';
import { createSpawnStarter } from './spawn.ts';
import type { Starter } from './starter.ts';

/**
 * The way guests are started on this machine, and why. `way` is what somebody asked for.
 *
 * @throws WherryError InvalidArgument for a way that is none
 */
export function chooseStarter(options: { node: string; script: string; way: string | undefined }): {
  readonly starter: Starter;
  readonly why: string;
} {
  const { node, script, way } = options;
  if (way !== undefined && way !== 'fork' && way !== 'spawn')
    throw new WherryError('InvalidArgument', `Cannot start guests by "${way}": there are fork and spawn.`);
  const spawning = createSpawnStarter({ node, script });
  if (way === 'spawn') return { starter: spawning, why: 'asked for' };
  const bubblewrap = findBubblewrap(process.env['PATH'] ?? '');
  const inside = bubblewrap === null ? 'no bubblewrap here' : `inside ${bubblewrap}`;
  const forking = debuggedBy(spawning, createForkStarter({ node, script, bubblewrap }));
  if (way === 'fork') return { starter: forking, why: `asked for; ${inside}` };
  if (process.arch !== 'x64') return { starter: spawning, why: `a zygote was never tried on ${process.arch}` };
  return { starter: forking, why: `a zygote works on this machine; ${inside}` };
}

/** A debugger needs a thread of its own, which a forked process has not: guests that wait for one are spawned. */
function debuggedBy(spawning: Starter, starter: Starter): Starter {
  return { ...starter, create: (guest) => (guest.job.debug === true ? spawning : starter).create(guest) };
}
