import { WherryError } from '../../../../errors/index.ts';
import type { Ulimit } from '../../config.ts';

const names: ReadonlySet<string> = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack as'.split(' '),
);

/** 2^64-1: the runtime specification's "no limit", which no number of JavaScript is. -1 is how clients write it. */
const unlimited = (JSON as unknown as { rawJSON(text: string): object }).rawJSON('18446744073709551615');

/** @throws WherryError InvalidArgument with Docker's texts */
export function checkUlimits(ulimits: readonly Ulimit[]): void {
  for (const { Name, Soft, Hard } of ulimits) {
    if (!names.has(Name)) throw new WherryError('InvalidArgument', `invalid ulimit type: ${Name}`);
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw new WherryError(
        'InvalidArgument',
        `ulimit soft limit must be less than or equal to hard limit: soft=${Soft === -1 ? 'unlimited' : Soft} hard=${Hard}`,
      );
    }
  }
}

/** `process.rlimits` of the runtime specification, by name. */
export function rlimitsOf(ulimits: readonly Ulimit[]): readonly object[] {
  return ulimits
    .toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
    .map(({ Name, Soft, Hard }) => ({ type: `RLIMIT_${Name.toUpperCase()}`, hard: limit(Hard), soft: limit(Soft) }));
}

function limit(value: number): number | object {
  return value < 0 ? unlimited : value;
}
