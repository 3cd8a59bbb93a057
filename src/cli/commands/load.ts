import { createReadStream, existsSync } from 'node:fs';
import { basename } from 'node:path';

import { Command } from 'commander';

import { WherryError } from '../../errors/index.ts';
import { type Context, ExitCode } from '../context.ts';
import { type ProgressObject, showProgress } from '../progress.ts';

export function loadCommand(context: Context): Command {
  return new Command('load')
    .description('load images from an archive, or make one of a WebAssembly module')
    .argument('[file]', 'archive (docker save, OCI layout) or .wasm file; standard input when left out')
    .option('-i, --input <file>', 'the same')
    .option('-q, --quiet', 'no progress')
    .option('-t, --tag <name>', 'name for the image of a bare module')
    .action(async (file: string | undefined, options: { input?: string; quiet?: boolean; tag?: string }) => {
      const path = file ?? options.input;
      if (path === undefined && process.stdin.isTTY)
        throw new WherryError('InvalidArgument', 'requested load from stdin, but stdin is empty');
      if (path !== undefined && !existsSync(path))
        throw new WherryError('NotFound', `open ${path}: no such file or directory`);
      const daemon = await context.connect();
      const objects = daemon.objects<ProgressObject>('POST', '/images/load', {
        query: {
          quiet: options.quiet === true || !context.out.isTTY ? '1' : '0',
          // What a bare module has no place for in itself.
          tag: options.tag,
          name: path === undefined ? undefined : basename(path),
        },
        headers: { 'Content-Type': 'application/x-tar' },
        stream: path === undefined ? process.stdin : createReadStream(path, { highWaterMark: 1024 * 1024 }),
      });
      const error = await showProgress(objects, context.out);
      if (error === null) return;
      context.err.write(`wherry: ${error}\n`);
      throw new ExitCode(1);
    });
}
