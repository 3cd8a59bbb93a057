/**
 * What shows only after long: `soak starts [N] [SEED]` starts N containers and looks for any that hangs and for what
 * grows; `soak faults [N] [SEED]` kills the daemon N times in the middle of its work; `soak files [N] [SEED]` does N
 * random sequences of operations on a container's files and in a directory of the kernel's, which must agree.
 */
import { parseArgs } from 'node:util';

import { faultLoop, showFaults } from '../e2e/fault-loop.ts';
import { compareFiles, excused_share_max, showComparison } from '../e2e/files/compare.ts';
import { soakStarts } from './soak-starts.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const [what, count, given_seed] = positionals;
const seed = Number(given_seed ?? Date.now() % 1_000_000);

if (what === 'starts') await soakStarts(Number(count ?? 20_000), seed);
else if (what === 'faults') {
  const report = await faultLoop(Number(count ?? 100), seed);
  showFaults(report);
  if (report.inside < 0.6 * report.kills)
    throw new Error('fewer than six in ten kills hit an operation: the lengths were measured too long');
} else if (what === 'files') {
  const comparison = await compareFiles(Number(count ?? 20_000), seed);
  showComparison(comparison);
  if (comparison.excused > excused_share_max * comparison.sequences)
    throw new Error('more than one in a hundred sequences needed a rule of e2e/files/excused.ts');
} else {
  console.error('usage: npm run soak -- starts|faults|files [N] [SEED]');
  process.exitCode = 2;
}
