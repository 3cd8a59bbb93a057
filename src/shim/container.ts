import { constants } from 'node:os';

import { WherryError } from '../errors/index.ts';
import type { GuestEnd, GuestProcess, Starter } from '../guest/index.ts';
import { execs_per_container_max } from '../limits/index.ts';
import { inNetworkNamespace } from '../os/index.ts';
import { type Bundle, type ProcessSpec, readBundle, type RootFilesystem } from './bundle.ts';
import { complain } from './complain.ts';
import { ContainerLimits, type Usage } from './container-limits.ts';
import type { ContainerPlace } from './containers.ts';
import type { ShimExecRecord, ShimTaskRecord } from './contract.ts';
import { CoreWriter } from './core-writer.ts';
import { type GuestFiles, type GuestStart, openGuestFiles } from './open-guest-files.ts';
import type { Resources } from './resources.ts';
import { type OpenPorts, openPorts } from './ports.ts';
import { Process, type ProcessExit, type StreamNames } from './process.ts';
import { shellFile } from './shell-file.ts';
import type { StreamsOptions } from './streams.ts';
import type { TaskRecords } from './task-record.ts';

const { SIGKILL } = constants.signals;

/** As runc and its shim say it. */
const exec_failed = 'OCI runtime exec failed: exec failed: unable to start container process: ';

export interface ContainerOptions extends StreamsOptions {
  readonly id: string;
  readonly namespace: string;
  readonly bundle: string;
  readonly root: RootFilesystem;
  /** The streams as whoever made it named them. */
  readonly stdio: StreamNames;
  readonly records: TaskRecords;
  readonly starter: Starter;
  /** The shim's own folder, where what lives only as long as the container goes. */
  readonly folder: string;
  /** The host's user for the guest's process, null when this shim is no root. */
  readonly host_uid: number | null;
  /** null where the daemon made it ready. */
  readonly place: ContainerPlace | null;
}

/** One container of this shim: its first process and those beside it, on the same files, within the same limits. */
export class Container {
  readonly id: string;
  readonly bundle: string;
  /** The process it lives and ends with. */
  readonly init: Process;
  readonly #options: ContainerOptions;
  readonly #spec: Bundle;
  readonly #limits: ContainerLimits;
  readonly #ports: OpenPorts;
  readonly #core: CoreWriter | null;
  readonly #execs = new Map<string, Process>();
  /** What each of them runs. */
  readonly #commands = new Map<string, readonly string[]>();
  /** null before its first process is made, and again when that has gone. */
  #files: GuestFiles | null = null;
  #recorded: ShimTaskRecord['status'] = 'created';

  /** @throws WherryError when the bundle, a stream or a port cannot be used */
  constructor(options: ContainerOptions) {
    this.id = options.id;
    this.bundle = options.bundle;
    this.#options = options;
    const spec = readBundle(options.bundle);
    // What our daemon alone may say, others do not: the one names a file that is written as this user.
    this.#spec = options.place === null ? spec : { ...spec, core_path: null, debug: false };
    const { core_path } = this.#spec;
    this.#core = core_path === null ? null : new CoreWriter(core_path);
    const { group = null, network = null } = options.place ?? {};
    this.#limits = new ContainerLimits(options.namespace, options.id, this.#spec.resources, group);
    const { ports } = this.#spec;
    this.#ports =
      network === null || ports.length === 0 ? openPorts(ports) : inNetworkNamespace(network, () => openPorts(ports));
    const { stdin, stdout, stderr, terminal, stdio } = options;
    try {
      this.init = new Process({
        name: `container "${this.id}"`,
        stdin,
        stdout,
        stderr,
        terminal,
        container: { id: this.id, namespace: options.namespace },
        names: stdio,
        console_size: this.#spec.console_size,
        failed_start: { class: 'InvalidArgument', before: '' },
        create: (streams) => this.#createFirst(streams),
        record: (status) => this.#record(status),
        started: (guest) => this.#limits.started(guest),
        paused: () => this.#limits.paused(this.init.pid),
        resumed: () => this.#limits.resumed(this.init.pid),
        gone: (end) => {
          const oom = this.#left(this.init, end);
          const why = this.#core?.end(end.said !== null && end.said.trap !== null) ?? null;
          if (why !== null) complain(`the core dump of container ${this.id} could not be written: ${why}`);
          for (const each of this.#execs.values()) killIfThere(each);
          return oom;
        },
        over: () => this.#execsOver(),
      });
    } catch (error) {
      this.#ports.close();
      throw error;
    }
  }

  get args(): readonly string[] {
    return this.#spec.args;
  }

  find(exec_id: string): Process | undefined {
    return exec_id === '' ? this.init : this.#execs.get(exec_id);
  }

  /** The process of this id: '' is the container's first. @throws WherryError NotFound */
  process(exec_id: string): Process {
    const found = this.find(exec_id);
    if (found === undefined) throw new WherryError('NotFound', `process does not exist ${exec_id}: not found`);
    return found;
  }

  /** Those that run, the first one before the others. */
  pids(): readonly { readonly pid: number; readonly exec_id: string }[] {
    const all = [['', this.init] as const, ...this.#execs];
    return all.flatMap(([exec_id, { pid, ended }]) => (pid === 0 || ended !== null ? [] : [{ pid, exec_id }]));
  }

  /**
   * Makes a process beside the first, to be started by its id.
   *
   * @throws WherryError AlreadyExists, Unknown unless the container runs, ResourceExhausted
   */
  exec(exec_id: string, spec: ProcessSpec, streams: StreamsOptions & { readonly names: StreamNames }): void {
    if (this.#execs.has(exec_id)) throw new WherryError('AlreadyExists', `id ${exec_id}: already exists`);
    const { status } = this.init;
    if (status !== 'running' || !this.init.isAlive)
      throw new WherryError('Unknown', `cannot exec in a ${status === 'running' ? 'stopped' : status} state`);
    // Who made it may be gone, and nobody comes to delete it.
    if (this.#execs.size >= execs_per_container_max) this.#forgetOneThatEnded();
    if (this.#execs.size >= execs_per_container_max)
      throw new WherryError(
        'ResourceExhausted',
        `Cannot exec in container ${this.id}: it has ${execs_per_container_max} processes beside its first already.`,
      );
    const made: Process = new Process({
      name: `process "${exec_id}" of container "${this.id}"`,
      ...streams,
      container: { id: this.id, namespace: this.#options.namespace },
      console_size: spec.console_size,
      failed_start: { class: 'Unknown', before: exec_failed },
      create: (guest_streams) => this.#createBeside(guest_streams, spec, () => made),
      // Before it is among the others it is about to be written down with them.
      record: () => {
        if (this.#execs.has(exec_id)) this.#record(this.#recorded);
      },
      started: (guest) => {
        this.#limits.started(guest);
        // The container was paused while this was being started.
        if (this.init.status === 'paused') made.pause();
      },
      paused: () => this.#limits.paused(made.pid),
      resumed: () => this.#limits.resumed(made.pid),
      gone: (end) => {
        this.#commands.delete(exec_id);
        return this.#left(made, end);
      },
      over: () => Promise.resolve(),
    });
    this.#execs.set(exec_id, made);
    this.#commands.set(exec_id, spec.args);
    try {
      this.#record(this.#recorded);
    } catch (error) {
      this.#execs.delete(exec_id);
      made.discard();
      throw error;
    }
  }

  /**
   * Forgets a process beside the first; gives how it ended, null when it never ran.
   *
   * @throws WherryError NotFound, Unknown when it runs
   */
  deleteExec(exec_id: string): ProcessExit | null {
    const gone = this.process(exec_id);
    gone.discard();
    this.#execs.delete(exec_id);
    this.#record(this.#recorded);
    return gone.ended;
  }

  #forgetOneThatEnded(): void {
    for (const [exec_id, { status }] of this.#execs) {
      if (status !== 'stopped') continue;
      this.#execs.delete(exec_id);
      return;
    }
  }

  /** @throws WherryError Unknown unless it runs */
  pause(): void {
    this.init.pause();
    for (const each of this.#execs.values()) if (each.status === 'running' && each.isAlive) each.pause();
  }

  /** @throws WherryError Unknown unless it is paused */
  resume(): void {
    this.init.resume();
    for (const each of this.#execs.values()) if (each.status === 'paused') each.resume();
  }

  /** @throws WherryError Unknown when it has ended, FailedPrecondition when the kernel refuses */
  limit(resources: Resources): void {
    if (this.init.status === 'stopped' || this.init.ended !== null)
      throw new WherryError('Unknown', 'cannot update a stopped container');
    this.#limits.change(resources);
  }

  /** null when nothing runs. */
  get usage(): Usage | null {
    return this.#limits.usage();
  }

  /**
   * Lets go of what the container holds, before it is forgotten. Whoever waits for one that never ran is told so.
   *
   * @throws WherryError Unknown when it runs, or is about to
   */
  discard(): void {
    this.init.discard();
    for (const each of this.#execs.values()) if (each.status === 'created') each.discard();
  }

  async #createFirst(streams: readonly [number, number, number]): Promise<GuestProcess> {
    try {
      this.#files = openGuestFiles({ ...this.#options, bundle: this.#spec, ports: this.#ports });
      const files = this.#files;
      const letGo = (): void => {
        files.first.end();
        files.close();
        this.#files = null;
        void this.#limits.release();
      };
      try {
        const core = this.#core;
        const more = core === null ? {} : { core: (piece: Uint8Array) => core.add(piece) };
        const guest = await this.#createGuest(streams, this.#spec, files.first, () => this.init, more);
        void guest.ended.then(() => void this.#execsOver().then(letGo, letGo));
        return guest;
      } catch (error) {
        letGo();
        throw error;
      }
    } finally {
      // Its process has them, or nobody will: when that ends, whatever ends it, they are free.
      this.#ports.close();
    }
  }

  async #createBeside(
    streams: readonly [number, number, number],
    spec: ProcessSpec,
    own: () => Process,
  ): Promise<GuestProcess> {
    if (this.#files === null) throw new Error('the container has ended');
    const commands = [this.#spec.args, ...this.#commands.values(), spec.args];
    const start = this.#files.beside(spec, shellFile(), commands);
    try {
      const guest = await this.#createGuest(streams, spec, start, own, {});
      void guest.ended.then(() => start.end());
      return guest;
    } catch (error) {
      start.end();
      throw error;
    }
  }

  #createGuest(
    streams: readonly [number, number, number],
    { user }: ProcessSpec,
    start: GuestStart,
    own: () => Process,
    more: { core?(piece: Uint8Array): void },
  ): Promise<GuestProcess> {
    const { broker } = this.#files!;
    return this.#options.starter.create({
      get job() {
        return start.job;
      },
      descriptors: [...streams, ...start.descriptors],
      answer: (request) => {
        const answer = broker.handle(request, user);
        // Before the reply: what one has changed, none of the others may take for unchanged afterwards.
        if (answer.notice !== null) this.#notify(answer.notice, own());
        return answer;
      },
      program: (place) => start.program(place),
      takesKeys: () => own().takesKeys(),
      place: (pid, by_itself) => this.#limits.place(pid, by_itself),
      ...more,
    });
  }

  #notify(notice: Uint8Array, but: Process): void {
    if (this.#execs.size === 0) return;
    for (const each of [this.init, ...this.#execs.values()]) if (each !== but) each.notify(notice);
  }

  #left({ pid }: Process, end: GuestEnd): boolean {
    const oom = this.#limits.isOutOfMemory(pid, end);
    this.#limits.left(pid);
    return oom;
  }

  /** Processes beside the first do not outlive it, and their end is known before its own is told. */
  async #execsOver(): Promise<void> {
    const running = [...this.#execs.values()].filter(({ status }) => status !== 'created');
    for (const each of running) killIfThere(each);
    await Promise.all(running.map(({ exit }) => exit.catch(() => {})));
  }

  #record(status: ShimTaskRecord['status']): void {
    this.#recorded = status;
    // The first record is written while the process is being made.
    const init = this.init as Process | undefined;
    const ended = init?.ended ?? null;
    const execs = [...this.#execs].map(([exec_id, process]) => recordOf(exec_id, process));
    this.#options.records.write({
      container: this.id,
      bundle: this.bundle,
      pid: init?.pid ?? 0,
      status,
      started_at: init?.started_at?.toISOString() ?? null,
      exit_status: ended?.status ?? null,
      exited_at: ended?.at.toISOString() ?? null,
      oom: ended?.oom ?? false,
      reason: ended?.reason ?? null,
      ...(this.#ports.published.length === 0 ? {} : { ports: this.#ports.published }),
      walls: init?.walls ?? null,
      ...(execs.length === 0 ? {} : { execs }),
    });
  }
}

function killIfThere(process: Process): void {
  try {
    process.kill(SIGKILL);
  } catch {
    // It has ended by itself.
  }
}

function recordOf(exec_id: string, { pid, status, started_at, ended, stdio }: Process): ShimExecRecord {
  return {
    exec_id,
    pid,
    // While its end is being written it counts as ended.
    status: ended !== null ? 'stopped' : status === 'created' || status === 'stopped' ? status : 'running',
    started_at: started_at?.toISOString() ?? null,
    exit_status: ended?.status ?? null,
    exited_at: ended?.at.toISOString() ?? null,
    terminal: stdio.terminal,
  };
}
