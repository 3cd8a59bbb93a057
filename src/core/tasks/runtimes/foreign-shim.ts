import { fromBinary } from '@bufbuild/protobuf';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { fromUnknown, isClass, WherryError } from '../../../errors/index.ts';
import { foreign_shim_load_ms_max, foreign_shim_shutdown_ms_max } from '../../../limits/index.ts';
import {
  SandboxRuntime,
  type ServiceClient,
  task as taskMessages,
  Task,
  TaskV2,
  TtrpcClient,
} from '../../../wire/index.ts';
import type { Log } from '../../log.ts';
import type { Any, AttachRequest, TaskExit, TaskStdio } from '../../model.ts';
import type { GuestWalls, PublishedPort } from '../../shim-contract.ts';
import type { Shim } from '../shim.ts';
import type { OpenedStreams, ProcessName, TaskShim } from '../task-shim.ts';
import { type Bootstrap, keptBootstrap, parseBootstrap, writeBootstrap } from './bootstrap.ts';
import { isSandboxed, logPipe, removeBundle, writeProgram, writeSandbox } from './bundle-folder.ts';
import { removeDeadSocket } from './dead-socket.ts';
import { deleteProgram, type ShimCall, startProgram } from './program.ts';
import { addressFromOutside } from './rootless.ts';
import { ShimLog } from './shim-log.ts';
import { type StreamHolders, TaskStreams } from './task-streams.ts';

export interface ForeignShimOptions {
  readonly call: ShimCall;
  /** Who holds streams for it. */
  readonly holders: StreamHolders;
  readonly log: Log;
  /** Called once when it is gone although nobody had it go. */
  readonly gone: (shim: ForeignShim) => void;
}

/** How many tasks of this daemon are at one shim's address: a shim may hold several. */
const tasks_at = new Map<string, number>();

/** A shim that is not ours, as one task's own: the process may hold others, and has a connection for each. */
export class ForeignShim implements TaskShim {
  readonly publishes: boolean = true;
  readonly #options: ForeignShimOptions;
  #client: TtrpcClient | null = null;
  #task: ServiceClient<typeof Task> | null = null;
  #address: string | null = null;
  #bootstrap: Bootstrap | null = null;
  readonly #streams: TaskStreams;
  #shim_log: ShimLog | null = null;
  #gone = false;
  /** It was told to end, or this daemon ends: what becomes of it is no news. */
  #left = false;
  #burial: Promise<TaskExit> | null = null;

  private constructor(options: ForeignShimOptions) {
    this.#options = options;
    const { call, holders, log } = options;
    const { namespace, id, bundle } = call;
    this.#streams = new TaskStreams({ namespace, container: id, bundle, holders, log });
  }

  /**
   * Starts the shim of a new task, whose bundle is there.
   *
   * @throws WherryError in containerd's words when its program fails or the shim cannot be reached
   */
  static async start(options: ForeignShimOptions, runtime_options: Any | null): Promise<ForeignShim> {
    const shim = new ForeignShim(options);
    const { call } = options;
    writeProgram(call.bundle, call.program);
    shim.#openLog();
    try {
      const said = parseBootstrap(await startProgram(call, runtime_options));
      const bootstrap = { ...said, address: addressFromOutside(call.environment.address, said.address) };
      await shim.#connect(bootstrap);
      writeBootstrap(call.bundle, bootstrap);
    } catch (error) {
      shim.leave();
      const { class: errorClass, message } = fromUnknown(error);
      throw new WherryError(errorClass, `start failed: ${message}`, { cause: error });
    }
    return shim;
  }

  /**
   * Reaches the shim of a sandbox for a new task in it, whose bundle is there.
   *
   * @throws WherryError Unavailable when it cannot be reached
   */
  static async join(options: ForeignShimOptions, sandbox: ForeignShim): Promise<ForeignShim> {
    const { call } = options;
    const shim = new ForeignShim(options);
    const { endpoint } = sandbox;
    if (endpoint === null) throw new WherryError('Unavailable', 'ttrpc: closed');
    writeProgram(call.bundle, call.program);
    writeSandbox(call.bundle, sandbox.#options.call.id);
    await shim.#connect(endpoint);
    writeBootstrap(call.bundle, endpoint);
    return shim;
  }

  /** Finds the shim of a bundle that another daemon made; one that cannot be reached is gone. */
  static async load(options: ForeignShimOptions): Promise<ForeignShim> {
    const shim = new ForeignShim(options);
    const bootstrap = keptBootstrap(options.call.bundle);
    try {
      if (bootstrap === null) throw new Error('its bundle does not say where it is');
      shim.#openLog();
      await shim.#connect(bootstrap);
      await shim.#streams.restore();
      // It answers, whatever it says of the task.
      await shim.task
        .state({ id: options.call.id }, { timeout_ms: foreign_shim_load_ms_max })
        .catch((error: unknown) => {
          if (isClass(error, 'Unavailable') || isClass(error, 'DeadlineExceeded')) throw error;
        });
    } catch (error) {
      options.log.warn(`shim ${shim.name} cannot be reached: ${fromUnknown(error).message}`);
      shim.leave();
      shim.#gone = true;
    }
    return shim;
  }

  get name(): string {
    return `${this.#options.call.namespace}/${this.#options.call.id}`;
  }

  get id(): string {
    return this.#options.call.id;
  }

  get program(): string {
    return this.#options.call.program;
  }

  /** Where it answers; null when there is no connection. */
  get endpoint(): Bootstrap | null {
    return this.#client === null ? null : this.#bootstrap;
  }

  /** The service of sandboxes, if it has one. @throws WherryError Unavailable while there is no connection */
  get sandbox(): ServiceClient<typeof SandboxRuntime> {
    if (this.#client === null) throw new WherryError('Unavailable', 'ttrpc: closed');
    return this.#client.service(SandboxRuntime, { 'containerd-namespace-ttrpc': this.namespace });
  }

  get namespace(): string {
    return this.#options.call.namespace;
  }

  get isGone(): boolean {
    return this.#gone;
  }

  get task(): ServiceClient<typeof Task> {
    if (this.#task === null) throw new WherryError('Unavailable', 'ttrpc: closed');
    return this.#task;
  }

  async openStreams(exec_id: string, stdio: TaskStdio, clients: readonly AttachRequest[]): Promise<OpenedStreams> {
    return await this.#streams.open(exec_id, stdio, clients);
  }

  async streamsTaken(exec_id: string): Promise<void> {
    if (this.#bootstrap === null) return;
    const { address, version } = this.#bootstrap;
    await this.#streams.taken(exec_id, { address, service: version === 3 ? Task.typeName : TaskV2.typeName });
  }

  async closeStreams(exec_id: string): Promise<void> {
    await this.#streams.close(exec_id);
  }

  /** A shim of ours is gone, which may hold streams of this one's. */
  async holderGone(holder: Shim): Promise<void> {
    await this.#streams.holderGone(holder);
  }

  async attach({ exec_id }: ProcessName, client: AttachRequest): Promise<void> {
    await this.#streams.attach(exec_id, client);
  }

  recordedExit(_container: string): TaskExit | null {
    return null;
  }

  async afterDeath(): Promise<TaskExit> {
    this.#burial ??= this.#bury();
    return await this.#burial;
  }

  ports(_container: string): readonly PublishedPort[] {
    return [];
  }

  async walls(_container: string): Promise<GuestWalls | null> {
    return null;
  }

  async forget(): Promise<void> {
    if (this.#gone) {
      await this.afterDeath();
      return;
    }
    await this.#streams.release();
    await this.#shutDown();
    this.leave();
    await removeBundle(this.#options.call.bundle);
  }

  /** Hangs up and lets it be. */
  leave(): void {
    this.#left = true;
    this.#task = null;
    this.#client?.close();
    this.#client = null;
    this.#shim_log?.close();
    this.#shim_log = null;
    if (this.#address === null) return;
    const others = (tasks_at.get(this.#address) ?? 1) - 1;
    if (others > 0) tasks_at.set(this.#address, others);
    else tasks_at.delete(this.#address);
    this.#address = null;
  }

  /** It ends by itself when it has no other task; until then another of its name would be told its address. */
  async #shutDown(): Promise<void> {
    const { call, log } = this.#options;
    const client = this.#client;
    this.#left = true;
    // A sandbox's shim ends with the sandbox.
    if (client === null || isSandboxed(call.bundle)) return;
    try {
      await this.task.shutdown({ id: call.id, now: false }, { timeout_ms: foreign_shim_shutdown_ms_max });
      const shared = this.#address !== null && (tasks_at.get(this.#address) ?? 0) > 1;
      if (!shared) await Promise.race([client.closed, sleep(foreign_shim_shutdown_ms_max, null, { ref: false })]);
    } catch (error) {
      if (!isClass(error, 'Unavailable'))
        log.warn(`shim ${this.name} could not be told to end: ${fromUnknown(error).message}`);
    }
  }

  /** Has its program clear up, and takes away what is left; says how the task ended. */
  async #bury(): Promise<TaskExit> {
    const { call, log } = this.#options;
    const { id, bundle } = call;
    await this.#streams.release();
    let exit: TaskExit = {
      container: id,
      pid: 0,
      exit_status: 255,
      exited_at: new Date(),
      oom: false,
      lost: true,
      reason: 'the shim of the container ended unexpectedly',
    };
    if (!existsSync(bundle)) return exit;
    const address = keptBootstrap(bundle)?.address ?? null;
    try {
      const { pid, exitStatus, exitedAt } = fromBinary(taskMessages.DeleteResponseSchema, await deleteProgram(call));
      const exited_at = exitedAt === undefined ? exit.exited_at : timestampDate(exitedAt);
      exit = { ...exit, pid, exit_status: exitStatus, exited_at };
    } catch (error) {
      log.warn(`failed to clean up after shim ${this.name}: ${fromUnknown(error).message}`);
    }
    if (address !== null && !tasks_at.has(address)) await removeDeadSocket(address);
    try {
      await removeBundle(bundle);
    } catch (error) {
      log.error(`cannot remove the bundle of ${this.name}: ${fromUnknown(error).message}`);
    }
    return exit;
  }

  #openLog(): void {
    const { call, log } = this.#options;
    try {
      this.#shim_log = new ShimLog(logPipe(call.bundle), this.name, log);
    } catch (error) {
      log.warn(`the log of shim ${this.name} cannot be read: ${fromUnknown(error).message}`);
    }
  }

  async #connect({ version, address }: Bootstrap): Promise<void> {
    const client = await TtrpcClient.connect(address);
    const metadata = { 'containerd-namespace-ttrpc': this.namespace };
    this.#client = client;
    this.#bootstrap = { version, address };
    this.#address = address;
    tasks_at.set(address, (tasks_at.get(address) ?? 0) + 1);
    // Both versions are the same messages under two names.
    this.#task =
      version === 3
        ? client.service(Task, metadata)
        : (client.service(TaskV2, metadata) as unknown as ServiceClient<typeof Task>);
    void client.closed.then(() => {
      if (this.#left) return;
      this.#gone = true;
      this.leave();
      this.#options.gone(this);
    });
  }
}
