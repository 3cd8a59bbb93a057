import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';

import { WherryError } from '../../errors/index.ts';
import { holder_rest_ms, standby_holders } from '../../limits/index.ts';
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
async function startHolder(program: string, namespaces: readonly NamespaceRequest[]): Promise<Holder> {
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

/** Holders of namespaces of their own, made ahead: containers ask for nothing else as a rule. */
export class Holders {
  readonly #program: string;
  #ready: Holder[] = [];
  #refilling = false;

  constructor(program: string) {
    this.#program = program;
  }

  /** @throws WherryError as `startHolder` */
  async take(namespaces: readonly NamespaceRequest[]): Promise<Holder> {
    const as_usual = usual.every((type) => namespaces.some((each) => each.type === type && each.path === null));
    if (!as_usual || namespaces.length !== usual.length) return startHolder(this.#program, namespaces);
    const next = this.#ready.shift();
    setTimeout(() => void this.#refill(), holder_rest_ms);
    return next ?? startHolder(this.#program, namespaces);
  }

  async #refill(): Promise<void> {
    if (this.#refilling) return;
    this.#refilling = true;
    try {
      while (this.#ready.length < standby_holders) {
        const made = await startHolder(
          this.#program,
          usual.map((type) => ({ type, path: null })),
        );
        this.#ready.push(made);
        void made.ended.then(() => (this.#ready = this.#ready.filter((each) => each !== made)));
      }
    } catch {
      // Whoever needs one finds the same, and has somebody to tell.
    } finally {
      this.#refilling = false;
    }
  }
}

const usual: readonly NamespaceRequest['type'][] = ['ipc', 'network', 'uts'];

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
