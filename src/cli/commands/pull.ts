import { Command } from 'commander';

import type { Connection } from '../../client/index.ts';
import { WherryError } from '../../errors/index.ts';
import { type Context, ExitCode } from '../context.ts';
import { type ProgressObject, showProgress } from '../progress.ts';
import { registryAuth } from '../registry-auth.ts';

export function pullCommand(context: Context): Command {
  return new Command('pull')
    .description('pull an image from a registry')
    .argument('<name>', 'name[:tag|@digest]')
    .option('--platform <platform>', 'which of its platforms, such as wasi/wasm')
    .option('-q, --quiet', 'no progress')
    .action(async (name: string, options: { platform?: string; quiet?: boolean }) => {
      const daemon = await context.connect();
      try {
        await pull(daemon, name, options.platform, options.quiet === true ? null : context.out);
      } catch (error) {
        if (!(error instanceof WherryError)) throw error;
        context.err.write(`Error response from daemon: ${error.message}\n`);
        throw new ExitCode(1);
      }
      if (options.quiet === true) context.out.write(`${name}\n`);
    });
}

/** Pulls `name`, which may lack a tag; shows progress on `out` unless that is null. */
export async function pull(
  daemon: Connection,
  name: string,
  platform: string | undefined,
  out: NodeJS.WriteStream | null,
): Promise<void> {
  const digest = name.indexOf('@');
  const colon = name.lastIndexOf(':');
  const tagged = digest === -1 && colon > name.lastIndexOf('/');
  if (digest === -1 && !tagged) out?.write('Using default tag: latest\n');
  const auth = registryAuth(name);
  const objects = daemon.objects<ProgressObject>('POST', '/images/create', {
    query: {
      fromImage: digest !== -1 ? name.slice(0, digest) : tagged ? name.slice(0, colon) : name,
      tag: digest !== -1 ? name.slice(digest + 1) : tagged ? name.slice(colon + 1) : 'latest',
      platform,
    },
    headers: auth === null ? {} : { 'X-Registry-Auth': auth },
  });
  const error = out === null ? await drain(objects) : await showProgress(objects, out);
  if (error !== null) throw new WherryError('Unknown', error);
}

async function drain(objects: AsyncIterable<ProgressObject>): Promise<string | null> {
  for await (const { error } of objects) if (error !== undefined) return error;
  return null;
}
