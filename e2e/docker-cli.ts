/** The `docker` command of this machine, with nothing of its user's settings. */
import { spawn, spawnSync } from 'node:child_process';
import type { Readable } from 'node:stream';

import { temporaryFolder } from './folder.ts';

export interface DockerOptions {
  /** What it reads; nothing when left out. */
  readonly input?: string | Uint8Array | Readable;
  /** Its whole environment, instead of a plain one. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Killed after so long, which is then an error. */
  readonly ms_max?: number;
  /** Told of stdout as it comes, instead of collecting it. */
  onOutput?(chunk: Buffer): void;
}

export interface Ended {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const default_ms_max = 120_000;

/** The CLI's folder of settings: empty, so that no context, credential or plugin of a user plays a part. */
const settings = temporaryFolder('docker-');
process.once('exit', () => spawnSync('rm', ['-rf', settings]));

/** Where `docker` is; the tests' PATH is not the one the CLI gets. */
const found = spawnSync('sh', ['-c', 'command -v docker'], { encoding: 'utf8' }).stdout.trim();

/** Runs `docker` and gives how it ended, whatever the exit code. */
export async function docker(args: readonly string[], options: DockerOptions = {}): Promise<Ended> {
  if (found === '')
    throw new Error('there is no docker command here: install docker-cli (Debian: docker.io or docker-cli)');
  const child = spawn(found, ['--config', settings, ...args], {
    env: options.env ?? { PATH: '/usr/bin:/bin', HOME: settings },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const { onOutput, input = '' } = options;
  child.stdout.on('data', onOutput ?? ((chunk: Buffer) => stdout.push(chunk)));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A container may end without reading what it was given.
  child.stdin.on('error', () => {});
  if (typeof input === 'string' || input instanceof Uint8Array) child.stdin.end(input);
  else input.pipe(child.stdin);
  const ms_max = options.ms_max ?? default_ms_max;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, ms_max);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? 255));
  });
  clearTimeout(timer);
  const ended: Ended = { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
  if (late)
    throw new Error(
      `docker ${args.join(' ')} did not end within ${ms_max} ms:\n${ended.stdout.toString()}${ended.stderr}`,
    );
  return ended;
}
