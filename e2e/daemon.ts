/** A daemon of ours in folders of its own, and the real `docker` CLI pointed at it: what every end-to-end test begins with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { Connection } from '../src/client/index.ts';
import { bundle } from '../tools/bundle.ts';
import { docker, type DockerOptions, type Ended } from './docker-cli.ts';
import { temporaryFolder } from './folder.ts';
import {
  type Bootstrap,
  descendantsOf,
  endProcess,
  isAlive,
  processesNaming,
  readShims,
  waitUntil,
} from './processes.ts';

export const checkout: string = join(import.meta.dirname, '..');

const answer_ms_max = 60_000;
const end_ms_max = 30_000;

export interface DaemonOptions {
  /** How guests are started; left out, the daemon chooses. */
  readonly way?: 'fork' | 'spawn';
  /** A folder with the programs, instead of the checkout's `dist`. */
  readonly dist?: string;
  /** Where it and what it starts look for programs, instead of where this process does. */
  readonly path?: string;
  /** Further arguments of `wherry daemon`. */
  readonly args?: readonly string[];
}

export class Daemon {
  /** Holds everything below. */
  readonly folder: string = temporaryFolder();
  readonly root: string = join(this.folder, 'r');
  readonly state: string = join(this.folder, 's');
  readonly socket: string = join(this.state, 'docker.sock');
  readonly host: string = `unix://${this.socket}`;
  /** The Docker API without a CLI between. */
  readonly connection: Connection = new Connection({
    address: { kind: 'unix', path: this.socket },
    name: this.host,
    from: 'flag',
  });
  readonly #options: DaemonOptions;
  #child: ChildProcess | null = null;
  #said = '';

  constructor(options: DaemonOptions = {}) {
    this.#options = options;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the daemon does not run');
    return pid;
  }

  /** What the daemon and those before it on these folders wrote to stderr. */
  get said(): string {
    return this.#said;
  }

  /** Starts the daemon from the bundles, on the folders as they are, and waits until it answers. */
  async start(): Promise<void> {
    await bundled;
    const child = spawn(
      process.execPath,
      [
        '--experimental-ffi',
        '--no-warnings',
        // As `wherry daemon` starts it.
        '--max-semi-space-size=2',
        join(this.#options.dist ?? join(checkout, 'dist'), 'daemon.js'),
        '--data-root',
        this.root,
        '--exec-root',
        this.state,
        ...(this.#options.way === undefined ? [] : ['--guest-start', this.#options.way]),
        ...(this.#options.args ?? []),
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: this.#options.path ?? process.env['PATH'] ?? '' },
      },
    );
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    await waitUntil('the daemon answers', answer_ms_max, async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the daemon ended with ${child.signalCode ?? child.exitCode}:\n${this.#said}`);
      try {
        await this.connection.call('GET', '/_ping');
        return true;
      } catch {
        return false;
      }
    });
  }

  /** `kill -9`, and waits until the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks the daemon to end; containers are left as they are. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    this.#child = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), end_ms_max);
    await gone;
    clearTimeout(late);
  }

  /** Ends the daemon, its shims and their guests, and removes the folders. */
  async stop(): Promise<void> {
    await this.end();
    const pids = new Set(this.shims().flatMap(({ pid }) => [pid, ...descendantsOf(pid)]));
    for (const pid of processesNaming(this.folder)) pids.add(pid);
    for (const pid of pids) endProcess(pid);
    await waitUntil('shims and guests are gone', end_ms_max, () => [...pids].every((pid) => !isAlive(pid)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The shims that this daemon or one before it started and that run. */
  shims(): Bootstrap[] {
    return readShims(join(this.state, 'shims'));
  }

  /** Runs the `docker` CLI against this daemon. */
  docker(args: readonly string[], options: DockerOptions = {}): Promise<Ended> {
    return docker(['-H', this.host, ...args], options);
  }

  /** Runs the `docker` CLI; anything but exit code 0 is an error with what was printed. Gives stdout as text. */
  async ok(args: readonly string[], options: DockerOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.docker(args, options);
    if (code !== 0)
      throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${stdout.toString()}${stderr}${this.#hint()}`);
    return stdout.toString();
  }

  #hint(): string {
    const logs = this.shims().map(({ id }) => {
      try {
        return `shim ${id}: ${readFileSync(join(this.state, 'shims', id, 'shim.log'), 'utf8').slice(-2000)}`;
      } catch {
        return '';
      }
    });
    return `\ndaemon: ${this.#said.slice(-2000)}\n${logs.join('\n')}`;
  }
}

/** Settles when `dist` of the checkout is up to date. */
export const bundled: Promise<void> = (async () => {
  const { failed } = await bundle(checkout);
  for (const [name, why] of Object.entries(failed)) throw new Error(`Cannot bundle ${name}: ${why}`);
})();
bundled.catch(() => {});

/** A daemon that runs. */
export async function startDaemon(options: DaemonOptions = {}): Promise<Daemon> {
  const daemon = new Daemon(options);
  try {
    await daemon.start();
    return daemon;
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}
