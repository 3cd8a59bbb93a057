/** What a real engine printed, as `e2e/record` wrote it down. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Outcome } from './run.ts';

const path = join(import.meta.dirname, 'recording.json');

export interface Recorded {
  /** `FILE: TITLE` of the scenario. */
  readonly scenario: string;
  readonly outcomes: readonly Outcome[];
}

export interface Recording {
  /** Program and version, of all that took part. */
  readonly versions: Readonly<Record<string, string>>;
  readonly scenarios: readonly Recorded[];
}

/** Outputs are written a line of them a line, so that a change can be read in a diff. */
interface Written {
  readonly line: string;
  readonly code: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

export function readRecording(): Recording {
  const { versions, scenarios } = JSON.parse(readFileSync(path, 'utf8')) as {
    versions: Record<string, string>;
    scenarios: { scenario: string; outcomes: Written[] }[];
  };
  const read = ({ line, code, stdout, stderr }: Written): Outcome => ({
    line,
    code,
    stdout: stdout.join('\n'),
    stderr: stderr.join('\n'),
  });
  return {
    versions,
    scenarios: scenarios.map(({ scenario, outcomes }) => ({ scenario, outcomes: outcomes.map(read) })),
  };
}

export function writeRecording({ versions, scenarios }: Recording): void {
  const write = ({ line, code, stdout, stderr }: Outcome): Written => ({
    line,
    code,
    stdout: stdout.split('\n'),
    stderr: stderr.split('\n'),
  });
  const whole = {
    versions,
    scenarios: scenarios.map(({ scenario, outcomes }) => ({ scenario, outcomes: outcomes.map(write) })),
  };
  writeFileSync(path, `${JSON.stringify(whole, null, 1)}\n`);
}
