import { Command } from 'commander';

import type { Context } from '../context.ts';
import { forEachName } from '../for-each-name.ts';

export function rmCommand(context: Context): Command {
  return new Command('rm')
    .description('remove containers')
    .argument('<containers...>')
    .option('-f, --force', 'kill those that run')
    .option('-v, --volumes', 'with their anonymous volumes')
    .action(async (names: string[], options: { force?: boolean; volumes?: boolean }) => {
      const daemon = await context.connect();
      await forEachName(names, context, (name) =>
        daemon.call('DELETE', `/containers/${encodeURIComponent(name)}`, {
          query: { force: options.force === true ? '1' : undefined, v: options.volumes === true ? '1' : undefined },
        }),
      );
    });
}
