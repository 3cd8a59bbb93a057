/**
 * The daemon, `wherryd` with the flags of dockerd; `wherry doctor`, which has to do with the same machine; and
 * `wherry --address A publish`, which shims call.
 */
import { writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';

import { fromUnknown, WherryError } from '../errors/index.ts';
import { compiled_kept_after_ms } from '../limits/index.ts';
import { setUmask } from '../os/index.ts';
import { startDaemon } from './compose.ts';
import { doctor } from './doctor/doctor.ts';
import { createLogger } from './log.ts';
import { publish } from './publish.ts';
import { help, readSettings, type Settings } from './settings.ts';
import { version } from './version.ts';

const home = import.meta.dirname;
const programs = {
  node: process.execPath,
  shim: join(home, 'shim.js'),
  guest: join(home, 'guest.js'),
  publish: join(home, '..', 'wherry'),
};

try {
  const [word, ...rest] = process.argv.slice(2);
  if (word === '--publish') {
    await publish(rest);
    process.exit(0);
  }
  if (word === 'doctor') process.exit(await doctor(rest, programs));
  const asked = readSettings(process.argv.slice(2), process.env);
  if (asked.kind === 'help') process.stdout.write(help);
  else if (asked.kind === 'run') await serve(asked.settings);
  else process.stdout.write(`Wherry version ${version}\n`);
} catch (error) {
  process.stderr.write(
    `wherry daemon: ${error instanceof WherryError ? error.message : (fromUnknown(error).stack ?? String(error))}\n`,
  );
  process.exitCode = 1;
}

async function serve(settings: Settings): Promise<void> {
  setUmask(0o077);
  const log = createLogger(settings.log_level);
  const daemon = await startDaemon(settings, programs, log);
  if (settings.pid_file !== null) writeFileSync(settings.pid_file, `${process.pid}\n`);
  for (const address of daemon.addresses) log.info(`API listen on ${address}`);
  log.info(`Daemon has completed initialization (Wherry ${version}, pid ${process.pid})`);
  // Whoever started it may have named a folder for V8's code; a daemon that is killed would never write it.
  setTimeout(flushCompileCache, compiled_kept_after_ms).unref();

  let stopping = false;
  const stop = (why: string): void => {
    if (stopping) return;
    stopping = true;
    log.info(`stopping: ${why}; containers go on`);
    daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(fromUnknown(error).message);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop(signal));
  process.on('SIGHUP', () => {});
  process.on('uncaughtException', (error) => log.error(`uncaught: ${error.stack ?? error.message}`));
  process.on('unhandledRejection', (error) => log.error(`unhandled: ${fromUnknown(error).stack ?? ''}`));

  const { idle_exit_s } = settings;
  if (idle_exit_s === null) return;
  setInterval(() => {
    if (Date.now() - daemon.last_used_ms > idle_exit_s * 1000) stop(`nobody used it for ${idle_exit_s} s`);
  }, 1000).unref();
}
