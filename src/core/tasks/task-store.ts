import { create } from '@bufbuild/protobuf';
import { AnySchema, timestampDate } from '@bufbuild/protobuf/wkt';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { handoff_at_once_bytes_max, shim_call_ms_max } from '../../limits/index.ts';
import { types } from '../../wire/index.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { AttachRequest, Container, Gate, TaskExit, Tasks, TaskState, TaskStdio } from '../model.ts';
import type { Paths } from '../paths.ts';
import { clients_metadata, type GuestWalls, type ShimLauncher } from '../shim-contract.ts';
import type { SnapshotMounts } from '../snapshot-mounts.ts';
import { toContainer } from '../store/containers.ts';
import type { Tables } from '../store/tables.ts';
import { close } from '../../os/index.ts';
import { fromSystem } from '../system-error.ts';
import { type Entry, lostExit, newEntry, recordedExit } from './entry.ts';
import { handOff } from './handoff.ts';
import { ShimPool } from './shim-pool.ts';
import type { Shim } from './shim.ts';
import { TaskEvents } from './task-events.ts';
import { readTaskRecord, removeTaskRecord } from './task-records.ts';

export interface TaskStoreOptions {
  readonly paths: Paths;
  readonly tables: Tables;
  readonly mounts: SnapshotMounts;
  readonly gate: Gate;
  readonly launcher: ShimLauncher;
  readonly bus: EventBus;
  readonly log: Log;
  /** The namespace that always has a shim ready; null for none. */
  readonly warm: string | null;
}

const timeout = { timeout_ms: shim_call_ms_max };

/** The tasks of all namespaces. What a task is doing is its shim's to say; here stands only which shim has it. */
export class TaskStore {
  readonly pool: ShimPool;
  readonly #options: TaskStoreOptions;
  readonly #events: TaskEvents;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Map<string, ((exit: TaskExit) => void)[]>();

  constructor(options: TaskStoreOptions) {
    this.#options = options;
    this.#events = new TaskEvents(options.bus);
    this.pool = new ShimPool({
      folder: options.paths.shims,
      launcher: options.launcher,
      log: options.log,
      warm: options.warm,
      watcher: this.watcher,
    });
  }

  /** What shims are watched by. */
  get watcher(): { reconnected(shim: Shim): void; gone(shim: Shim): void } {
    return {
      reconnected: (shim) => {
        for (const entry of this.#of(shim)) void this.#watch(entry);
      },
      gone: (shim) => this.#gone(shim),
    };
  }

  /** The tasks as `namespace` sees them. */
  view(namespace: string): Tasks {
    return {
      create: async (container, stdio, clients = []) => {
        try {
          await this.#create(namespace, container, stdio, clients);
        } finally {
          for (const { fd } of clients) close(fd);
        }
      },
      start: async (container) => this.#start(this.#get(namespace, container)),
      kill: async (container, signal) => {
        await this.#reach(namespace, container).task.kill({ id: container, signal }, timeout);
      },
      delete: async (container) => this.#delete(this.#get(namespace, container)),
      state: async (container) => this.#state(this.#get(namespace, container)),
      list: () =>
        [...this.#entries.values()]
          .filter((entry) => entry.namespace === namespace && entry.shim !== null)
          .map(({ container, pid }) => ({ container, pid })),
      ports: (container) => {
        const { shim } = this.#get(namespace, container);
        return shim === null ? [] : (readTaskRecord(shim.folder, container)?.ports ?? []);
      },
      pids: async (container) => {
        const { processes } = await this.#reach(namespace, container).task.pids({ id: container }, timeout);
        return processes.map(({ pid, info }) => ({
          pid,
          info: info === undefined ? '' : Buffer.from(info.value).toString(),
        }));
      },
      update: async (container, { type_url, value }) => {
        const resources = create(AnySchema, { typeUrl: type_url, value });
        await this.#reach(namespace, container).task.update({ id: container, resources }, timeout);
      },
      walls: async (container) => await wallsOf(this.#reach(namespace, container), container),
      resize: async (container, width, height) => {
        await this.#reach(namespace, container).task.resizePty({ id: container, width, height }, timeout);
      },
      closeStdin: async (container) => {
        await this.#reach(namespace, container).task.closeIO({ id: container, stdin: true }, timeout);
      },
      wait: async (container) => await this.#get(namespace, container).exit.promise,
      onExit: (listener) => {
        this.#listeners.set(namespace, [...(this.#listeners.get(namespace) ?? []), listener]);
      },
      attach: async (container: string, client: AttachRequest) => {
        await handOff(this.#reach(namespace, container).bootstrap.handoff, container, client, false);
      },
    };
  }

  /** Takes up a task that was there before this daemon: it runs in `shim`, or it has ended so. */
  adopt(shim: Shim, container: string, pid: number, ended: TaskExit | null): void {
    const entry = newEntry(shim.namespace, container);
    entry.shim = shim;
    entry.pid = pid;
    this.#entries.set(key(shim.namespace, container), entry);
    if (ended !== null) this.#settle(entry, ended);
    else if (shim.isGone) void this.#settleLost(entry, shim);
    else void this.#watch(entry);
  }

  /** Forgets the task of a container that was deleted, if its shim is gone; one that lives is its shim's. */
  containerRemoved(namespace: string, container: string): void {
    const entry = this.#entries.get(key(namespace, container));
    if (entry?.shim?.isGone === true) this.#forget(entry);
  }

  async close(): Promise<void> {
    await this.pool.close();
  }

  async #create(namespace: string, id: string, stdio: TaskStdio, clients: readonly AttachRequest[]): Promise<void> {
    const { paths, gate, mounts } = this.#options;
    const container = this.#container(namespace, id);
    if (this.#entries.has(key(namespace, id))) {
      throw new WherryError('AlreadyExists', `task ${id}: already exists`);
    }
    gate.taskStart(namespace, container);
    const entry = newEntry(namespace, id);
    this.#entries.set(key(namespace, id), entry);
    let shim: Shim | null = null;
    try {
      const bundle = paths.bundle(namespace, id);
      mkdirSync(bundle, { recursive: true, mode: 0o700 });
      writeFileSync(join(bundle, 'config.json'), container.spec.value, { mode: 0o600 });
      const rootfs = container.snapshot_key === '' ? [] : await mounts(namespace, container.snapshot_key);
      shim = await this.pool.acquire(namespace);
      const { stdin, stdout, stderr, terminal } = stdio;
      const request = {
        id,
        bundle,
        stdin,
        stdout,
        stderr,
        terminal,
        rootfs: rootfs.map(({ type, source, options }) => ({ type, source, options: [...options] })),
      };
      const { handoff } = shim.bootstrap;
      // The shim waits for them before it starts the guest, so that nobody need wait for its word here.
      const handed = clients.map((client) => {
        const taken = handOff(handoff, id, client, true);
        if (client.head.length > handoff_at_once_bytes_max) return taken;
        return void taken.catch((error: Error) => this.#options.log.warn(error.message));
      });
      const [{ pid }] = await Promise.all([
        shim.task.create(request, { ...timeout, metadata: { [clients_metadata]: String(clients.length) } }),
        ...handed,
      ]);
      entry.shim = shim;
      entry.pid = pid;
      this.#events.created(namespace, id, bundle, pid);
    } catch (thrown) {
      this.#entries.delete(key(namespace, id));
      if (shim !== null) this.#giveBack(shim, id);
      throw fromSystem(thrown, `Cannot create the task of container ${id}`);
    }
    if (shim.isGone) void this.#settleLost(entry, shim);
    else void this.#watch(entry);
  }

  /** A create that failed or was not answered in time may have left a task. */
  #giveBack(shim: Shim, container: string): void {
    const release = (): void => this.pool.release(shim);
    if (shim.isGone) release();
    else Promise.try(() => shim.task.delete({ id: container }, timeout)).then(release, release);
  }

  async #start(entry: Entry): Promise<number> {
    const { namespace, container } = entry;
    this.#options.gate.taskStart(namespace, this.#container(namespace, container));
    const shim = this.#shimOf(entry);
    const starting = Promise.try(() => shim.task.start({ id: container }, timeout));
    entry.starting = starting.catch(() => {
      entry.start_failed = true;
    });
    try {
      const { pid } = await starting;
      entry.pid = pid;
      this.#events.started(namespace, container, pid);
      if (!shim.walls_told) void this.#tellWalls(shim, container);
      return pid;
    } finally {
      entry.starting = null;
    }
  }

  /** Once a shim: its guests have the same walls all. */
  async #tellWalls(shim: Shim, container: string): Promise<void> {
    shim.walls_told = true;
    try {
      const { missing } = (await wallsOf(shim, container)) ?? { missing: [] };
      if (missing.length === 0) return;
      this.#options.log.warn(
        `guests of shim ${shim.bootstrap.id} run without these walls: ${missing.join(', ')}; ` +
          'wherry doctor says what each would take',
      );
    } catch (error) {
      // A shim of an earlier version, or one that is just going.
      this.#options.log.warn(`cannot find out which walls guests have: ${fromUnknown(error).message}`);
    }
  }

  async #delete(entry: Entry): Promise<TaskExit> {
    const { container, namespace } = entry;
    const shim = this.#shimOf(entry);
    let exit = entry.ended;
    if (!shim.isGone) {
      try {
        const { exitStatus, exitedAt } = await shim.task.delete({ id: container }, timeout);
        exit ??= {
          container,
          exit_status: exitStatus,
          exited_at: exitedAt === undefined ? new Date() : timestampDate(exitedAt),
          oom: false,
          lost: false,
        };
      } catch (error) {
        if (!isClass(error, 'NotFound') && !shim.isGone) throw error;
        exit ??= lostExit(container);
      }
    }
    exit ??= entry.ended ?? lostExit(container);
    this.#forget(entry);
    this.#events.deleted(namespace, exit, entry.pid);
    return exit;
  }

  async #state(entry: Entry): Promise<TaskState> {
    const shim = this.#shimOf(entry);
    if (shim.isGone && entry.ended !== null) {
      const { exit_status, exited_at } = entry.ended;
      return { status: 'stopped', pid: entry.pid, exit_status, exited_at };
    }
    const { status, pid, exitStatus, exitedAt } = await shim.task.state({ id: entry.container }, timeout);
    const exited_at = status === types.Status.STOPPED && exitedAt !== undefined ? timestampDate(exitedAt) : null;
    return { status: statusName(status), pid, exit_status: exitStatus, exited_at };
  }

  /** Waits for the exit. When the connection breaks, whoever finds the shim again, or finds it gone, goes on. */
  async #watch(entry: Entry): Promise<void> {
    const { container, shim } = entry;
    if (shim === null || entry.ended !== null) return;
    try {
      // Whoever made the task goes first: it is about to be started.
      await new Promise((resolve) => setImmediate(resolve));
      const { exitStatus, exitedAt } = await shim.task.wait({ id: container }, { signal: entry.waiting.signal });
      await entry.starting;
      // Both answers may have come at once: whoever called `start` goes first.
      await new Promise((resolve) => setImmediate(resolve));
      const recorded = recordedExit(container, readTaskRecord(shim.folder, container));
      this.#settle(entry, {
        container,
        exit_status: exitStatus,
        exited_at: exitedAt === undefined ? new Date() : timestampDate(exitedAt),
        oom: recorded?.oom ?? false,
        lost: false,
        ...(recorded?.reason === undefined ? {} : { reason: recorded.reason }),
        ...(recorded?.walls === undefined ? {} : { walls: recorded.walls }),
      });
    } catch (error) {
      if (isClass(error, 'NotFound')) this.#settle(entry, lostExit(container));
      else if (!isClass(error, 'Unavailable') && !isClass(error, 'Cancelled')) {
        this.#options.log.error(`cannot wait for container ${container}: ${fromUnknown(error).message}`);
      }
    }
  }

  #gone(shim: Shim): void {
    this.pool.forget(shim);
    const entries = this.#of(shim);
    for (const entry of entries) void this.#settleLost(entry, shim);
    if (entries.length === 0) rmSync(shim.folder, { recursive: true, force: true });
    else this.#options.log.warn(`shim ${shim.bootstrap.id} is gone, and ${entries.length} containers with it`);
  }

  async #settleLost(entry: Entry, shim: Shim): Promise<void> {
    await entry.starting;
    this.#settle(
      entry,
      recordedExit(entry.container, readTaskRecord(shim.folder, entry.container)) ?? lostExit(entry.container),
    );
  }

  #settle(entry: Entry, exit: TaskExit): void {
    if (entry.ended !== null) return;
    entry.ended = exit;
    entry.exit.resolve(exit);
    if (entry.start_failed) return;
    this.#events.exited(entry.namespace, exit, entry.pid);
    for (const listener of this.#listeners.get(entry.namespace) ?? []) {
      try {
        listener(exit);
      } catch (error) {
        this.#options.log.error(`at the exit of ${entry.container}: ${(error as Error).stack}`);
      }
    }
  }

  #forget(entry: Entry): void {
    const { namespace, container, shim } = entry;
    this.#entries.delete(key(namespace, container));
    entry.waiting.abort();
    if (entry.ended === null) {
      entry.ended = lostExit(container);
      entry.exit.resolve(entry.ended);
    }
    if (shim === null) return;
    if (!shim.isGone) this.pool.release(shim);
    else if (this.#of(shim).length === 0) rmSync(shim.folder, { recursive: true, force: true });
    else removeTaskRecord(shim.folder, container);
  }

  #of(shim: Shim): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.shim === shim);
  }

  #container(namespace: string, id: string): Container {
    const row = this.#options.tables.containers.find(namespace, id);
    if (row === null) throw new WherryError('NotFound', `container "${id}": not found`);
    return toContainer(id, row);
  }

  #get(namespace: string, container: string): Entry {
    const entry = this.#entries.get(key(namespace, container));
    if (entry === undefined) throw new WherryError('NotFound', `task ${container}: not found`);
    return entry;
  }

  #shimOf(entry: Entry): Shim {
    if (entry.shim === null)
      throw new WherryError('Unavailable', `The task of container ${entry.container} is still being made.`);
    return entry.shim;
  }

  /** The shim of a task that has not ended with it. */
  #reach(namespace: string, container: string): Shim {
    const shim = this.#shimOf(this.#get(namespace, container));
    if (shim.isGone) throw new WherryError('NotFound', 'process already finished');
    return shim;
  }
}

function key(namespace: string, container: string): string {
  return `${namespace}/${container}`;
}

function statusName(status: types.Status): TaskState['status'] {
  switch (status) {
    case types.Status.RUNNING:
      return 'running';
    case types.Status.PAUSED:
    case types.Status.PAUSING:
      return 'paused';
    case types.Status.STOPPED:
      return 'stopped';
    default:
      return 'created';
  }
}

async function wallsOf(shim: Shim, container: string): Promise<GuestWalls | null> {
  const { walls } = await shim.about.info({}, timeout);
  const found = walls[container];
  return found === undefined ? null : { raised: [...found.raised], missing: [...found.missing] };
}
