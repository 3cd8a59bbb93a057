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
export function chooseStarter(options: {
  node: string;
  script: string;
  /** Folders that guests are handed files of to read. */
  layers: readonly string[];
  way: string | undefined;
}): {
  readonly starter: Starter;
  readonly why: string;
} {
  const { node, script, layers, way } = options;
  if (way !== undefined && way !== 'fork' && way !== 'spawn')
    throw new WherryError('InvalidArgument', `Cannot start guests by "${way}": there are fork and spawn.`);
  const bubblewrap = findBubblewrap(process.env['PATH'] ?? '');
  const inside = bubblewrap === null ? 'no bubblewrap here' : `inside ${bubblewrap}`;
  const spawns = (): Starter => createSpawnStarter({ node, script, bubblewrap });
  const forks = (): Starter => createForkStarter({ node, script, bubblewrap, layers });
  if (way === 'spawn') return { starter: spawns(), why: `asked for; ${inside}` };
  if (way === 'fork') return { starter: forks(), why: `asked for; ${inside}` };
  if (process.arch !== 'x64')
    return { starter: spawns(), why: `a zygote was never tried on ${process.arch}; ${inside}` };
  return { starter: forks(), why: `a zygote works on this machine; ${inside}` };
}
