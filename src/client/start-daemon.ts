import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import { Connection } from './connection.ts';
import { chooseHost, type Host, stateFolder } from './host.ts';

/** A daemon that a client started ends itself after so long without use. */
const idle_exit_s = 600;
const start_ms_max = 30_000;

export interface ConnectOptions {
  /** `-H`. */
  readonly host: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The daemon's bundle, beside this program's own. */
  readonly daemon_script: string;
  /** Told once when a daemon had to be started. */
  onStart(socket: string): void;
}

/**
 * A connection to the daemon that was asked for. Where nobody asked for one and the user's own does not run, it is
 * started; clients that do so at the same time end up with one.
 *
 * @throws WherryError Unavailable when none answers, FailedPrecondition when `DOCKER_HOST` is somebody else
 */
export async function connectDaemon(options: ConnectOptions): Promise<Connection> {
  const host = chooseHost(options.host, options.env);
  const connection = new Connection(host);
  if (host.from === 'DOCKER_HOST') await requireWherry(connection);
  else if (host.from === 'default' && !(await answers(host))) await start(host, options);
  return connection;
}

async function requireWherry(connection: Connection): Promise<void> {
  const version = await connection.json<{ Platform?: { Name?: string } }>('GET', '/version');
  if (version.Platform?.Name?.startsWith('Wherry') === true) return;
  throw new WherryError(
    'FailedPrecondition',
    `DOCKER_HOST (${connection.host.name}) is not Wherry but "${version.Platform?.Name ?? 'unknown'}". Unset it, or set WHERRY_HOST.`,
  );
}

async function start(host: Host, { daemon_script, env, onStart }: ConnectOptions): Promise<void> {
  const state = stateFolder(env);
  mkdirSync(state, { recursive: true, mode: 0o750 });
  if (statSync(state).uid !== process.getuid?.())
    throw new WherryError(
      'PermissionDenied',
      `Cannot start the daemon: ${state} belongs to another user. Set WHERRY_STATE to a folder of your own.`,
    );
  const log_path = join(state, 'daemon.log');
  const log = openSync(log_path, 'a', 0o600);
  const { WHERRY_EXTRA_CA_CERTS: certificates, ...rest } = env;
  const child = spawn(
    process.execPath,
    [
      '--experimental-ffi',
      '--no-warnings',
      '--max-semi-space-size=2',
      daemon_script,
      '--idle-exit',
      String(idle_exit_s),
    ],
    {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...rest,
        // V8's code of the daemon, kept beside it: to compile it anew is the half of its start.
        NODE_COMPILE_CACHE: join(dirname(daemon_script), 'compiled'),
        ...(certificates === undefined ? {} : { NODE_EXTRA_CA_CERTS: certificates }),
      },
    },
  );
  closeSync(log);
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  child.unref();
  const deadline = Date.now() + start_ms_max;
  while (!(await answers(host))) {
    // One that lost the race to another client's daemon ends, and the winner's socket is about to appear.
    if (Date.now() > deadline || (ended && Date.now() > deadline - start_ms_max + 5000))
      throw new WherryError(
        'Unavailable',
        `Cannot start the daemon. The end of its log (${log_path}):\n${tail(log_path)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  onStart(host.name);
}

function tail(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

function answers(host: Host): Promise<boolean> {
  const { address } = host;
  return new Promise((resolve) => {
    const socket = address.kind === 'unix' ? connect(address.path) : connect(address.port, address.host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
