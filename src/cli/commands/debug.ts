import { pipeline } from 'node:stream/promises';

import { Command } from 'commander';

import { WherryError } from '../../errors/index.ts';
import type { Context } from '../context.ts';

export function debugCommand(context: Context): Command {
  return new Command('debug')
    .description('print the core dump that a trap left, to a file or a pipe')
    .argument('<container>')
    .action(async (name: string) => {
      if (context.out.isTTY)
        throw new WherryError(
          'InvalidArgument',
          `Cannot print a core dump to a terminal: wherry debug ${name} > core.wasm`,
        );
      const daemon = await context.connect();
      const { body } = await daemon.call('GET', `/containers/${encodeURIComponent(name)}/core`);
      await pipeline(body, context.out, { end: false });
    });
}
