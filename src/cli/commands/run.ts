import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';

import { Command } from 'commander';

import { type Connection, DaemonError } from '../../client/index.ts';
import { WherryError } from '../../errors/index.ts';
import { attach } from '../attach.ts';
import { type Context, ExitCode } from '../context.ts';
import { collect } from '../filters.ts';
import type { ProgressObject } from '../progress.ts';
import { createBody, type RunOptions } from '../run-request.ts';
import { pull } from './pull.ts';

export function runCommand(context: Context): Command {
  return new Command('run')
    .description('run a program from an image, or a .wasm file')
    .argument('<image>', 'image, or path of a WebAssembly module')
    .argument('[args...]', 'what the program is given')
    .passThroughOptions()
    .option('-d, --detach', 'in the background; print the id')
    .option('-i, --interactive', 'keep standard input open')
    .option('-t, --tty', 'with a terminal')
    .option('--rm', 'remove the container when it ends')
    .option('-e, --env <name=value>', 'set a variable', collect, [])
    .option('--env-file <file>', 'read variables from a file', collect, [])
    .option('-w, --workdir <path>', 'working directory')
    .option('-v, --volume <spec>', 'mount a folder or volume (SOURCE:PATH[:ro])', collect, [])
    .option('--mount <spec>', 'the same, in words (type=bind,src=…,dst=…)', collect, [])
    .option('--tmpfs <path>', 'mount memory', collect, [])
    .option('--name <name>', 'name of the container')
    .option('--entrypoint <program>', "instead of the image's")
    .option('--read-only', 'nothing outside of mounts can be written')
    .option('-u, --user <user>', 'user or uid[:gid]')
    .option('-m, --memory <bytes>', 'memory limit')
    .option('-l, --label <name=value>', 'set a label', collect, [])
    .option('--restart <policy>', 'no, always, unless-stopped, on-failure[:n]')
    .option('--platform <platform>', "which of the image's platforms")
    .option('--pull <when>', 'always, missing or never', 'missing')
    .option('-p, --publish <ports>', 'publish a port', collect, [])
    .option('-P, --publish-all', 'publish every port that the image exposes')
    .option('--hostname <name>', 'host name inside')
    .option('--network <network>', 'bridge, host or none')
    .option('--stop-signal <signal>', 'signal that stops it')
    .option('--stop-timeout <seconds>', 'how long a stop waits')
    .option('--log-driver <driver>', 'json-file, local or none')
    .option('--log-opt <name=value>', 'an option of the log driver', collect, [])
    .option('--detach-keys <keys>', 'keys that detach from a terminal')
    .option('--debug', 'wait for a debugger before the first instruction')
    .option('--coredump', 'keep a core dump when it traps, for wherry debug')
    .option('-q, --quiet', 'pull without progress')
    .action(async (image: string, args: string[], options: RunOptions) => {
      try {
        throw new ExitCode(await run(context, image, args, options));
      } catch (error) {
        if (!(error instanceof WherryError)) throw error;
        const said = error instanceof DaemonError ? `Error response from daemon: ${error.message}` : error.message;
        context.err.write(`wherry: ${said}\n\nRun 'wherry run --help' for more information\n`);
        throw new ExitCode(startFailureCode(error.message));
      }
    });
}

/** The exit code that Docker's CLI gives for what a daemon says of a start. */
function startFailureCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message))
    return 127;
  if (/permission denied|is a directory/.test(message)) return 126;
  return 125;
}

async function run(context: Context, image: string, args: readonly string[], options: RunOptions): Promise<number> {
  const daemon = await context.connect();
  const name = isModule(image) ? await loadModule(daemon, image) : image;
  const body = createBody(name, args, options);
  const query = { name: options.name, platform: options.platform };
  if (options.pull === 'always')
    await pull(daemon, name, options.platform, options.quiet === true ? null : context.err);
  const created = await create();
  for (const warning of created.Warnings ?? []) context.err.write(`WARNING: ${warning}\n`);
  if (options.detach === true) {
    await daemon.call('POST', `/containers/${created.Id}/start`);
    context.out.write(`${created.Id}\n`);
    return 0;
  }
  return attach(daemon, created.Id, {
    stdin: options.interactive === true,
    terminal: options.tty === true,
    remove: options.rm === true,
    detach_keys: options.detachKeys,
  });

  async function create(): Promise<{ Id: string; Warnings: string[] | null }> {
    try {
      return await daemon.json('POST', '/containers/create', { query, body });
    } catch (error) {
      if (
        !(error instanceof DaemonError) ||
        error.status !== 404 ||
        options.pull === 'never' ||
        !/No such image/.test(error.message)
      )
        throw error;
    }
    context.err.write(`Unable to find image '${name}' locally\n`);
    await pull(daemon, name, options.platform, options.quiet === true ? null : context.err);
    return daemon.json('POST', '/containers/create', { query, body });
  }
}

/** Whether `image` names a file that starts as WebAssembly does. */
function isModule(image: string): boolean {
  if (!image.endsWith('.wasm') && !image.includes('/')) return false;
  let fd: number;
  try {
    fd = openSync(image, 'r');
  } catch (error) {
    // A path that only a file can be: what is wrong with it is worth more than a failed pull.
    if (/^(\.{0,2}\/)/.test(image) && image.endsWith('.wasm'))
      throw new WherryError('NotFound', `Cannot run ${image}: no such file or directory`, { cause: error });
    return false;
  }
  try {
    const start = Buffer.alloc(4);
    const n = readSync(fd, start);
    if (n === 4 && start.equals(Buffer.from('\0asm'))) return true;
  } finally {
    closeSync(fd);
  }
  if (image.endsWith('.wasm'))
    throw new WherryError(
      'InvalidArgument',
      `Cannot run ${image}: it is not WebAssembly (it does not start with \\0asm).`,
    );
  return false;
}

/** Makes an image of a module; gives its id. */
async function loadModule(daemon: Connection, path: string): Promise<string> {
  const objects = daemon.objects<ProgressObject>('POST', '/images/load', {
    query: { quiet: '1', name: basename(path) },
    headers: { 'Content-Type': 'application/x-tar' },
    stream: createReadStream(path, { highWaterMark: 1024 * 1024 }),
  });
  let id: string | null = null;
  for await (const { stream, error, errorDetail } of objects) {
    if (error !== undefined) throw new WherryError('InvalidArgument', errorDetail?.message ?? error);
    id = /^Loaded image ID: (\S+)/.exec(stream ?? '')?.[1] ?? id;
  }
  if (id === null) throw new WherryError('Internal', `Cannot run ${path}: the daemon made no image of it.`);
  return id;
}
