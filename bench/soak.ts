/**
 * What shows only after long: `soak starts [N] [SEED]` starts N containers and looks for any that hangs and for what
 * grows; `soak faults [N] [SEED]` kills the daemon N times in the middle of its work; `soak files [N] [SEED]` does N
 * random sequences of operations on a container's files and in a directory of the kernel's, which must agree; `soak
 * hostile [N] [SEED]` runs N hostile guests beside healthy ones; `soak shim [N] [SEED]` lets our shim hold N containers of
 * each containerd that is here, a hundred at once, and kills that in the middle.
 */
import { parseArgs } from 'node:util';

import { faultLoop, showFaults } from '../e2e/fault-loop.ts';
import { compareFiles, excused_share_max, showComparison } from '../e2e/files/compare.ts';
import { soakHostile } from './soak-hostile.ts';
import { soakShim } from './soak-shim.ts';
import { soakStarts } from './soak-starts.ts';

interface Soak {
  readonly count: number;
  run(count: number, seed: number): Promise<void>;
}

const soaks: Readonly<Record<string, Soak>> = {
  starts: { count: 20_000, run: soakStarts },
  faults: { count: 100, run: soakFaults },
  files: { count: 20_000, run: soakFiles },
  hostile: { count: 5000, run: soakHostile },
  shim: { count: 1000, run: soakShim },
};

async function soakFaults(count: number, seed: number): Promise<void> {
  const report = await faultLoop(count, seed);
  showFaults(report);
  if (report.inside < 0.6 * report.kills)
    throw new Error('fewer than six in ten kills hit an operation: the lengths were measured too long');
}

async function soakFiles(count: number, seed: number): Promise<void> {
  const comparison = await compareFiles(count, seed);
  showComparison(comparison);
  if (comparison.excused > excused_share_max * comparison.sequences)
    throw new Error('more than one in a hundred sequences needed a rule of e2e/files/excused.ts');
}

const { positionals } = parseArgs({ allowPositionals: true });
const [what = '', given_count, given_seed] = positionals;
const soak = Object.hasOwn(soaks, what) ? soaks[what] : undefined;
const count = Number(given_count ?? soak?.count);
const seed = Number(given_seed ?? Date.now() % 1_000_000);

if (soak === undefined || !Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  console.error(`usage: npm run soak -- ${Object.keys(soaks).join('|')} [N] [SEED]`);
  process.exitCode = 2;
} else {
  console.log(`soak ${what} ${count} ${seed}`);
  await soak.run(count, seed);
}
