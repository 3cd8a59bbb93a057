/** Compares what was printed with the recording, and accounts for the lines that differ. */
import type { Outcome } from './run.ts';

/** At most so many lines may differ for other reasons than the recorded engine's age. */
export const different_lines_max = 15;

export interface Excuse {
  /** `FILE: TITLE`. */
  readonly scenario: string;
  readonly line: string;
  /** `older engine`: Docker 29 prints what we print, by the row of facts that is named; `different`: counted. */
  readonly kind: 'older engine' | 'different';
  readonly why: string;
  readonly row?: string;
  /** Only when the tests run as root, or as another. */
  readonly as?: 'root' | 'user';
}

export interface Difference {
  readonly scenario: string;
  readonly line: string;
  /** Both sides, as they differ. */
  readonly text: string;
}

export interface Account {
  readonly compared: number;
  readonly older: readonly Difference[];
  readonly different: readonly Difference[];
  readonly unexcused: readonly Difference[];
  /** Excuses of lines that are equal or not there. */
  readonly needless: readonly Excuse[];
}

/** Lines of one scenario that differ from the other side's, which is called `peer`. */
export function differences(
  scenario: string,
  recorded: readonly Outcome[],
  ours: readonly Outcome[],
  peer = 'Docker',
): Difference[] {
  return recorded.flatMap((expected, at) => {
    const actual = ours[at];
    if (actual?.line !== expected.line) throw new Error(`${scenario}: "${expected.line}" was recorded; record again`);
    const parts = [
      ...describe(peer, 'exit code', String(expected.code), String(actual.code)),
      ...describe(peer, 'stdout', expected.stdout, actual.stdout),
      ...describe(peer, 'stderr', expected.stderr, actual.stderr),
    ];
    return parts.length === 0 ? [] : [{ scenario, line: expected.line, text: parts.join('\n') }];
  });
}

export function account(
  compared: number,
  found: readonly Difference[],
  excuses: readonly Excuse[],
  user: 'root' | 'user',
): Account {
  const valid = excuses.filter(({ as }) => as === undefined || as === user);
  const isFor = (excuse: Excuse, { scenario, line }: Difference): boolean =>
    excuse.scenario === scenario && excuse.line === line;
  const kindOf = (difference: Difference): string | undefined =>
    valid.find((excuse) => isFor(excuse, difference))?.kind;
  return {
    compared,
    older: found.filter((difference) => kindOf(difference) === 'older engine'),
    different: found.filter((difference) => kindOf(difference) === 'different'),
    unexcused: found.filter((difference) => kindOf(difference) === undefined),
    needless: valid.filter((excuse) => !found.some((difference) => isFor(excuse, difference))),
  };
}

function describe(peer: string, what: string, expected: string, actual: string): string[] {
  return expected === actual ? [] : [`  ${what}, ${peer}:\n${indent(expected)}\n  ${what}, ours:\n${indent(actual)}`];
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}
