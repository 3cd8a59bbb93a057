import type { GuestWalls, TaskExit } from '../../core/index.ts';
import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { attachClient, type AttachOptions } from './attach.ts';
import { checkFilters, type Filters, matchesLabels, untilFilter } from '../filters.ts';
import type { CreateRequest, Resources, RestartPolicy } from './config.ts';
import { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { type CoreDump, openCoreDump } from './open-core-dump.ts';
import { createContainer } from './create/create.ts';
import type { Exec, ExecRequest } from './exec/exec.ts';
import { Execs } from './exec/execs.ts';
import { Lifecycle } from './lifecycle.ts';
import { listContainers, type ListRequest } from './list.ts';
import { adoptContainers, settleContainers } from './recover.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { Registry } from './registry.ts';
import { Removal } from './remove.ts';
import { containerSize } from './size.ts';
import { type SampleOptions, type Samples, samples } from './stats/samples.ts';
import { Stopping, type StopOptions } from './stop.ts';
import { unpackRecord } from './record.ts';
import { listProcesses, type ProcessTable } from './top.ts';
import { updateContainer } from './update.ts';

export interface RemoveOptions {
  readonly force: boolean;
  /** Its anonymous volumes, too. */
  readonly volumes: boolean;
}

/** Docker's containers. */
export class Containers {
  /** Programs that are run in them beside their own. */
  readonly execs: Execs;
  readonly #context: ContainersContext;
  readonly #registry = new Registry();
  readonly #lifecycle: Lifecycle;
  readonly #removal: Removal;
  readonly #stopping: Stopping;
  /** Volumes of containers that are being made, by id. */
  readonly #held = new Map<string, Set<string>>();
  /** Exits that came before this was ready for them; null afterwards. */
  #early: TaskExit[] | null = [];
  #pruning = false;

  /** Reads what there is; `recover` is to be called once core has recovered. */
  constructor(context: ContainersContext) {
    this.#context = context;
    this.execs = new Execs(context);
    this.#removal = new Removal(context, (container) => {
      this.#registry.delete(container);
      this.execs.containerRemoved(container);
    });
    this.#lifecycle = new Lifecycle(context, this.#removal, this.execs);
    this.#stopping = new Stopping(context, this.#lifecycle);
    for (const each of context.space.containers()) {
      const record = unpackRecord(each);
      if (record !== null) this.#registry.add(new Container(record, context));
    }
    context.space.tasks.onExit((exit) => this.#onExit(exit));
  }

  get all(): readonly Container[] {
    return this.#registry.all;
  }

  /** What a container that is being made, or is there, holds on to. */
  users(): readonly { readonly id: string; readonly volumes: readonly string[] }[] {
    const there = this.#registry.all.map(({ id, record }) => ({
      id,
      volumes: record.mounts.filter(({ Type }) => Type === 'volume').map(({ Name }) => Name),
    }));
    return [...there, ...[...this.#held].map(([id, volumes]) => ({ id, volumes: [...volumes] }))];
  }

  /** Once, before serving: what happened while no daemon ran. */
  async recover(): Promise<void> {
    const exits = this.#early ?? [];
    await adoptContainers(this.#context, this.#registry, exits);
    // From here on an end finds its container.
    this.#early = null;
    const parts = { registry: this.#registry, lifecycle: this.#lifecycle, removal: this.#removal, exits };
    await settleContainers(this.#context, parts);
  }

  /** No container is restarted by its policy any more. */
  close(): Promise<void> {
    return this.#lifecycle.close(this.#registry.all);
  }

  #onExit(exit: TaskExit): void {
    if (this.#early !== null) {
      this.#early.push(exit);
      return;
    }
    const container = this.#registry.get(exit.container);
    if (container === null) return;
    this.#lifecycle.ended(exit, container).catch((error: unknown) => {
      this.#context.log.error(`after the end of container ${exit.container}: ${fromUnknown(error).message}`);
    });
  }

  /**
   * By id, name, or the start of an id.
   *
   * @throws WherryError NotFound, InvalidArgument, with Docker's texts
   */
  find(query: string): Container {
    return this.#registry.find(query);
  }

  /** Makes a container; see `createContainer`. */
  async create(
    request: CreateRequest,
  ): Promise<{ readonly container: Container; readonly warnings: readonly string[] }> {
    const registry = this.#registry;
    const asked = (name: string): Container => {
      try {
        return registry.find(name);
      } catch (cause) {
        // A client takes "not found" for the image's, and would pull it.
        throw isClass(cause, 'NotFound') ? new WherryError('InvalidArgument', cause.message, { cause }) : cause;
      }
    };
    const { record, warnings } = await createContainer(
      this.#context,
      {
        takeName: (name, id) => registry.takeName(name, id),
        giveBackName: (name) => registry.giveBackName(name),
        mountsOf: (name) => asked(name).record.mounts,
        find: asked,
        hold: (id, volume) => {
          const volumes = this.#held.get(id) ?? new Set();
          this.#held.set(id, volumes.add(volume));
        },
        release: (id) => void this.#held.delete(id),
      },
      request,
    );
    const container = new Container(record, this.#context);
    registry.add(container);
    container.publish('create');
    return { container, warnings };
  }

  /** The core dump of a container's last trap; see `openCoreDump`. */
  coreDump(query: string): CoreDump {
    return openCoreDump(this.find(query));
  }

  start(query: string): Promise<void> {
    return this.#lifecycle.start(this.find(query));
  }

  async stop(query: string, options: StopOptions): Promise<void> {
    const container = this.find(query);
    try {
      await this.#stopping.stop(container, options);
    } catch (cause) {
      if (cause instanceof WherryError && cause.class !== 'Unknown') throw cause;
      throw new WherryError('Unknown', `cannot stop container: ${query}: ${fromUnknown(cause).message}`, { cause });
    }
  }

  /** Stops all that runs in it where it is; see `pauseContainer`. */
  pause(query: string): Promise<void> {
    return pauseContainer(this.#context, this.find(query));
  }

  /** See `unpauseContainer`. */
  unpause(query: string): Promise<void> {
    return unpauseContainer(this.#context, this.find(query));
  }

  /** Makes a program to be run in a container that runs; see `Execs.create`. */
  exec(query: string, request: ExecRequest): Promise<Exec> {
    return this.execs.create(this.find(query), query, request);
  }

  restart(query: string, options: StopOptions): Promise<void> {
    return this.#stopping.restart(this.find(query), options);
  }

  async kill(query: string, signal: string): Promise<void> {
    let container: Container;
    try {
      container = this.find(query);
    } catch (cause) {
      if (!isClass(cause, 'NotFound')) throw cause;
      throw new WherryError('NotFound', `cannot kill container: ${query}: ${cause.message}`, { cause });
    }
    await this.#stopping.kill(container, signal, query);
  }

  /**
   * Removes a container; with `force` one that runs is killed first.
   *
   * @throws WherryError NotFound, Conflict when it runs or is being removed
   */
  async remove(query: string, { force, volumes }: RemoveOptions): Promise<void> {
    const container = this.find(query);
    if (container.removing) {
      throw new WherryError('Conflict', `removal of container ${query} is already in progress`);
    }
    if (container.isRunning) this.#requireForce(container, query, force);
    container.removing = true;
    try {
      // One that was being started runs when its turn comes.
      while (!(await this.#removeStopped(container, volumes))) {
        this.#requireForce(container, query, force);
        await this.#endForRemoval(container);
      }
    } catch (cause) {
      container.removing = false;
      if (isClass(cause, 'Conflict')) throw cause;
      throw new WherryError('Unknown', `cannot remove container "${query}": ${fromUnknown(cause).message}`, { cause });
    }
  }

  #requireForce({ status }: Container, query: string, force: boolean): void {
    if (force) return;
    if (status === 'paused')
      throw new WherryError(
        'Conflict',
        `cannot remove container "${query}": container is paused and must be unpaused first`,
      );
    throw new WherryError(
      'Conflict',
      `cannot remove container "${query}": container is ${status}: stop the container before removing or force remove`,
    );
  }

  #removeStopped(container: Container, volumes: boolean): Promise<boolean> {
    return container.turns.take(async () => {
      if (container.isRunning) return false;
      await this.#removal.inTurn(container, volumes);
      return true;
    });
  }

  async #endForRemoval(container: Container): Promise<void> {
    try {
      await this.#stopping.kill(container, '', container.id);
    } catch (cause) {
      // It may have ended by itself just now.
      if (isClass(cause, 'Conflict')) return;
      throw new WherryError('Unknown', `could not kill container: ${fromUnknown(cause).message}`, { cause });
    }
  }

  /**
   * Gives a container another name.
   *
   * @throws WherryError InvalidArgument, Conflict, with Docker's texts
   */
  async rename(query: string, asked: string): Promise<void> {
    if (query === '' || asked === '') {
      throw new WherryError('InvalidArgument', 'Neither old nor new names may be empty');
    }
    const container = this.find(query);
    const old = container.name;
    if (asked.replace(/^\//, '') === old) {
      throw new WherryError('InvalidArgument', 'Renaming a container with the same name as its current name');
    }
    let name: string;
    try {
      name = this.#registry.takeName(asked.startsWith('/') ? asked : `/${asked}`, container.id);
    } catch (cause) {
      const { class: errorClass, message } = fromUnknown(cause);
      throw new WherryError(errorClass, `Error when allocating new name: ${message}`, { cause });
    }
    container.change({ name });
    try {
      await container.save();
    } catch (error) {
      container.change({ name: old });
      this.#registry.giveBackName(name);
      throw error;
    }
    this.#registry.giveBackName(old);
    container.publish('rename', { oldName: `/${old}` });
  }

  /** Changes what a container may use and its restart policy; what is left out stays. */
  update(query: string, fields: Partial<Resources>, policy: RestartPolicy | null): Promise<readonly string[]> {
    return updateContainer(this.#context, this.find(query), fields, policy);
  }

  /**
   * Changes the size of its terminal.
   *
   * @throws WherryError Conflict when it does not run
   */
  async resize(query: string, width: number, height: number): Promise<void> {
    const container = this.find(query);
    if (container.process !== 'running') {
      throw new WherryError('Conflict', `container ${container.id} is not running`);
    }
    await this.#context.space.tasks.resize(container.id, width, height);
    container.publish('resize', { height: String(height), width: String(width) });
  }

  /** Those that fit, newest first. */
  list(request: ListRequest): readonly Container[] {
    return listContainers(this.#registry.all, request, (query) => this.find(query), this.#context.networks);
  }

  /** Its image as lists show it: as the user wrote it, the id when that name means another one by now. */
  shownImage({ record }: Container): string {
    const { config, image_name, image_id } = record;
    const named = this.#context.space.findImage(image_name);
    return named !== null && named.target.digest === image_id ? config.Image : image_id;
  }

  /** Connects a client with its streams; see `attachClient`. */
  attach(container: Container, fd: number, head: Uint8Array, options: AttachOptions): Promise<void> {
    return attachClient(this.#context.space, container, fd, head, options);
  }

  /** What it uses; see `samples`. */
  stats(container: Container, options: SampleOptions): Samples {
    return samples(this.#context, container, options);
  }

  /** Its processes; see `listProcesses`. */
  processes(query: string, ps_args: string): Promise<ProcessTable> {
    const container = this.find(query);
    return listProcesses(this.#context, container, ps_args, (pid) => this.execs.commandOf(container, pid));
  }

  /** What stands around its process, or stood around its last one; null when nobody can say. */
  async walls(container: Container): Promise<GuestWalls | null> {
    if (container.process !== 'running') return container.state.walls ?? null;
    try {
      container.walls ??= await this.#context.space.tasks.walls(container.id);
    } catch {
      // It ends just now, or its shim is of an earlier version.
    }
    return container.walls;
  }

  /** Bytes of its writable layer and of all its layers. */
  size(container: Container): Promise<{ readonly own_bytes: number; readonly whole_bytes: number }> {
    return containerSize(this.#context, container);
  }

  /**
   * Removes containers that do not run.
   *
   * @throws WherryError InvalidArgument for a bad filter, Conflict while another prune runs
   */
  async prune(filters: Filters): Promise<{ readonly ids: readonly string[]; readonly reclaimed_bytes: number }> {
    checkFilters(filters, ['label', 'label!', 'until']);
    const until = untilFilter(filters);
    if (this.#pruning) throw new WherryError('Conflict', 'a prune operation is already running');
    this.#pruning = true;
    try {
      const ids: string[] = [];
      let reclaimed_bytes = 0;
      for (const container of this.#registry.all) {
        const { record, id } = container;
        if (container.isRunning || container.process !== 'none' || container.removing) continue;
        if (until !== null && Date.parse(record.created_at) > until.getTime()) continue;
        if (!matchesLabels(filters, record.config.Labels)) continue;
        const { own_bytes } = await this.size(container);
        await this.remove(id, { force: false, volumes: false });
        ids.push(id);
        reclaimed_bytes += own_bytes;
      }
      const Attributes = { reclaimed: String(reclaimed_bytes) };
      this.#context.events.publish({ Type: 'container', Action: 'prune', Actor: { ID: '', Attributes } });
      return { ids, reclaimed_bytes };
    } finally {
      this.#pruning = false;
    }
  }
}
