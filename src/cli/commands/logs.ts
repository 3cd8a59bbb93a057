import { Command } from 'commander';

import { WherryError } from '../../errors/index.ts';
import { demultiplex } from '../../client/index.ts';
import type { Context } from '../context.ts';
import { parseDuration } from '../human.ts';

export function logsCommand(context: Context): Command {
  return new Command('logs')
    .description("print a container's output")
    .argument('<container>')
    .option('--details', 'with what the logging options added')
    .option('-f, --follow', 'go on as it comes')
    .option('--since <time>', 'from this time on (RFC 3339, or a duration back such as 10m)')
    .option('--until <time>', 'up to this time')
    .option('-n, --tail <lines>', 'only so many lines from the end', 'all')
    .option('-t, --timestamps', 'with times')
    .action(async (name: string, options: Options) => {
      const daemon = await context.connect();
      const { Id, Config } = await daemon.json<{ Id: string; Config: { Tty: boolean } }>(
        'GET',
        `/containers/${encodeURIComponent(name)}/json`,
      );
      const flag = (on: boolean | undefined): string | undefined => (on === true ? '1' : undefined);
      const { body } = await daemon.call('GET', `/containers/${Id}/logs`, {
        query: {
          stdout: '1',
          stderr: '1',
          follow: flag(options.follow),
          details: flag(options.details),
          timestamps: flag(options.timestamps),
          tail: options.tail,
          since: time(options.since),
          until: time(options.until),
        },
      });
      const take = Config.Tty
        ? (chunk: Buffer): void => void context.out.write(chunk)
        : demultiplex((stream, bytes) => void (stream === 1 ? context.out : context.err).write(bytes));
      for await (const chunk of body as AsyncIterable<Buffer>) take(chunk);
    });
}

interface Options {
  readonly details?: boolean;
  readonly follow?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly tail: string;
  readonly timestamps?: boolean;
}

/** A time as the API takes it: seconds since the epoch. */
function time(text: string | undefined): string | undefined {
  if (text === undefined || /^\d+(\.\d+)?$/.test(text)) return text;
  const back = parseDuration(text);
  if (back !== null) return String(Date.now() / 1000 - back);
  const at = Date.parse(text);
  if (Number.isNaN(at))
    throw new WherryError(
      'InvalidArgument',
      `Cannot read "${text}" as a time: write RFC 3339 (2026-01-31T12:00:00Z) or a duration (10m).`,
    );
  return String(at / 1000);
}
