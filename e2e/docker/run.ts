/** Runs scenarios with a client's real command and gives what it printed, masked. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

import { temporaryFolder } from '../folder.ts';
import { waitUntil } from '../processes.ts';
import { type Mask, mask, masksOf } from './masks.ts';
import { isCompared, type Scenario, type Step } from './scenario.ts';
import type { Target } from './target.ts';

const command_ms_max = 60_000;
const until_ms_max = 30_000;

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a line of a scenario printed. */
export interface Outcome extends Printed {
  /** As in the scenario. */
  readonly line: string;
}

/** A shell for scenarios. */
export interface Shell {
  /** What commands find in the environment beside the plainest of it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Files that lie in its folder. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Given the folder. */
  masks(folder: string): readonly Mask[];
}

/** Runs one scenario on a target that was reset, and resets it. */
export async function runScenario(target: Target, scenario: Scenario): Promise<Outcome[]> {
  const { platform, registry, root } = target;
  const shell: Shell = {
    environment: {
      DOCKER_CLI_HINTS: 'false',
      DOCKER_HOST: target.host,
      PLATFORM: platform,
      REGISTRY: registry.address,
    },
    files: target.images.files,
    masks: (folder) => masksOf({ folder, root, registry: registry.address, platform }),
  };
  try {
    return await runSteps(shell, scenario.steps);
  } finally {
    await target.reset();
  }
}

/** Runs steps in a folder of their own. */
export async function runSteps(shell: Shell, steps: readonly Step[]): Promise<Outcome[]> {
  const run = new Run(shell);
  try {
    const outcomes: Outcome[] = [];
    for (const step of steps) {
      const printed = await run.step(step);
      if (isCompared(step)) outcomes.push({ line: step.line, ...printed });
    }
    return outcomes;
  } finally {
    run.clean();
  }
}

class Run {
  readonly #home = temporaryFolder('script-');
  readonly #folder = join(this.#home, 'f');
  readonly #background = new Map<string, Promise<Printed>>();
  readonly #running = new Set<ChildProcess>();
  readonly #environment: Readonly<Record<string, string>>;
  readonly #masks: readonly Mask[];

  constructor({ environment, files, masks }: Shell) {
    mkdirSync(this.#folder);
    for (const [name, archive] of files) writeFileSync(join(this.#folder, name), archive);
    this.#environment = {
      PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      HOME: this.#home,
      LC_ALL: 'C',
      TZ: 'UTC',
      TERM: 'xterm',
      DOCKER_CONFIG: join(this.#folder, '.docker'),
      ...environment,
    };
    this.#masks = masks(this.#folder);
  }

  async step({ kind, name, text, input, line }: Step): Promise<Printed> {
    const nothing: Printed = { code: 0, stdout: '', stderr: '' };
    switch (kind) {
      case 'file':
        writeFileSync(join(this.#folder, text), input ?? '');
        return nothing;
      case 'do': {
        const printed = await this.#run(text, input);
        if (printed.code !== 0)
          throw new Error(`${line}: ended with ${printed.code}\n${printed.stdout}${printed.stderr}`);
        return nothing;
      }
      case 'until':
        await waitUntil(line, until_ms_max, async () => (await this.#run(text, input)).code === 0);
        return nothing;
      case 'begin':
        this.#background.set(name, this.#run(text, input));
        return nothing;
      case 'end': {
        const printed = this.#background.get(name);
        if (printed === undefined) throw new Error(`${line}: nothing of this name was begun`);
        return await printed;
      }
      case 'tty':
        return await this.#run(text, input, true);
      case 'run':
        return await this.#run(text, input);
    }
  }

  /** Ends what is left running and removes the folder. */
  clean(): void {
    for (const child of this.#running) kill(child);
    rmSync(this.#home, { recursive: true, force: true });
  }

  async #run(command: string, input: string | null, tty = false): Promise<Printed> {
    const child = spawn('sh', ['-c', tty ? 'script -qec "$COMMAND" /dev/null' : command], {
      cwd: this.#folder,
      env: { ...this.#environment, COMMAND: command, SHELL: '/bin/sh' },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#running.add(child);
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill(child);
    }, command_ms_max);
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve(code ?? 255));
    });
    const [stdout, stderr, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
    clearTimeout(timer);
    this.#running.delete(child);
    const why = late ? `(killed after ${command_ms_max} ms)\n` : '';
    return { code, stdout: mask(String(stdout), this.#masks), stderr: mask(String(stderr), this.#masks) + why };
  }
}

/** A command with all that it started. */
function kill({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}
