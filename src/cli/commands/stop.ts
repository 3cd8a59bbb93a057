import { Command } from 'commander';

import type { Context } from '../context.ts';
import { forEachName } from '../for-each-name.ts';

export function stopCommand(context: Context): Command {
  return new Command('stop')
    .description('stop containers')
    .argument('<containers...>')
    .option('-s, --signal <signal>', 'the signal to send first')
    .option('-t, --time <seconds>', 'how long to wait before they are killed')
    .action(async (names: string[], options: { signal?: string; time?: string }) => {
      const daemon = await context.connect();
      await forEachName(names, context, (name) =>
        daemon.call('POST', `/containers/${encodeURIComponent(name)}/stop`, {
          query: { t: options.time, signal: options.signal },
        }),
      );
    });
}
