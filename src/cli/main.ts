/** The `wherry` command: a client of the daemon. Everything heavy stays out of here, because each start pays for it. */
import { spawnSync } from 'node:child_process';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

import { Command, CommanderError, Option } from 'commander';

import { WherryError } from '../errors/index.ts';
import { completionCommand } from './commands/completion.ts';
import { debugCommand } from './commands/debug.ts';
import { imagesCommand } from './commands/images.ts';
import { infoCommand } from './commands/info.ts';
import { loadCommand } from './commands/load.ts';
import { logsCommand } from './commands/logs.ts';
import { psCommand } from './commands/ps.ts';
import { pullCommand } from './commands/pull.ts';
import { rmCommand } from './commands/rm.ts';
import { runCommand } from './commands/run.ts';
import { shimCommand } from './commands/shim.ts';
import { stopCommand } from './commands/stop.ts';
import { versionCommand } from './commands/version.ts';
import { createContext, ExitCode, type GlobalOptions } from './context.ts';
import { suggestion } from './suggest.ts';
import { client_version } from './version.ts';

enableCompileCache(join(import.meta.dirname, 'compiled'));

const program = new Command('wherry')
  .description('The container engine for WebAssembly')
  .addOption(new Option('-H, --host <address>', 'daemon to use (unix:///path or tcp://host:port)'))
  .addOption(new Option('--namespace <name>', "a namespace of containerd's clients, for ps and images to look into"))
  .version(`Wherry version ${client_version}`, '-v, --version', 'print the version')
  .enablePositionalOptions()
  .configureHelp({ showGlobalOptions: false })
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'wherry: ')) });

const context = createContext(() => program.opts<GlobalOptions>());
const commands = [
  runCommand,
  psCommand,
  logsCommand,
  debugCommand,
  stopCommand,
  rmCommand,
  imagesCommand,
  loadCommand,
  pullCommand,
  infoCommand,
  shimCommand,
  versionCommand,
  completionCommand,
];
for (const make of commands) program.addCommand(make(context, program).exitOverride());
program.hook('preAction', (_program, command) => {
  if (program.opts<GlobalOptions>().namespace === undefined || ['ps', 'images'].includes(command.name())) return;
  throw new WherryError(
    'InvalidArgument',
    `wherry ${command.name()} knows Docker's namespace only: --namespace is for ps and images to look. ` +
      "To change what is in another, use ctr or nerdctl on the daemon's containerd.sock.",
  );
});
// The launcher starts the daemon itself; the command stands here for the help and the completion.
program
  .command('daemon')
  .description(
    'start the daemon, with the flags of dockerd (-H, --data-root, --exec-root, --config-file, --log-level, --debug)',
  )
  .allowUnknownOption()
  .helpOption(false)
  .argument('[flags...]')
  .action((flags: string[]) => {
    const script = join(import.meta.dirname, 'daemon.js');
    const { status } = spawnSync(process.execPath, ['--experimental-ffi', '--no-warnings', script, ...flags], {
      stdio: 'inherit',
    });
    throw new ExitCode(status ?? 1);
  });
program
  .command('doctor')
  .description('say what this machine offers to keep guests apart, and what each missing layer would take')
  .option('--format <format>', 'json')
  .action(({ format }: { format?: string }) => {
    const script = join(import.meta.dirname, 'daemon.js');
    const flags = format === undefined ? [] : ['--format', format];
    const { status } = spawnSync(
      process.execPath,
      ['--experimental-ffi', '--no-warnings', script, 'doctor', ...flags],
      {
        stdio: 'inherit',
      },
    );
    throw new ExitCode(status ?? 1);
  });

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of a pipe has had enough.
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const names = program.commands.map((command) => command.name());
  const word = argv.find((each) => !each.startsWith('-'));
  const first = argv[0];
  if (word !== undefined && first === word && !names.includes(word) && word !== 'help') {
    const near = suggestion(word, names);
    process.stderr.write(`wherry: unknown command: wherry ${word}\n`);
    if (near !== null) process.stderr.write(`\nDid you mean "wherry ${near}"?\n`);
    process.stderr.write(
      "\nRun 'wherry --help' for the commands; the docker CLI does the rest ('wherry info' says how).\n",
    );
    return 1;
  }
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof ExitCode) return error.code;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 125;
    if (!(error instanceof WherryError)) throw error;
    process.stderr.write(`wherry: ${error.message}\n`);
    return 1;
  }
}
