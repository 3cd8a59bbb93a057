import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fromUnknown, isClass, WherryError } from '../../../errors/index.ts';
import { relay_finish_ms_max, shim_call_ms_max } from '../../../limits/index.ts';
import type { Log } from '../../log.ts';
import type { AttachRequest, TaskStdio } from '../../model.ts';
import { handOff } from '../handoff.ts';
import type { Shim } from '../shim.ts';
import type { OpenedStreams } from '../task-shim.ts';

const timeout = { timeout_ms: shim_call_ms_max };

/** Shims of ours, which hold streams for others. */
export interface StreamHolders {
  acquire(namespace: string): Promise<Shim>;
  /** Takes a place in one that is here; null when it is not. */
  retake(namespace: string, id: string): Shim | null;
  release(shim: Shim): void;
}

export interface TaskStreamsOptions {
  readonly namespace: string;
  readonly container: string;
  readonly bundle: string;
  readonly holders: StreamHolders;
  readonly log: Log;
}

/** A process whose streams one of our shims holds. */
interface HeldProcess {
  readonly exec_id: string;
  readonly stdio: TaskStdio;
  /** How the other shim is reached, since it has the streams; null before. */
  other: { readonly address: string; readonly service: string } | null;
}

/**
 * The streams of one task's processes in a shim that is not ours, as far as they go to a log or to attached clients:
 * a shim of ours holds the other ends of named pipes, so that they need this daemon no more than those of its own.
 * Which one it is stands in the bundle, for a daemon that starts while they run.
 */
export class TaskStreams {
  readonly #options: TaskStreamsOptions;
  readonly #held = new Map<string, HeldProcess>();
  #holder: Shim | null = null;
  #acquiring: Promise<Shim> | null = null;

  constructor(options: TaskStreamsOptions) {
    this.#options = options;
  }

  /**
   * The streams of a process that is about to be made, as its shim is to be told of them. Clients are with them when
   * this settles.
   *
   * @throws WherryError Unimplemented for clients of streams that go elsewhere, or what the shim of ours says
   */
  async open(exec_id: string, stdio: TaskStdio, clients: readonly AttachRequest[]): Promise<OpenedStreams> {
    if (![stdio.stdin, stdio.stdout, stdio.stderr].some(isOurs)) {
      if (clients.length > 0) throw this.#noClients();
      return { stdio, clients };
    }
    const { container } = this.#options;
    const process: HeldProcess = { exec_id, stdio, other: null };
    const holder = await this.#acquire();
    this.#held.set(exec_id, process);
    try {
      const pipes = await this.#openPipes(holder, process);
      this.#record();
      await Promise.all(
        clients.map((client) => handOff(holder.bootstrap.handoff, { container, exec_id }, client, false)),
      );
      const told = {
        stdin: pipes.stdin === '' && !isOurs(stdio.stdin) ? stdio.stdin : pipes.stdin,
        stdout: pipes.stdout,
        stderr: pipes.stderr,
        terminal: stdio.terminal,
      };
      return { stdio: told, clients: [] };
    } catch (error) {
      await this.close(exec_id);
      throw error;
    }
  }

  /** The other shim has them, and is reached so. */
  async taken(exec_id: string, other: { readonly address: string; readonly service: string }): Promise<void> {
    const process = this.#held.get(exec_id);
    if (process === undefined || this.#holder === null) return;
    process.other = other;
    this.#record();
    await this.#tellTaken(this.#holder, process);
  }

  /** Settles when all that the process wrote is where it belongs. */
  async close(exec_id: string): Promise<void> {
    const holder = this.#holder;
    if (!this.#held.has(exec_id) || holder === null) return;
    const { container, log } = this.#options;
    try {
      if (!holder.isGone)
        await holder.relay.finish({ container, execId: exec_id }, { timeout_ms: relay_finish_ms_max });
    } catch (error) {
      log.warn(`the output of container ${container} may be incomplete: ${fromUnknown(error).message}`);
    }
    this.#held.delete(exec_id);
  }

  /** @throws WherryError Unimplemented when its streams are not held here */
  async attach(exec_id: string, client: AttachRequest): Promise<void> {
    const holder = this.#holder;
    if (holder === null || (exec_id === '' && !this.#held.has(''))) throw this.#noClients();
    await handOff(holder.bootstrap.handoff, { container: this.#options.container, exec_id }, client, false);
  }

  /** Everything is over: whoever holds streams has room again. */
  async release(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((exec_id) => this.close(exec_id)));
    const holder = this.#holder;
    this.#holder = null;
    if (holder !== null && !holder.isGone) this.#options.holders.release(holder);
  }

  /** Finds the streams that an earlier daemon opened; those whose holder is gone are opened again. */
  async restore(): Promise<void> {
    const found = readRecord(recordPath(this.#options.bundle));
    if (found === null) return;
    for (const process of found.processes) this.#held.set(process.exec_id, process);
    this.#holder = this.#options.holders.retake(this.#options.namespace, found.holder);
    if (this.#holder === null) await this.#openAgain();
  }

  /** A shim of ours is gone. What is in the pipes is kept by the other shim, which has both their ends. */
  async holderGone(holder: Shim): Promise<void> {
    if (this.#holder !== holder) return;
    this.#holder = null;
    await this.#openAgain();
  }

  async #openAgain(): Promise<void> {
    const { container, log } = this.#options;
    if (this.#held.size === 0) return;
    try {
      const holder = await this.#acquire();
      for (const process of this.#held.values()) {
        await this.#openPipes(holder, process);
        if (process.other !== null) await this.#tellTaken(holder, process);
      }
      this.#record();
    } catch (error) {
      log.error(`nobody takes the output of container ${container} any more: ${fromUnknown(error).message}`);
    }
  }

  async #acquire(): Promise<Shim> {
    if (this.#holder !== null) return this.#holder;
    const { holders, namespace } = this.#options;
    // Two processes at once need but one.
    this.#acquiring ??= holders.acquire(namespace).then((shim) => {
      this.#holder = shim;
      return shim;
    });
    try {
      return await this.#acquiring;
    } finally {
      this.#acquiring = null;
    }
  }

  async #openPipes(holder: Shim, { exec_id, stdio }: HeldProcess): Promise<Omit<TaskStdio, 'terminal'>> {
    const { container, bundle } = this.#options;
    const { stdin, stdout, stderr, terminal } = stdio;
    const folder = join(folderOf(bundle), folderName(exec_id));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return await holder.relay.open(
      {
        container,
        execId: exec_id,
        terminal,
        // What is none of ours goes past the relay.
        stdin: isOurs(stdin) ? stdin : '',
        stdout,
        stderr,
        folder,
      },
      timeout,
    );
  }

  async #tellTaken(holder: Shim, { exec_id, other }: HeldProcess): Promise<void> {
    const { container } = this.#options;
    try {
      await holder.relay.connected({ container, execId: exec_id, ...other }, timeout);
    } catch (error) {
      // The end of another process, which is over by now, may be known there already.
      if (!isClass(error, 'NotFound')) throw error;
    }
  }

  #record(): void {
    const { bundle } = this.#options;
    const path = recordPath(bundle);
    mkdirSync(folderOf(bundle), { recursive: true, mode: 0o700 });
    const record: Record = { holder: this.#holder?.bootstrap.id ?? '', processes: [...this.#held.values()] };
    writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  #noClients(): WherryError {
    return new WherryError(
      'Unimplemented',
      `Cannot attach to container ${this.#options.container}: its streams go where whoever made it said.`,
    );
  }
}

/** Whether a stream goes where only a shim of ours can write it, or take it from. */
function isOurs(address: string): boolean {
  return /^(attach|json-file|none):/.test(address);
}

interface Record {
  readonly holder: string;
  readonly processes: readonly HeldProcess[];
}

function folderOf(bundle: string): string {
  return join(bundle, 'streams');
}

function recordPath(bundle: string): string {
  return join(folderOf(bundle), 'held.json');
}

/** Of any id, however long. */
function folderName(exec_id: string): string {
  return exec_id === '' ? 'task' : createHash('sha256').update(exec_id).digest('hex').slice(0, 32);
}

function readRecord(path: string): Record | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as Record;
    return typeof record.holder === 'string' && Array.isArray(record.processes) ? record : null;
  } catch {
    return null;
  }
}
