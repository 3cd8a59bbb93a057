import { create } from '@bufbuild/protobuf';
import { EmptySchema, timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../../errors/index.ts';
import type { CallContext, ServiceHandlers, Task } from '../../wire/index.ts';
import { task, taskEvents, taskTopic, types } from '../../wire/index.ts';
import { complain } from '../complain.ts';
import type { Containers } from '../containers.ts';
import { taskService } from '../task-service.ts';
import { Holders } from './holder.ts';
import { packUsage } from './metrics.ts';
import { Place } from './places.ts';
import type { Publisher } from './publisher.ts';
import { Sandbox } from './sandbox.ts';

const empty = create(EmptySchema);

/** For calls that no client made. */
const by_ourselves: CallContext = { signal: new AbortController().signal, metadata: new Map(), timeout_ns: 0n };

type Handlers = Required<ServiceHandlers<typeof Task>>;

/** A container of a foreign containerd, as far as `Containers` does not have it. */
interface Entry {
  readonly place: Place;
  readonly request: task.CreateTaskRequest;
  readonly sandbox: Sandbox | null;
  /** Settles when the start that is under way has been told of. */
  started: Promise<void>;
  /** Settles when its end has been told of, or there will be none. */
  ended: Promise<void>;
}

export interface ContainerdTasksOptions {
  readonly containers: Containers;
  /** The path of containerd's socket. */
  readonly containerd: string;
  readonly namespace: string;
  readonly publisher: Publisher;
  readonly version: string;
  /** Our own binary. */
  readonly program: string;
  /** Told of a container that has come, and when nothing is to be done for any. */
  arrived(id: string): void;
  shutdown(): void;
}

/** containerd's Task service for a containerd that is not ours, with the events it expects of a shim. */
export class ContainerdTasks {
  readonly handlers: ServiceHandlers<typeof Task>;
  readonly #options: ContainerdTasksOptions;
  readonly #base: Handlers;
  readonly #entries = new Map<string, Entry>();
  readonly #holders: Holders;
  /** Ids of those that are being made. */
  readonly #coming = new Set<string>();

  constructor(options: ContainerdTasksOptions) {
    this.#options = options;
    const { containers, version } = options;
    this.#holders = new Holders(options.program);
    this.#base = taskService(containers, { version, shutdown: () => {} }) as Handlers;
    this.handlers = this.#handlers();
  }

  get size(): number {
    return this.#entries.size + this.#coming.size;
  }

  has(id: string): boolean {
    return this.#entries.has(id) || this.#coming.has(id);
  }

  /** Ends and forgets a container, whatever it does: how it ended, null when there is none. */
  async forget(id: string): Promise<{ pid: number; status: number; at: Date } | null> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return null;
    endIt(() => this.#kill(entry));
    await entry.ended;
    const { pid, exitStatus, exitedAt } = await this.#delete(create(task.DeleteRequestSchema, { id }), by_ourselves);
    return { pid, status: exitStatus, at: exitedAt === undefined ? new Date() : timestampDate(exitedAt) };
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new WherryError('NotFound', `container "${id}" not found`);
    return entry;
  }

  #handlers(): ServiceHandlers<typeof Task> {
    const base = this.#base;
    const { containers, publisher } = this.#options;
    /** Its sandbox, where it is one. */
    const held = (id: string): Sandbox | null => this.#entries.get(id)?.sandbox ?? null;
    const only = (id: string, method: string): void => {
      if (held(id) !== null)
        throw new WherryError('Unimplemented', `${method} is not there for the container that holds a pod`);
    };
    return {
      ...base,
      create: (request) => this.#create(request),
      start: (request, call) => this.#start(request, call),
      state: async (request, call) => {
        const { place, request: made, sandbox } = this.#entry(request.id);
        const io = { stdin: made.stdin, stdout: made.stdout, stderr: made.stderr, terminal: made.terminal };
        if (sandbox === null) {
          const state = await base.state(request, call);
          return request.execId === '' ? { ...state, pid: this.#pidOf(request.id) } : state;
        }
        return create(task.StateResponseSchema, {
          id: request.id,
          bundle: place.bundle,
          pid: sandbox.pid,
          status: statuses[sandbox.status],
          exitStatus: sandbox.ended?.status ?? 0,
          ...(sandbox.ended === null ? {} : { exitedAt: timestampFromDate(sandbox.ended.at) }),
          ...io,
        });
      },
      wait: async (request, call) => {
        const sandbox = held(request.id);
        if (sandbox === null) return base.wait(request, call);
        const { status, at } = await sandbox.exit;
        return create(task.WaitResponseSchema, { exitStatus: status, exitedAt: timestampFromDate(at) });
      },
      kill: async (request, call) => {
        const sandbox = held(request.id);
        if (sandbox === null) return base.kill(request, call);
        sandbox.kill(request.signal);
        return empty;
      },
      delete: (request, call) => this.#delete(request, call),
      pids: async (request, call) => {
        const { sandbox } = this.#entry(request.id);
        if (sandbox !== null) return create(task.PidsResponseSchema, { processes: [{ pid: sandbox.pid }] });
        const { processes = [] } = await base.pids(request, call);
        const pid = this.#pidOf(request.id);
        // A containerd that starts again takes a container without processes for one that was left over, and deletes it.
        const more = processes.some((each) => each.pid === pid) ? [] : [{ pid }];
        return { processes: [...more, ...processes] };
      },
      pause: async (request, call) => {
        only(request.id, 'Pause');
        await base.pause(request, call);
        publisher.publish(taskTopic.paused, taskEvents.TaskPausedSchema, { containerId: request.id });
        return empty;
      },
      resume: async (request, call) => {
        only(request.id, 'Resume');
        await base.resume(request, call);
        publisher.publish(taskTopic.resumed, taskEvents.TaskResumedSchema, { containerId: request.id });
        return empty;
      },
      stats: async ({ id }) => {
        const { sandbox } = this.#entry(id);
        const usage = sandbox === null ? containers.get(id).usage : sandbox.usage;
        if (usage === null) throw new WherryError('NotFound', `container "${id}" does not run`);
        return create(task.StatsResponseSchema, { stats: packUsage(usage) });
      },
      update: async (request, call) => {
        if (held(request.id) !== null) return empty;
        return base.update(request, call);
      },
      exec: async (request, call) => {
        only(request.id, 'Exec');
        const answer = await base.exec(request, call);
        publisher.publish(taskTopic.execAdded, taskEvents.TaskExecAddedSchema, {
          containerId: request.id,
          execId: request.execId,
        });
        return answer;
      },
      resizePty: async (request, call) => (held(request.id) === null ? base.resizePty(request, call) : empty),
      closeIO: async (request, call) => (held(request.id) === null ? base.closeIO(request, call) : empty),
      connect: async (request) => {
        const { sandbox } = this.#entry(request.id);
        const { version } = this.#options;
        const taskPid = sandbox?.pid ?? this.#pidOf(request.id);
        return create(task.ConnectResponseSchema, { shimPid: process.pid, taskPid, version });
      },
      shutdown: async () => {
        if (this.size === 0) this.#options.shutdown();
        return empty;
      },
    };
  }

  async #create(request: task.CreateTaskRequest): Promise<{ pid: number }> {
    const { id } = request;
    this.#options.arrived(id);
    if (this.has(id)) throw new WherryError('AlreadyExists', `container "${id}" already exists`);
    if (request.checkpoint !== '')
      throw new WherryError('Unimplemented', 'restoring a checkpoint is not there yet for WebAssembly containers');
    this.#coming.add(id);
    try {
      const place = await Place.make(request, { ...this.#options, holders: this.#holders });
      try {
        const entry = await this.#fill(request, place);
        this.#entries.set(id, entry);
        const pid = this.#pidOf(id);
        this.#options.publisher.publish(taskTopic.create, taskEvents.TaskCreateSchema, {
          containerId: id,
          bundle: request.bundle,
          rootfs: request.rootfs,
          io: { stdin: request.stdin, stdout: request.stdout, stderr: request.stderr, terminal: request.terminal },
          checkpoint: request.checkpoint,
          pid,
        });
        entry.ended = this.#tellEnd(entry, '', pid);
        return { pid };
      } catch (error) {
        await place.remove();
        throw error;
      }
    } finally {
      this.#coming.delete(id);
    }
  }

  async #fill(request: task.CreateTaskRequest, place: Place): Promise<Entry> {
    const { containers, namespace } = this.#options;
    const { id } = request;
    const settled = Promise.resolve();
    const { holder, spec } = place;
    if (spec.is_sandbox) {
      const sandbox = new Sandbox(id, namespace, spec, holder!);
      await place.beforeCreate(sandbox.pid);
      return { place, request, sandbox, started: settled, ended: settled };
    }
    if (holder !== null) await place.beforeCreate(holder.pid);
    containers.create(request, 0, place.forContainer());
    const { init } = containers.get(id);
    try {
      await init.ready;
      await init.prepared();
    } catch (error) {
      containers.delete(id);
      throw error;
    }
    // Whoever kills the pid that stands for it means it; and when it has ended, so has that.
    void holder?.ended.then(() => {
      endIt(() => init.kill(9));
    });
    init.exit.then(
      () => holder?.signal(9),
      () => holder?.signal(9),
    );
    return { place, request, sandbox: null, started: settled, ended: settled };
  }

  /** That of the process which stands for it, or of its guest's. */
  #pidOf(id: string): number {
    return this.#entries.get(id)?.place.holder?.pid ?? this.#options.containers.get(id).init.pid;
  }

  async #start(request: task.StartRequest, call: CallContext): Promise<{ pid: number }> {
    const entry = this.#entry(request.id);
    const { id, execId } = request;
    const containerId = id;
    const { publisher } = this.#options;
    const starting = async (): Promise<number> => {
      if (execId !== '') {
        const { pid = 0 } = await this.#base.start(request, call);
        publisher.publish(taskTopic.execStarted, taskEvents.TaskExecStartedSchema, { containerId, execId, pid });
        return pid;
      }
      const pid = this.#pidOf(id);
      try {
        await entry.place.beforeStart(pid);
      } catch (error) {
        endIt(() => this.#kill(entry));
        throw error;
      }
      if (entry.sandbox !== null) entry.sandbox.start();
      else await this.#base.start(request, call);
      try {
        await entry.place.afterStart(pid);
      } catch (error) {
        endIt(() => this.#kill(entry));
        throw error;
      }
      publisher.publish(taskTopic.start, taskEvents.TaskStartSchema, { containerId, pid });
      return pid;
    };
    const started = starting();
    const told = started.then(
      () => {},
      () => {},
    );
    if (execId === '') entry.started = told;
    const pid = await started;
    if (execId !== '') void this.#tellEnd(entry, execId, pid);
    return { pid };
  }

  #kill({ request: { id }, sandbox }: Entry): void {
    if (sandbox === null) this.#options.containers.get(id).init.kill(9);
    else sandbox.kill(9);
  }

  /** Waits for the end of a process and tells it, never before its start was told of. */
  async #tellEnd(entry: Entry, exec_id: string, pid: number): Promise<void> {
    const { id } = entry.request;
    let exit: { exitStatus?: number; exitedAt?: unknown };
    try {
      const request = create(task.WaitRequestSchema, { id, execId: exec_id });
      exit = await this.handlers.wait!(request, by_ourselves);
    } catch {
      // Deleted, and never started.
      return;
    }
    if (exec_id === '') await entry.started;
    const { publisher, containers } = this.#options;
    if (exec_id === '' && entry.sandbox === null && containers.get(id).init.ended?.oom === true)
      publisher.publish(taskTopic.oom, taskEvents.TaskOOMSchema, { containerId: id });
    publisher.publish(taskTopic.exit, taskEvents.TaskExitSchema, {
      containerId: id,
      id: exec_id === '' ? id : exec_id,
      pid,
      exitStatus: exit.exitStatus ?? 0,
      exitedAt: exit.exitedAt as never,
    });
  }

  async #delete(request: task.DeleteRequest, call: CallContext): Promise<task.DeleteResponse> {
    const { id } = request;
    const entry = this.#entry(id);
    if (request.execId !== '') return create(task.DeleteResponseSchema, await this.#base.delete(request, call));
    const pid = this.#pidOf(id);
    let answer: task.DeleteResponse;
    if (entry.sandbox === null) {
      const ended = this.#options.containers.get(id).init.ended !== null;
      if (ended) await entry.ended;
      answer = create(task.DeleteResponseSchema, await this.#base.delete(request, call));
    } else {
      await entry.sandbox.discard();
      const { status, at } = await entry.sandbox.exit;
      await entry.ended;
      answer = create(task.DeleteResponseSchema, { pid, exitStatus: status, exitedAt: timestampFromDate(at) });
    }
    await entry.place.remove();
    this.#entries.delete(id);
    this.#options.publisher.publish(taskTopic.delete, taskEvents.TaskDeleteSchema, {
      containerId: id,
      pid,
      exitStatus: answer.exitStatus,
      ...(answer.exitedAt === undefined ? {} : { exitedAt: answer.exitedAt }),
    });
    return { ...answer, pid };
  }
}

const statuses: Readonly<Record<Sandbox['status'], types.Status>> = {
  created: types.Status.CREATED,
  running: types.Status.RUNNING,
  paused: types.Status.PAUSED,
  stopped: types.Status.STOPPED,
};

/** What has ended already is as wanted. */
function endIt(kill: () => void): void {
  try {
    kill();
  } catch (error) {
    if (!(error instanceof WherryError)) complain(String(error));
  }
}
