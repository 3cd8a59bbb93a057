import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

import { WherryError } from '../../errors/index.ts';
import type { NamespaceRequest } from './foreign-bundle.ts';

/** A process that does nothing but have a container's namespaces: its pid is the container's. */
export interface Holder {
  readonly pid: number;
  /** Settles with its exit code, or 128 + signal. */
  readonly ended: Promise<number>;
  signal(number: number): void;
}

/**
 * Starts one by our own binary at `program`; settles when it has its namespaces.
 *
 * @throws WherryError FailedPrecondition when one cannot be entered or made
 */
export async function startHolder(program: string, namespaces: readonly NamespaceRequest[]): Promise<Holder> {
  const words = namespaces.map(({ type, path }) => (path === null ? type : `${type}=${path}`));
  const child = spawn(program, ['hold', ...words], { stdio: ['ignore', 'pipe', 'ignore'], cwd: '/', env: {} });
  const ended = statusOf(child);
  const said = await firstWords(child);
  if (said !== 'ready' || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new WherryError('FailedPrecondition', `Cannot hold the namespaces of the container: ${said}`);
  }
  return {
    pid: child.pid,
    ended,
    signal(number) {
      child.kill(number as unknown as NodeJS.Signals);
    },
  };
}

function firstWords(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    child.once('error', (error) => resolve(error.message));
    child.stdout!.setEncoding('utf8').on('data', (piece: string) => (said += piece));
    child.stdout!.once('close', () => resolve(said.trim() === '' ? 'it ended' : said.trim()));
  });
}

function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
    child.once('error', () => resolve(127));
  });
}
