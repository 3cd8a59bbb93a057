import { existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, join, resolve } from 'node:path';

import { Command } from 'commander';

import { WherryError } from '../../errors/index.ts';
import type { Context } from '../context.ts';

/** What containerd looks for along its PATH for the runtime `io.containerd.wherry.v1`. */
const binary = 'containerd-shim-wherry-v1';

/** `wherry shim install|uninstall`: puts the shim where a containerd finds it. It needs no daemon of ours. */
export function shimCommand(context: Context): Command {
  const shim = new Command('shim').description("make Wherry a runtime of this machine's containerd");
  shim
    .command('install')
    .description(`put ${binary} into a folder that containerd finds it in`)
    .argument('[dir]', "a folder in containerd's PATH", defaultFolder())
    .action((folder: string) => install(resolve(folder), context));
  shim
    .command('uninstall')
    .description('take it away again')
    .argument('[dir]', 'the folder it was installed in', defaultFolder())
    .action((folder: string) => uninstall(resolve(folder), context));
  return shim;
}

function defaultFolder(): string {
  return process.getuid!() === 0 ? '/usr/local/bin' : join(homedir(), '.local/bin');
}

/** A link to what lies beside this program: an update of the checkout is one of the shim. */
function install(folder: string, context: Context): void {
  const target = join(import.meta.dirname, binary);
  if (!existsSync(target))
    throw new WherryError(
      'NotFound',
      `Cannot install the shim: ${target} is missing; it is not built for this machine.`,
    );
  const path = join(folder, binary);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === false)
    throw new WherryError('AlreadyExists', `Cannot install the shim: ${path} is there, and is no link of Wherry's.`);
  try {
    mkdirSync(folder, { recursive: true });
    rmSync(`${path}.new`, { force: true });
    symlinkSync(target, `${path}.new`);
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw new WherryError('PermissionDenied', `Cannot install the shim: ${(cause as Error).message}`, { cause });
  }
  const found = (process.env['PATH'] ?? '').split(delimiter).includes(folder);
  context.out.write(
    [
      `${path} -> ${target}`,
      ...(found ? [] : [`${folder} is not in your PATH; it has to be in containerd's.`]),
      '',
      'Run a module with it; nothing has to be configured:',
      '  ctr run --rm --runtime io.containerd.wherry.v1 IMAGE NAME',
      '',
      'For Kubernetes, as a runtime class with the handler "wherry", add to /etc/containerd/config.toml:',
      '  version = 2   # containerd 1.6 and 1.7',
      "  [plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.wherry]",
      "    runtime_type = 'io.containerd.wherry.v1'",
      '  version = 3   # containerd 2',
      "  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.wherry]",
      "    runtime_type = 'io.containerd.wherry.v1'",
      '',
    ].join('\n'),
  );
}

function uninstall(folder: string, context: Context): void {
  const path = join(folder, binary);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new WherryError('NotFound', `Cannot take the shim away: ${path} is not there.`);
  if (!found.isSymbolicLink() || basename(readlinkSync(path)) !== binary)
    throw new WherryError('FailedPrecondition', `Cannot take the shim away: ${path} is no link of Wherry's.`);
  try {
    rmSync(path);
  } catch (cause) {
    throw new WherryError('PermissionDenied', `Cannot take the shim away: ${(cause as Error).message}`, { cause });
  }
  context.out.write(`removed ${path}\n`);
}
