import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { WherryError } from '../errors/index.ts';
import {
  GuestFailed,
  type GuestEnd,
  type GuestFailure,
  type GuestProcess,
  missingWalls,
  type Starter,
} from '../guest/index.ts';
import {
  handoff_receive_ms_max,
  log_close_patience_ms,
  log_retry_ms,
  running_record_delay_ms,
} from '../limits/index.ts';
import type { AttachOptions } from './attached-client.ts';
import { type Bundle, readBundle, type RootFilesystem } from './bundle.ts';
import { complain, complainOnce } from './complain.ts';
import { ContainerLimits, type Usage } from './container-limits.ts';
import type { ContainerPlace } from './containers.ts';
import type { GuestWalls, ShimTaskRecord } from './contract.ts';
import { CoreWriter } from './core-writer.ts';
import { inNetworkNamespace } from '../os/index.ts';
import { openGuestFiles } from './open-guest-files.ts';
import type { Resources } from './resources.ts';
import { type OpenPorts, openPorts } from './ports.ts';
import { disposition } from './signals.ts';
import type { StdioAddress } from './stdio-address.ts';
import { createStreams, type Streams } from './streams.ts';
import type { TaskRecords } from './task-record.ts';

const { SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGSTOP } = constants.signals;

export interface ContainerOptions {
  readonly id: string;
  readonly namespace: string;
  readonly bundle: string;
  readonly root: RootFilesystem;
  readonly terminal: boolean;
  readonly stdin: StdioAddress;
  readonly stdout: StdioAddress;
  readonly stderr: StdioAddress;
  readonly records: TaskRecords;
  readonly starter: Starter;
  /** The shim's own folder, where what lives only as long as the container goes. */
  readonly folder: string;
  /** The host's user for the guest's process, null when this shim is no root. */
  readonly host_uid: number | null;
  /** null where the daemon made it ready. */
  readonly place: ContainerPlace | null;
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'stopped';

/** How a container ended. */
export interface ContainerExit {
  readonly status: number;
  readonly at: Date;
  readonly reason: string | null;
  /** Its memory limit ended it. */
  readonly oom: boolean;
}

/** `ending`: the guest is gone and the rest of its output is being written. `discarded`: deleted, and it never ran. */
type Phase = 'created' | 'starting' | 'running' | 'paused' | 'ending' | 'stopped' | 'discarded';

/** One container of this shim: from its create to its delete. */
export class Container {
  readonly id: string;
  readonly bundle: string;
  readonly #options: ContainerOptions;
  readonly #spec: Bundle;
  readonly #streams: Streams;
  readonly #limits: ContainerLimits;
  readonly #ports: OpenPorts;
  readonly #exit: PromiseWithResolvers<ContainerExit> = Promise.withResolvers<ContainerExit>();
  #phase: Phase = 'created';
  /** The guest's process from the create on; null when it could not be made. */
  readonly #preparing: Promise<GuestProcess>;
  #guest: GuestProcess | null = null;
  #clients_expected = 0;
  #clients_taken: Promise<void> = Promise.resolve();
  #clientsTaken = (): void => {};
  #walls: GuestWalls | null = null;
  readonly #core: CoreWriter | null;
  #started_at: Date | null = null;
  #ended: ContainerExit | null = null;
  /** The signal that a kill stands for, which this shim carries out by ending the process. */
  #killed_by: number | null = null;
  #failure: GuestFailure | null = null;
  #recording: NodeJS.Timeout | null = null;
  /** Known once the process has gone. */
  #oom = false;

  /** @throws WherryError when the bundle, a stream or a port cannot be used */
  constructor(options: ContainerOptions) {
    this.id = options.id;
    this.bundle = options.bundle;
    this.#options = options;
    // Nobody need wait for it.
    this.#exit.promise.catch(() => {});
    const { stdin, stdout, stderr, terminal } = options;
    this.#spec = readBundle(options.bundle);
    const { core_path } = this.#spec;
    this.#core = core_path === null ? null : new CoreWriter(core_path);
    const { group = null, network = null } = options.place ?? {};
    this.#limits = new ContainerLimits(options.namespace, options.id, this.#spec.resources, group);
    const { ports } = this.#spec;
    this.#ports =
      network === null || ports.length === 0 ? openPorts(ports) : inNetworkNamespace(network, () => openPorts(ports));
    try {
      this.#streams = createStreams({ stdin, stdout, stderr, terminal }, (key) => this.#press(key));
    } catch (error) {
      this.#ports.close();
      throw error;
    }
    try {
      const { console_size } = this.#spec;
      if (console_size !== null && terminal) this.#streams.resize(console_size.width, console_size.height);
      this.#record('created');
    } catch (error) {
      void this.#streams.finish();
      this.#ports.close();
      throw error;
    }
    this.#preparing = this.#prepare();
    // Told to whoever starts it.
    this.#preparing.catch(() => {});
  }

  get status(): ContainerStatus {
    switch (this.#phase) {
      case 'starting':
      case 'discarded':
        return 'created';
      case 'ending':
        return 'running';
      default:
        return this.#phase;
    }
  }

  /** 0 before it was started. */
  get pid(): number {
    return this.#options.place?.pid ?? this.guest_pid;
  }

  /** Of the process that holds its guest. */
  get guest_pid(): number {
    return this.#guest?.pid ?? 0;
  }

  /** Settles when its guest's process is there. Rejects when that could not be made. */
  async prepared(): Promise<void> {
    await this.#preparing;
  }

  /** What stands around its process; null until it has run. */
  get walls(): GuestWalls | null {
    return this.#walls;
  }

  get args(): readonly string[] {
    return this.#spec.args;
  }

  get ended(): ContainerExit | null {
    return this.#ended;
  }

  /** Settles when the container has ended, its output is written and its exit recorded. Rejects when it is discarded. */
  get exit(): Promise<ContainerExit> {
    return this.#exit.promise;
  }

  /**
   * Starts the guest; settles with its process id when its first instruction is about to run.
   *
   * @throws WherryError InvalidArgument with the runtime's text when the guest cannot run
   */
  async start(): Promise<number> {
    if (this.#phase !== 'created') {
      const state = this.#phase === 'stopped' || this.#phase === 'ending' ? 'stopped' : 'already started';
      throw new WherryError('FailedPrecondition', `cannot start a container that has ${state}`);
    }
    this.#phase = 'starting';
    let guest: GuestProcess;
    try {
      guest = await this.#preparing;
    } catch (error) {
      const failure = failureOf(error);
      await this.#settle(failure.code, failure.text);
      throw new WherryError('InvalidArgument', failure.text, { cause: error });
    }
    return this.#started(guest);
  }

  /** Makes the guest's process, which reads and compiles its program while others still get ready for its start. */
  async #prepare(): Promise<GuestProcess> {
    let guest: GuestProcess;
    try {
      guest = await this.#createGuest();
    } finally {
      // Its process has them, or nobody will: when that ends, whatever ends it, they are free.
      this.#ports.close();
    }
    this.#streams.release();
    this.#guest = guest;
    // Nothing will start it any more.
    if (this.#phase !== 'created' && this.#phase !== 'starting') guest.signal(SIGKILL);
    return guest;
  }

  async #createGuest(): Promise<GuestProcess> {
    const files = openGuestFiles({ ...this.#options, bundle: this.#spec, ports: this.#ports });
    const { broker } = files;
    let guest: GuestProcess;
    try {
      guest = await this.#options.starter.create({
        job: files.job,
        descriptors: [...this.#streams.guest, ...files.descriptors],
        answer: (request) => broker.handle(request),
        program: (place) => files.program(place),
        ...(this.#core === null ? {} : { core: (piece) => this.#core!.add(piece) }),
        place: (pid) => this.#limits.place(pid),
      });
    } catch (error) {
      files.close();
      void this.#limits.release();
      throw error;
    }
    void guest.ended.then((end) => {
      files.close();
      this.#oom = this.#limits.isOutOfMemory(end);
      void this.#limits.release();
    });
    return guest;
  }

  /** From here on the container ends when its process does, whatever else goes wrong. */
  async #started(guest: GuestProcess): Promise<number> {
    void guest.ended.then(async (end) => {
      // One that failed as it got ready may have ended before anybody waited for it to run.
      await guest.running.catch((error: unknown) => {
        if (this.#killed_by === null) this.#failure ??= failureOf(error);
      });
      await this.#finish(end);
    });
    // Somebody may not have waited for the start.
    if (this.#killed_by !== null) guest.signal(SIGKILL);
    try {
      await this.#clients_taken;
      guest.start();
      const raised = await guest.running;
      const missing = missingWalls(raised);
      this.#walls = { raised, missing };
      if (missing.length > 0)
        complainOnce(`guests run without these walls: ${missing.join(', ')}; wherry doctor says what each would take`);
    } catch (error) {
      if (this.#killed_by === null) {
        this.#failure = failureOf(error);
        guest.signal(SIGKILL);
        await this.exit;
        throw new WherryError('InvalidArgument', this.#failure.text, { cause: error });
      }
    }
    if (this.#phase === 'starting') {
      this.#phase = 'running';
      this.#limits.started(guest);
      this.#started_at = new Date();
      this.#recording = setTimeout(() => this.#recordRunning(), running_record_delay_ms);
    }
    return this.pid;
  }

  /** So many clients are on their way, which are not to miss anything: a start waits for them, for a while. */
  expectClients(count: number): void {
    if (count < 1) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, handoff_receive_ms_max);
    this.#clients_expected = count;
    this.#clients_taken = promise;
    this.#clientsTaken = () => {
      clearTimeout(timer);
      resolve();
    };
  }

  /** One of them is here, or will not come. */
  clientTaken(): void {
    if (--this.#clients_expected === 0) this.#clientsTaken();
  }

  /** @throws WherryError FailedPrecondition when it has ended */
  attach(fd: number, head: Buffer, options: Omit<AttachOptions, 'terminal'>): void {
    if (this.#phase === 'stopped') throw new WherryError('FailedPrecondition', `container ${this.id} is not running`);
    this.#streams.attach(fd, head, options);
  }

  /**
   * A signal, as the kernel would give it to a program that handles none.
   *
   * @throws WherryError NotFound when nothing runs any more, InvalidArgument when there is no such signal
   */
  kill(signal: number): void {
    const does = disposition(signal);
    if (does === null) throw new WherryError('InvalidArgument', `invalid signal: ${signal}`);
    if (this.#phase === 'ending' || this.#phase === 'stopped' || this.#phase === 'discarded')
      throw new WherryError('NotFound', 'process already finished');
    if (does === 'terminate') {
      this.#killed_by ??= signal;
      this.#guest?.signal(SIGKILL);
      if (this.#phase === 'created') void this.#settle(128 + signal, null);
    } else if (does === 'stop' && this.#phase === 'running') this.pause();
    else if (does === 'continue' && this.#phase === 'paused') this.resume();
  }

  /** @throws WherryError FailedPrecondition unless it runs */
  pause(): void {
    if (this.#phase !== 'running' || this.#guest?.signal(SIGSTOP) !== true) throw this.#isNot('running');
    this.#phase = 'paused';
    this.#limits.paused();
  }

  /** @throws WherryError FailedPrecondition unless it is paused */
  resume(): void {
    if (this.#phase !== 'paused' || this.#guest?.signal(SIGCONT) !== true) throw this.#isNot('paused');
    this.#phase = 'running';
    this.#limits.resumed();
  }

  /** @throws WherryError FailedPrecondition when it has ended, or the kernel refuses */
  limit(resources: Resources): void {
    if (this.#phase === 'ending' || this.#phase === 'stopped' || this.#phase === 'discarded')
      throw new WherryError('FailedPrecondition', `container "${this.id}" does not run`);
    this.#limits.change(resources);
  }

  /** null when nothing runs. */
  get usage(): Usage | null {
    return this.#limits.usage();
  }

  resize(width: number, height: number): void {
    this.#streams.resize(width, height);
  }

  closeStdin(): void {
    this.#streams.closeStdin();
  }

  /**
   * Lets go of what the container holds, before it is forgotten. Whoever waits for one that never ran is told so.
   *
   * @throws WherryError FailedPrecondition when it runs, or is about to
   */
  discard(): void {
    if (this.#phase === 'stopped') return;
    if (this.#phase !== 'created') {
      const state = this.#phase === 'starting' ? 'being started' : this.status;
      throw new WherryError(
        'FailedPrecondition',
        `container "${this.id}" must be stopped before it is deleted: it is ${state}`,
      );
    }
    this.#phase = 'discarded';
    this.#guest?.signal(SIGKILL);
    // Its process is being given the streams, perhaps.
    const finish = (): void => void this.#streams.finish();
    this.#preparing.then(finish, finish);
    this.#exit.reject(new WherryError('Cancelled', `container "${this.id}" was deleted before it was started`));
  }

  /** Settles when nothing of a container that does not run is left, and its ports are free. */
  async released(): Promise<void> {
    const guest = await this.#preparing.catch(() => null);
    await guest?.ended;
  }

  #isNot(state: string): WherryError {
    return new WherryError('FailedPrecondition', `container "${this.id}" is not ${state}`);
  }

  /** A key that ends what runs in the terminal; before and after that it is a key like others. */
  #press(key: 'interrupt' | 'quit'): void {
    if (this.#phase === 'running') this.kill(key === 'interrupt' ? SIGINT : SIGQUIT);
  }

  async #finish(end: GuestEnd): Promise<void> {
    const dumped = end.said !== null && end.said.trap !== null;
    const why = this.#core?.end(dumped) ?? null;
    if (why !== null) complain(`the core dump of container ${this.id} could not be written: ${why}`);
    // It may have ended before whoever started it heard why.
    if (this.#killed_by === null && end.said === null)
      this.#failure ??= await this.#guest!.running.then(() => null, failureOf);
    if (this.#failure !== null) {
      await this.#settle(this.#failure.code, this.#failure.text);
      return;
    }
    const killed = this.#killed_by;
    const status = killed !== null && end.said === null ? 128 + killed : (end.said?.code ?? end.status);
    await this.#settle(this.#oom ? 128 + SIGKILL : status, end.said?.trap ?? null);
  }

  /** The end of the container, once: output first, then the record, then whoever waits. */
  async #settle(status: number, reason: string | null): Promise<void> {
    this.#phase = 'ending';
    if (this.#recording !== null) clearTimeout(this.#recording);
    await this.#preparing.catch(() => {});
    await this.#streams.finish();
    const ended: ContainerExit = { status, at: new Date(), reason, oom: this.#oom };
    this.#ended = ended;
    await this.#recordEnd();
    this.#phase = 'stopped';
    this.#exit.resolve(ended);
  }

  /** A full disk may have space again soon; but a container whose end cannot be written must end, too. */
  async #recordEnd(): Promise<void> {
    const give_up_at = Date.now() + log_close_patience_ms;
    for (;;) {
      try {
        this.#record('stopped');
        return;
      } catch (error) {
        if (Date.now() < give_up_at) await sleep(log_retry_ms);
        else {
          complain(`the exit of container ${this.id} could not be recorded: ${(error as Error).message}`);
          return;
        }
      }
    }
  }

  #recordRunning(): void {
    try {
      this.#record('running');
    } catch (error) {
      complain(`the start of container ${this.id} could not be recorded: ${(error as Error).message}`);
    }
  }

  #record(status: ShimTaskRecord['status']): void {
    this.#options.records.write({
      container: this.id,
      bundle: this.bundle,
      pid: this.pid,
      status,
      started_at: this.#started_at?.toISOString() ?? null,
      exit_status: this.#ended?.status ?? null,
      exited_at: this.#ended?.at.toISOString() ?? null,
      oom: this.#ended?.oom ?? false,
      reason: this.#ended?.reason ?? null,
      ...(this.#ports.published.length === 0 ? {} : { ports: this.#ports.published }),
      walls: this.#walls,
    });
  }
}

function failureOf(error: unknown): GuestFailure {
  return error instanceof GuestFailed ? error.failure : { text: (error as Error).message, code: 128 };
}
