import { readFileSync } from 'node:fs';

import { ownCapabilities } from './capabilities.ts';

/**
 * What a container's process has added to its oom score (proc(5)): what was asked for, or as little as this process
 * may give. Going below its own takes CAP_SYS_RESOURCE, and without it the container would not start.
 */
export function oomScoreAdjustment(asked: number): number {
  if (ownCapabilities().includes('CAP_SYS_RESOURCE') && process.getuid?.() === 0) return asked;
  return Math.max(asked, ownAdjustment());
}

function ownAdjustment(): number {
  try {
    return Number(readFileSync('/proc/self/oom_score_adj', 'latin1'));
  } catch {
    return 0;
  }
}
