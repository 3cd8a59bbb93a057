import { timestampDate } from '@bufbuild/protobuf/wkt';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { shim_call_ms_max } from '../../limits/index.ts';
import { taskTopic } from '../../wire/index.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type {
  Any,
  AttachRequest,
  Container,
  Envelope,
  ExecExit,
  Gate,
  Mount,
  TaskCreateOptions,
  TaskExit,
  TaskState,
  TaskStdio,
} from '../model.ts';
import type { Paths } from '../paths.ts';
import { clients_metadata, type ShimLauncher } from '../shim-contract.ts';
import type { SnapshotMounts } from '../snapshots/wherry-mounts.ts';
import { toContainer } from '../store/containers.ts';
import type { Tables } from '../store/tables.ts';
import { fromSystem } from '../system-error.ts';
import { type Entry, lostExit, newEntry, shimOf } from './entry.ts';
import { Execs } from './execs.ts';
import { handOverAll } from './handoff.ts';
import { keptProgram } from './runtimes/bundle-folder.ts';
import { ForeignRuntimes } from './runtimes/foreign-runtimes.ts';
import type { ShimEnvironment } from './runtimes/program.ts';
import { isDefaultRuntime, isOwnRuntime } from './runtimes/runtime-name.ts';
import { Sandboxes } from './sandboxes.ts';
import { ShimPool } from './shim-pool.ts';
import type { Shim, ShimWatcher } from './shim.ts';
import { askState } from './ask-state.ts';
import { containerOfOom, TaskEvents } from './task-events.ts';
import type { TaskShim } from './task-shim.ts';
import type { WasmRoot } from './wasm-root.ts';

export interface TaskStoreOptions {
  readonly paths: Paths;
  readonly tables: Tables;
  /** The mount of a snapshot for our own shim. */
  readonly mounts: SnapshotMounts;
  /** Those for the kernel, for any other. */
  readonly kernelMounts: SnapshotMounts;
  readonly wasmRoot: WasmRoot;
  /** What shims that are not ours are told of the daemon. */
  readonly environment: ShimEnvironment;
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
  readonly foreign: ForeignRuntimes;
  readonly sandboxes: Sandboxes;
  readonly events: TaskEvents;
  readonly execs: Execs;
  readonly #options: TaskStoreOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #listeners = new Map<string, ((exit: TaskExit) => void)[]>();
  readonly #exec_listeners = new Map<string, ((exit: ExecExit) => void)[]>();
  /** Shims whose guests' walls the log was told of. */
  readonly #walls_told = new WeakSet<TaskShim>();

  constructor(options: TaskStoreOptions) {
    this.#options = options;
    this.events = new TaskEvents(options.bus);
    this.execs = new Execs({
      events: this.events,
      log: options.log,
      exited: (namespace, exit) => this.#tell(this.#exec_listeners, namespace, exit),
    });
    this.pool = new ShimPool({
      folder: options.paths.shims,
      launcher: options.launcher,
      log: options.log,
      warm: options.warm,
      watcher: this.watcher,
    });
    const { paths, environment, bus, log } = options;
    this.sandboxes = new Sandboxes({ paths, environment, pool: this.pool, bus, log });
    this.foreign = new ForeignRuntimes({
      folders: paths,
      environment: options.environment,
      holders: this.pool,
      log: options.log,
      gone: (shim) => this.#foreignGone(shim),
    });
  }

  /** What shims are watched by. */
  get watcher(): ShimWatcher {
    return {
      reconnected: (shim) => {
        for (const entry of this.#of(shim)) {
          void this.#watch(entry);
          this.execs.watchAll(entry);
        }
      },
      gone: (shim) => this.#ownGone(shim),
      released: (shim) => this.pool.release(shim),
    };
  }

  /** The tasks of `namespace` that a shim has. */
  entries(namespace: string): readonly Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.namespace === namespace && entry.shim !== null);
  }

  /** @throws WherryError NotFound */
  get(namespace: string, container: string): Entry {
    const entry = this.#entries.get(key(namespace, container));
    if (entry === undefined) throw new WherryError('NotFound', `task ${container}: not found`);
    return entry;
  }

  /** The shim of a task that has not ended with it. */
  reach(namespace: string, container: string): TaskShim {
    const shim = shimOf(this.get(namespace, container));
    if (shim.isGone) throw new WherryError('NotFound', 'process already finished');
    return shim;
  }

  onExit(namespace: string, listener: (exit: TaskExit) => void): void {
    this.#listeners.set(namespace, [...(this.#listeners.get(namespace) ?? []), listener]);
  }

  onExecExit(namespace: string, listener: (exit: ExecExit) => void): void {
    this.#exec_listeners.set(namespace, [...(this.#exec_listeners.get(namespace) ?? []), listener]);
  }

  /** Takes up a task that was there before this daemon: it runs in `shim`, or it has ended so. */
  adopt(shim: TaskShim, container: string, pid: number, ended: TaskExit | null): void {
    const entry = newEntry(shim.namespace, container);
    entry.shim = shim;
    entry.pid = pid;
    this.#entries.set(key(shim.namespace, container), entry);
    if (ended !== null) this.#settle(entry, ended);
    else if (shim.isGone) void this.gone(shim);
    else void this.#watch(entry);
  }

  /** Forgets the task of a container that was deleted, if its shim is gone; one that lives is its shim's. */
  containerRemoved(namespace: string, container: string): void {
    const entry = this.#entries.get(key(namespace, container));
    if (entry?.shim?.isGone === true) void this.#forget(entry);
  }

  /** An event that a shim made: that a limit of memory was reached is told by nothing else. */
  heard({ namespace, topic, event }: Omit<Envelope, 'timestamp'>): void {
    const container = topic === taskTopic.oom ? containerOfOom(event) : null;
    if (container === null) return;
    const entry = this.#entries.get(key(namespace, container));
    if (entry?.shim?.publishes === true) entry.oom = true;
  }

  async close(): Promise<void> {
    this.foreign.close();
    this.sandboxes.close();
    await this.pool.close();
  }

  /** Whether the bundle of a container is in use: what is mounted in it is nobody else's to remove. */
  holdsBundle(namespace: string, container: string): boolean {
    return (
      this.#entries.get(key(namespace, container))?.shim?.publishes === true ||
      keptProgram(this.#options.paths.bundle(namespace, container)) !== null
    );
  }

  async create(
    namespace: string,
    id: string,
    stdio: TaskStdio,
    clients: readonly AttachRequest[],
    options: TaskCreateOptions,
  ): Promise<void> {
    const { paths, gate, log } = this.#options;
    const container = this.#container(namespace, id);
    await this.#clearLost(namespace, id);
    if (this.#entries.has(key(namespace, id))) {
      throw new WherryError('AlreadyExists', `task ${id}: already exists`);
    }
    gate.taskStart(namespace, container);
    const entry = newEntry(namespace, id, stdio);
    this.#entries.set(key(namespace, id), entry);
    let shim: TaskShim | null = null;
    try {
      const bundle = paths.bundle(namespace, id);
      const made = await this.#takeShim(namespace, container, options);
      shim = made.shim;
      const { rootfs } = made;
      const { runtime_options = container.runtime_options ?? undefined, checkpoint } = options;
      const opened = await shim.openStreams('', stdio, clients);
      const request = {
        id,
        bundle,
        ...opened.stdio,
        rootfs: rootfs.map((each) => ({ ...each, options: [...each.options] })),
        checkpoint: checkpoint ?? '',
        ...(runtime_options === undefined
          ? {}
          : { options: { typeUrl: runtime_options.type_url, value: runtime_options.value } }),
      };
      const handed = handOverAll(shim, { container: id, exec_id: '' }, opened.clients, log);
      const [{ pid }] = await Promise.all([
        shim.task.create(request, { ...timeout, metadata: { [clients_metadata]: String(opened.clients.length) } }),
        ...handed,
      ]);
      await shim.streamsTaken('');
      entry.shim = shim;
      entry.pid = pid;
      if (!shim.publishes) this.events.created(namespace, id, { bundle, rootfs, stdio, pid });
    } catch (thrown) {
      const given_back = shim === null ? null : this.#giveBack(shim, id);
      // Another task of the container needs the same bundle.
      if (shim?.publishes === true) await given_back;
      this.#entries.delete(key(namespace, id));
      if (shim?.publishes === true) throw prefixed('failed to create shim task', thrown);
      throw fromSystem(thrown, `Cannot create the task of container ${id}`);
    }
    if (shim.isGone) this.gone(shim);
    else void this.#watch(entry);
  }

  /** Forgets a task whose shim is gone, so that another can be made in its place. */
  async #clearLost(namespace: string, container: string): Promise<void> {
    const entry = this.#entries.get(key(namespace, container));
    if (entry?.shim?.isGone !== true) return;
    await entry.burial;
    if (this.#entries.get(key(namespace, container)) === entry) await this.#forget(entry);
  }

  /** The shim of a new task, with its bundle and the mounts of its root. */
  async #takeShim(
    namespace: string,
    container: Container,
    { runtime_path, rootfs, runtime_options }: TaskCreateOptions,
  ): Promise<{ shim: TaskShim; rootfs: readonly Mount[] }> {
    const { paths, mounts, kernelMounts } = this.#options;
    const { id, snapshot_key } = container;
    const snapshotter = container.snapshotter === '' ? undefined : container.snapshotter;
    const runtime = runtime_path ?? container.runtime;
    const own = isOwnRuntime(runtime);
    const wasm = !own && isDefaultRuntime(runtime) ? await this.#options.wasmRoot(namespace, container) : null;
    if (own || wasm !== null) {
      const bundle = paths.bundle(namespace, id);
      mkdirSync(bundle, { recursive: true, mode: 0o700 });
      writeFileSync(join(bundle, 'config.json'), container.spec.value, { mode: 0o600 });
      const root = wasm ?? (snapshot_key === '' ? [] : await mounts(namespace, snapshot_key, snapshotter));
      return { shim: await this.pool.acquire(namespace), rootfs: root };
    }
    const given = rootfs ?? [];
    const kernel =
      given.length > 0 || snapshot_key === '' ? given : await kernelMounts(namespace, snapshot_key, snapshotter);
    try {
      if (container.sandbox_id !== '') {
        const sandbox = this.sandboxes.find(namespace, container.sandbox_id);
        if (sandbox === null) throw new WherryError('Unknown', `can't find sandbox ${container.sandbox_id}`);
        return { shim: await this.foreign.join(namespace, container, sandbox), rootfs: kernel };
      }
      const start = { program: runtime, options: runtime_options ?? container.runtime_options };
      return { shim: await this.foreign.start(namespace, container, start), rootfs: kernel };
    } catch (error) {
      throw prefixed('failed to start shim', error);
    }
  }

  /** A create that failed or was not answered in time may have left a task. */
  async #giveBack(shim: TaskShim, container: string): Promise<void> {
    try {
      if (!shim.isGone) await shim.task.delete({ id: container }, timeout).catch(() => {});
      await shim.forget(container, this.#of(shim).length === 0);
    } catch (error) {
      this.#options.log.warn(`cannot clear up after shim ${shim.name}: ${fromUnknown(error).message}`);
    }
  }

  async exec(
    entry: Entry,
    exec: { exec_id: string; process: Any; stdio: TaskStdio },
    clients: readonly AttachRequest[],
  ): Promise<void> {
    await this.execs.create(entry, this.reach(entry.namespace, entry.container), exec, clients);
  }

  async start(entry: Entry): Promise<number> {
    const { namespace, container } = entry;
    this.#options.gate.taskStart(namespace, this.#container(namespace, container));
    const shim = shimOf(entry);
    const starting = Promise.try(() => shim.task.start({ id: container }, timeout));
    entry.starting = starting.catch(() => {
      entry.start_failed = true;
    });
    try {
      const { pid } = await starting;
      entry.pid = pid;
      if (!shim.publishes) this.events.started(namespace, container, pid);
      if (!this.#walls_told.has(shim)) void this.#tellWalls(shim, container);
      return pid;
    } finally {
      entry.starting = null;
    }
  }

  /** Once a shim: its guests have the same walls all. */
  async #tellWalls(shim: TaskShim, container: string): Promise<void> {
    this.#walls_told.add(shim);
    try {
      const { missing } = (await shim.walls(container)) ?? { missing: [] };
      if (missing.length === 0) return;
      this.#options.log.warn(
        `guests of shim ${shim.name} run without these walls: ${missing.join(', ')}; ` +
          'wherry doctor says what each would take',
      );
    } catch (error) {
      // A shim of an earlier version, or one that is just going.
      this.#options.log.warn(`cannot find out which walls guests have: ${fromUnknown(error).message}`);
    }
  }

  async delete(entry: Entry): Promise<TaskExit> {
    const { container, namespace } = entry;
    const shim = shimOf(entry);
    let exit = entry.ended;
    if (!shim.isGone) {
      try {
        const { pid, exitStatus, exitedAt } = await shim.task.delete({ id: container }, timeout);
        exit ??= {
          container,
          pid,
          exit_status: exitStatus,
          exited_at: exitedAt === undefined ? new Date() : timestampDate(exitedAt),
          oom: false,
          lost: false,
        };
      } catch (error) {
        if (!isClass(error, 'NotFound') && !shim.isGone) throw error;
      }
    }
    await entry.burial;
    exit ??= entry.ended ?? lostExit(container, entry.pid);
    await this.#forget(entry);
    if (!shim.publishes && !entry.death_told) this.events.deleted(namespace, exit, entry.pid);
    return exit;
  }

  async state(entry: Entry): Promise<TaskState> {
    const shim = shimOf(entry);
    const { stdio } = entry;
    if (shim.isGone && entry.ended !== null) {
      const { exit_status, exited_at } = entry.ended;
      return { status: 'stopped', pid: entry.pid, exit_status, exited_at, stdio, lost: true };
    }
    return await askState(shim, entry.container, '');
  }

  /** Waits for the exit. When the connection breaks, whoever finds the shim again, or finds it gone, goes on. */
  async #watch(entry: Entry): Promise<void> {
    const { container, shim } = entry;
    if (shim === null || entry.ended !== null) return;
    try {
      // Whoever made the task goes first: it is about to be started.
      await new Promise((resolve) => setImmediate(resolve));
      const { exitStatus, exitedAt } = await shim.task.wait({ id: container }, { signal: entry.waiting.signal });
      await shim.closeStreams('');
      await entry.starting;
      // Both answers may have come at once: whoever called `start` goes first.
      await new Promise((resolve) => setImmediate(resolve));
      const recorded = shim.recordedExit(container);
      this.#settle(entry, {
        container,
        pid: entry.pid,
        exit_status: exitStatus,
        exited_at: exitedAt === undefined ? new Date() : timestampDate(exitedAt),
        oom: recorded?.oom ?? entry.oom,
        lost: false,
        ...(recorded?.reason === undefined ? {} : { reason: recorded.reason }),
        ...(recorded?.walls === undefined ? {} : { walls: recorded.walls }),
      });
    } catch (error) {
      if (isClass(error, 'NotFound')) this.#settle(entry, lostExit(container, entry.pid));
      else if (!isClass(error, 'Unavailable') && !isClass(error, 'Cancelled')) {
        this.#options.log.error(`cannot wait for container ${container}: ${fromUnknown(error).message}`);
      }
    }
  }

  #ownGone(shim: Shim): void {
    this.pool.forget(shim);
    this.foreign.holderGone(shim);
    const count = this.gone(shim);
    if (count === 0) rmSync(shim.folder, { recursive: true, force: true });
    else this.#options.log.warn(`shim ${shim.name} is gone, and ${count} containers with it`);
  }

  #foreignGone(shim: TaskShim): void {
    const count = this.gone(shim);
    this.#options.log.warn(`shim ${shim.name} is gone${count === 0 ? '' : ', and its task with it'}`);
    if (count === 0) void shim.afterDeath('');
  }

  /** A shim is gone; says how many tasks it had. */
  gone(shim: TaskShim): number {
    const entries = this.#of(shim);
    for (const entry of entries) {
      entry.burial ??= this.#settleLost(entry, shim);
    }
    return entries.length;
  }

  async #settleLost(entry: Entry, shim: TaskShim): Promise<void> {
    const { namespace, container } = entry;
    await entry.starting;
    await this.execs.lose(entry);
    const found = await shim.afterDeath(container).catch((error: unknown) => {
      this.#options.log.warn(`cannot clear up after shim ${shim.name}: ${fromUnknown(error).message}`);
      return lostExit(container);
    });
    this.#settle(entry, { ...found, pid: entry.pid === 0 ? found.pid : entry.pid });
    if (entry.ended?.lost !== true && !shim.publishes) return;
    entry.death_told = true;
    if (entry.ended !== null) this.events.deleted(namespace, entry.ended, entry.ended.pid);
  }

  #settle(entry: Entry, exit: TaskExit): void {
    if (entry.ended !== null) return;
    entry.ended = exit;
    entry.exit.resolve(exit);
    if (entry.start_failed) return;
    if (entry.shim?.publishes !== true || entry.shim.isGone) this.events.exited(entry.namespace, exit, exit.pid);
    this.#tell(this.#listeners, entry.namespace, exit);
  }

  #tell<Exit extends { container: string }>(
    listeners: ReadonlyMap<string, readonly ((exit: Exit) => void)[]>,
    namespace: string,
    exit: Exit,
  ): void {
    for (const listener of listeners.get(namespace) ?? []) {
      try {
        listener(exit);
      } catch (error) {
        this.#options.log.error(`at the exit of ${exit.container}: ${(error as Error).stack}`);
      }
    }
  }

  async #forget(entry: Entry): Promise<void> {
    const { namespace, container, shim } = entry;
    this.#entries.delete(key(namespace, container));
    entry.waiting.abort();
    for (const exec of entry.execs.values()) exec.waiting.abort();
    if (entry.ended === null) {
      entry.ended = lostExit(container, entry.pid);
      entry.exit.resolve(entry.ended);
    }
    if (shim !== null) await shim.forget(container, this.#of(shim).length === 0);
  }

  #of(shim: TaskShim): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.shim === shim);
  }

  #container(namespace: string, id: string): Container {
    const row = this.#options.tables.containers.find(namespace, id);
    if (row === null) throw new WherryError('NotFound', `container "${id}": not found`);
    return toContainer(id, row);
  }
}

function key(namespace: string, container: string): string {
  return `${namespace}/${container}`;
}

/** The same error with what was being done before it, as containerd writes them. */
function prefixed(doing: string, thrown: unknown): WherryError {
  const { class: errorClass, message } = fromUnknown(thrown);
  return new WherryError(errorClass, `${doing}: ${message}`, { cause: thrown });
}
