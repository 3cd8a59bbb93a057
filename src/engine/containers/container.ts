import type { GuestWalls, PublishedPort } from '../../core/index.ts';
import { save_at_leisure_ms } from '../../limits/index.ts';
import { type ContainerRecord, type ContainerState, packRecord } from './record.ts';
import { WaitingClients } from './clients.ts';
import { corePath } from './core-dump.ts';
import type { ContainersContext } from './context.ts';
import { Turns } from './turns.ts';
import { type WaitCondition, Waiters, type WaitResult } from './waiters.ts';

export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** How far a container's process is. */
export type Process = 'none' | 'starting' | 'running';

/** A container as the daemon knows it: its record, and what is going on with it now. */
export class Container {
  readonly turns: Turns = new Turns();
  readonly waiters: Waiters = new Waiters();
  readonly clients: WaitingClients = new WaitingClients();
  readonly #context: ContainersContext;
  #record: ContainerRecord;
  #saving: Promise<void> = Promise.resolve();
  #leisure: NodeJS.Timeout | null = null;
  /** 0 while nothing runs. */
  pid = 0;
  process: Process = 'none';
  /** Where on the host its ports are, while it runs. */
  ports: readonly PublishedPort[] = [];
  /** What stands around its process, once somebody has asked. */
  walls: GuestWalls | null = null;
  /** All that runs in it is stopped where it is. */
  paused = false;
  /** Whether its shim takes clients over. */
  takes_clients = false;
  /** Set while it waits to be started again by its policy. */
  restart_timer: NodeJS.Timeout | null = null;
  /** Set while its policy has it started again. */
  restarting = false;
  /** How long the last wait before a restart was. */
  restart_wait_ms = 0;
  /** A user has it stopped and started: its end is not the end of it. */
  held = false;
  removing = false;
  removed = false;

  constructor(record: ContainerRecord, context: ContainersContext) {
    this.#record = record;
    this.#context = context;
  }

  get record(): ContainerRecord {
    return this.#record;
  }

  get id(): string {
    return this.#record.id;
  }

  /** Without the slash. */
  get name(): string {
    return this.#record.name;
  }

  get state(): ContainerState {
    return this.#record.state;
  }

  /** Its bundle, and in it the files made for it. There from its first start on. */
  get bundle(): string {
    return this.#context.space.bundle(this.id);
  }

  get log_path(): string {
    return this.#context.space.logPath(this.id);
  }

  /** Where its core dump lies, if it has one. */
  get core_path(): string {
    return corePath(this.log_path);
  }

  get status(): ContainerStatus {
    if (this.process === 'running') return this.paused ? 'paused' : 'running';
    if (this.restart_timer !== null || this.restarting) return 'restarting';
    if (this.removing) return 'removing';
    if (this.state.dead) return 'dead';
    return this.state.started_at === '' ? 'created' : 'exited';
  }

  /** Whether Docker calls it running: it does, or will again by itself. */
  get isRunning(): boolean {
    return this.process === 'running' || this.restart_timer !== null;
  }

  /** Changes the record in memory; `save` makes it last. */
  change(fields: Partial<ContainerRecord>): void {
    this.#record = { ...this.#record, ...fields };
  }

  changeState(fields: Partial<ContainerState>): void {
    this.change({ state: { ...this.state, ...fields } });
  }

  /** Settles when the record is on disk as it is now. */
  async save(): Promise<void> {
    const { core, space } = this.#context;
    await core.transact((tx) => {
      const containers = tx.containers(space.name);
      const { created_at: _, updated_at: __, ...fields } = containers.get(this.id);
      containers.update({ ...fields, extensions: { ...fields.extensions, ...packRecord(this.#record) } });
    });
  }

  /** The same when there is time for it, if the container is still there then: what is lost the shim knows, too. */
  saveAtLeisure(): void {
    this.#leisure ??= setTimeout(() => {
      this.#leisure = null;
      if (!this.removed && !this.removing) this.saveLater();
    }, save_at_leisure_ms);
  }

  /** The same where nobody waits for it. */
  saveLater(): void {
    this.#saving = this.save().catch((error: Error) => {
      if (!this.removed) this.#context.log.error(`cannot save container ${this.id}: ${error.message}`);
    });
  }

  /** Settles when nothing that was begun for it goes on any more. */
  async idle(): Promise<void> {
    await this.turns.take(() => Promise.resolve());
    if (this.#leisure !== null) {
      clearTimeout(this.#leisure);
      this.#leisure = null;
      if (!this.removed) this.saveLater();
    }
    await this.#saving;
  }

  /**
   * Waits until the container does not run, ends the next time, or is removed.
   *
   * @param signal aborts the waiting; the promise then never settles
   */
  wait(condition: WaitCondition, signal: AbortSignal | null = null): Promise<WaitResult> {
    const { exit_code } = this.state;
    if (condition === 'not-running' && !this.isRunning && this.process === 'none')
      return Promise.resolve({ exit_code });
    if (this.removed) return Promise.resolve({ exit_code });
    return this.waiters.add(condition, signal);
  }

  /** Tells of something that happened to it. */
  publish(Action: string, attributes: Readonly<Record<string, string>> = {}): void {
    const { config } = this.#record;
    const Attributes = { ...config.Labels, image: config.Image, name: this.name, ...attributes };
    this.#context.events.publish({ Type: 'container', Action, Actor: { ID: this.id, Attributes } });
  }
}
