import { parseArgs } from 'node:util';

import { WherryError } from '../../errors/index.ts';
import { type Trial, tryGuest } from '../../guest/index.ts';
import { type Check, checkMachine } from './checks.ts';

const doctor_help = `Usage: wherry doctor [--format json]

Says what this machine offers to keep guests apart from it and from each other, layer by
layer, and what each missing one would take; starts a guest of its own to see. Needs no
daemon. Ends with 0 when the guest ran.
`;

/**
 * `wherry doctor`: prints what it finds, and gives the exit code.
 *
 * @throws WherryError InvalidArgument for a flag that there is not
 */
export async function doctor(
  argv: readonly string[],
  programs: { readonly node: string; readonly guest: string },
): Promise<number> {
  const { format, help } = readFlags(argv);
  if (help) {
    process.stdout.write(doctor_help);
    return 0;
  }
  const checks = checkMachine();
  const guest = await tryGuest({ node: programs.node, script: programs.guest });
  process.stdout.write(
    format === 'json' ? `${JSON.stringify({ checks, guest }, undefined, 2)}\n` : page(checks, guest),
  );
  return guest.failed === null ? 0 : 1;
}

function readFlags(argv: readonly string[]): { format: string | undefined; help: boolean } {
  const see = "See 'wherry doctor --help'.";
  let values: { format?: string; help?: boolean };
  try {
    const options = { format: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (cause) {
    const [what = ''] = (cause as Error).message.split('. To specify', 1);
    throw new WherryError('InvalidArgument', `${what}. ${see}`, { cause });
  }
  if (values.format !== undefined && values.format !== 'json')
    throw new WherryError('InvalidArgument', `--format is json or left out, not ${values.format}. ${see}`);
  return { format: values.format, help: values.help === true };
}

function page(checks: readonly Check[], guest: Trial): string {
  const line = (name: string, state: string, found: string): string =>
    `${name.padEnd(16)} ${state.padEnd(8)} ${found}`.trimEnd();
  const lines = checks.flatMap(({ name, state, found, takes }) => [
    line(name, state, found),
    ...(takes === '' ? [] : [line('', '', `takes: ${takes}`)]),
  ]);
  lines.push('');
  if (guest.failed !== null) lines.push(line('guest', 'failed', guest.failed));
  else lines.push(line('guest', 'ok', `started by ${guest.way}: ${guest.why}`));
  lines.push(line('walls', guest.missing.length === 0 ? 'ok' : 'part', guest.walls.join(', ')));
  if (guest.missing.length > 0) lines.push(line('', '', `missing: ${guest.missing.join(', ')}`));
  return `${lines.join('\n')}\n`;
}
