import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { fromUnknown, WherryError } from '../../errors/index.ts';
import { shim_call_ms_max, shim_reconnect_ms, shim_unreachable_ms_max } from '../../limits/index.ts';
import { signalProcess, startTime } from '../../os/index.ts';
import { type ServiceClient, shim, Shim as ShimService, Task, TtrpcClient } from '../../wire/index.ts';
import type { Log } from '../log.ts';
import type { AttachRequest, TaskExit, TaskStdio } from '../model.ts';
import type { GuestWalls, PublishedPort, ShimBootstrap } from '../shim-contract.ts';
import { lostExit, recordedExit } from './entry.ts';
import { handOff } from './handoff.ts';
import { readTaskRecord, removeTaskRecord } from './task-records.ts';
import type { OpenedStreams, ProcessName, TaskShim } from './task-shim.ts';

/** Told what becomes of a shim. */
export interface ShimWatcher {
  /** The connection broke and is there again: calls that waited were lost. */
  reconnected(shim: Shim): void;
  /** The process is gone. */
  gone(shim: Shim): void;
  /** It has a place for another task. */
  released(shim: Shim): void;
}

const SIGKILL = 9;

/** One process of our own shim and the connection to it. */
export class Shim implements TaskShim {
  readonly publishes: boolean = false;
  readonly bootstrap: ShimBootstrap;
  readonly folder: string;
  readonly #log: Log;
  readonly #watcher: ShimWatcher;
  #client: TtrpcClient | null = null;
  #task: ServiceClient<typeof Task> | null = null;
  #info: ServiceClient<typeof ShimService> | null = null;
  #relay: ServiceClient<typeof shim.Relay> | null = null;
  #gone = false;
  #left = false;

  private constructor(bootstrap: ShimBootstrap, folder: string, watcher: ShimWatcher, log: Log) {
    this.bootstrap = bootstrap;
    this.folder = folder;
    this.#watcher = watcher;
    this.#log = log;
  }

  /**
   * Connects to a shim that serves.
   *
   * @throws WherryError Unavailable when it does not answer
   */
  static async connect(bootstrap: ShimBootstrap, folder: string, watcher: ShimWatcher, log: Log): Promise<Shim> {
    const made = new Shim(bootstrap, folder, watcher, log);
    await made.#connect();
    return made;
  }

  /** A shim whose process is gone already, of which only its folder is left. */
  static dead(bootstrap: ShimBootstrap, folder: string, watcher: ShimWatcher, log: Log): Shim {
    const made = new Shim(bootstrap, folder, watcher, log);
    made.#gone = true;
    return made;
  }

  get name(): string {
    return this.bootstrap.id;
  }

  get namespace(): string {
    return this.bootstrap.namespace;
  }

  /** Whether the process is known to be gone. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** The Task service. @throws WherryError Unavailable while there is no connection */
  get task(): ServiceClient<typeof Task> {
    if (this.#task === null) throw new WherryError('Unavailable', `The shim ${this.bootstrap.id} cannot be reached.`);
    return this.#task;
  }

  /** The service about itself. @throws WherryError Unavailable while there is no connection */
  get about(): ServiceClient<typeof ShimService> {
    if (this.#info === null) throw new WherryError('Unavailable', `The shim ${this.bootstrap.id} cannot be reached.`);
    return this.#info;
  }

  /** The service that holds streams for other shims. @throws WherryError Unavailable while there is no connection */
  get relay(): ServiceClient<typeof shim.Relay> {
    if (this.#relay === null) throw new WherryError('Unavailable', `The shim ${this.bootstrap.id} cannot be reached.`);
    return this.#relay;
  }

  /** Its processes' streams are its own. */
  async openStreams(_exec_id: string, stdio: TaskStdio, clients: readonly AttachRequest[]): Promise<OpenedStreams> {
    return { stdio, clients };
  }

  async streamsTaken(): Promise<void> {}

  async closeStreams(): Promise<void> {}

  /** @throws WherryError what `handOff` throws */
  async attach(process: ProcessName, client: AttachRequest, coming: boolean): Promise<void> {
    await handOff(this.bootstrap.handoff, process, client, coming);
  }

  recordedExit(container: string): TaskExit | null {
    return recordedExit(container, readTaskRecord(this.folder, container));
  }

  async afterDeath(container: string): Promise<TaskExit> {
    return this.recordedExit(container) ?? lostExit(container);
  }

  ports(container: string): readonly PublishedPort[] {
    return readTaskRecord(this.folder, container)?.ports ?? [];
  }

  async walls(container: string): Promise<GuestWalls | null> {
    const { walls } = await this.about.info({}, { timeout_ms: shim_call_ms_max });
    const found = walls[container];
    return found === undefined ? null : { raised: [...found.raised], missing: [...found.missing] };
  }

  async forget(container: string, last: boolean): Promise<void> {
    if (!this.#gone) this.#watcher.released(this);
    else if (last) rmSync(this.folder, { recursive: true, force: true });
    else removeTaskRecord(this.folder, container);
  }

  /** Hangs up and lets the shim be. */
  leave(): void {
    this.#left = true;
    this.#client?.close();
  }

  async #connect(): Promise<void> {
    const client = await TtrpcClient.connect(this.bootstrap.address);
    if (this.#left) {
      client.close();
      return;
    }
    this.#client = client;
    this.#task = client.service(Task);
    this.#info = client.service(ShimService);
    this.#relay = client.service(shim.Relay);
    void client.closed.then(() => this.#lost());
  }

  async #lost(): Promise<void> {
    this.#client = null;
    this.#task = null;
    this.#info = null;
    this.#relay = null;
    const patience_until = Date.now() + shim_unreachable_ms_max;
    let said = false;
    while (!this.#left) {
      if (!isAlive(this.bootstrap)) {
        this.#gone = true;
        this.#watcher.gone(this);
        return;
      }
      try {
        await this.#connect();
        if (this.#client !== null) this.#watcher.reconnected(this);
        return;
      } catch (error) {
        if (!said) this.#log.warn(`lost the connection to shim ${this.bootstrap.id}: ${fromUnknown(error).message}`);
        said = true;
      }
      if (Date.now() > patience_until) {
        // Nobody can reach it any more, so nobody could stop what it runs either.
        this.#log.error(`shim ${this.bootstrap.id} (pid ${this.bootstrap.pid}) lives but does not answer: it is ended`);
        signalProcess(this.bootstrap.pid, SIGKILL);
      }
      await sleep(shim_reconnect_ms);
    }
  }
}

/** Whether the very process that wrote `bootstrap` still runs. */
export function isAlive({ pid, start_time }: ShimBootstrap): boolean {
  return startTime(pid)?.toString() === start_time;
}
