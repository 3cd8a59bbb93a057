import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { WherryError } from '../errors/index.ts';
import { GuestFailed, type GuestEnd, type GuestFailure, type GuestProcess, missingWalls } from '../guest/index.ts';
import {
  handoff_receive_ms_max,
  log_close_patience_ms,
  log_retry_ms,
  running_record_delay_ms,
} from '../limits/index.ts';
import type { AttachOptions } from './attached-client.ts';
import { complain, complainOnce } from './complain.ts';
import type { GuestWalls } from './contract.ts';
import { disposition } from './signals.ts';
import { createStreams, type Streams, type StreamsOptions } from './streams.ts';

const { SIGCONT, SIGINT, SIGKILL, SIGQUIT, SIGSTOP } = constants.signals;

/** Its streams, as whoever made it named them. */
export interface StreamNames {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions extends StreamsOptions {
  readonly names: StreamNames;
  /** As messages name it: `container "x"`. */
  readonly name: string;
  readonly console_size: { readonly width: number; readonly height: number } | null;
  /** How a start fails: the class, and what stands before the runtime's text. */
  readonly failed_start: { readonly class: 'InvalidArgument' | 'Unknown'; readonly before: string };
  /** Makes the guest's process, with these standard streams. What it holds on to goes with the process. */
  create(streams: readonly [number, number, number]): Promise<GuestProcess>;
  /** Writes down how the process is now; throws when that cannot be. */
  record(status: 'created' | 'running' | 'stopped'): void;
  /** It runs from here on, and may be signalled. */
  started(guest: GuestProcess): void;
  /** It was stopped for a user; it goes on. */
  paused(): void;
  resumed(): void;
  /** It is gone: gives whether its memory limit ended it. */
  gone(end: GuestEnd): boolean;
  /** Settles when nothing has to be waited for any more before its end is told. */
  over(): Promise<void>;
}

export type ProcessStatus = 'created' | 'running' | 'paused' | 'stopped';

/** How a process ended. */
export interface ProcessExit {
  readonly status: number;
  readonly at: Date;
  readonly reason: string | null;
  /** Its memory limit ended it. */
  readonly oom: boolean;
}

/** `ending`: the guest is gone and the rest of its output is being written. `discarded`: deleted, and it never ran. */
type Phase = 'created' | 'starting' | 'running' | 'paused' | 'ending' | 'stopped' | 'discarded';

/** A guest with its streams, the first of its container or one beside it: from its making to its end. */
export class Process {
  readonly #options: ProcessOptions;
  readonly #streams: Streams;
  readonly #exit: PromiseWithResolvers<ProcessExit> = Promise.withResolvers<ProcessExit>();
  #phase: Phase = 'created';
  /** The guest's process from the making on; null when it could not be made. */
  readonly #preparing: Promise<GuestProcess>;
  #guest: GuestProcess | null = null;
  #clients_expected = 0;
  #clients_taken: Promise<void> = Promise.resolve();
  #clientsTaken = (): void => {};
  #walls: GuestWalls | null = null;
  #started_at: Date | null = null;
  #ended: ProcessExit | null = null;
  /** The signal that a kill stands for, which this shim carries out by ending the process. */
  #killed_by: number | null = null;
  /** What its interrupting key does: ends it, or is told to it when it has taken the last one. */
  #keys: 'end' | 'told' | 'untaken' = 'end';
  #failure: GuestFailure | null = null;
  #recording: NodeJS.Timeout | null = null;
  /** Known once the process has gone. */
  #oom = false;

  /** @throws WherryError when a stream cannot be opened, or what `record` throws */
  constructor(options: ProcessOptions) {
    this.#options = options;
    // Nobody need wait for it.
    this.#exit.promise.catch(() => {});
    const { stdin, stdout, stderr, terminal, container, console_size } = options;
    this.#streams = createStreams({ stdin, stdout, stderr, terminal, container }, { onKey: (key) => this.#press(key) });
    try {
      if (console_size !== null && terminal) this.#streams.resize(console_size.width, console_size.height);
      options.record('created');
    } catch (error) {
      void this.#letGo(false);
      throw error;
    }
    this.#preparing = this.#prepare();
    // Told to whoever starts it.
    this.#preparing.catch(() => {});
  }

  get status(): ProcessStatus {
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

  /** Whether signals reach it, and it is not about to go. */
  get isAlive(): boolean {
    return this.#phase === 'running' || this.#phase === 'paused';
  }

  /** 0 before it was started. */
  get pid(): number {
    return this.#guest?.pid ?? 0;
  }

  /** What stands around it; null until it has run. */
  get walls(): GuestWalls | null {
    return this.#walls;
  }

  /** Settles when its guest's process is there. Rejects when that could not be made. */
  async prepared(): Promise<void> {
    await this.#preparing;
  }

  /** Settles when the programs that take its output are ready to. */
  get ready(): Promise<void> {
    return this.#streams.ready;
  }

  get stdio(): StreamNames & { readonly terminal: boolean } {
    return { ...this.#options.names, terminal: this.#options.terminal };
  }

  get started_at(): Date | null {
    return this.#started_at;
  }

  get ended(): ProcessExit | null {
    return this.#ended;
  }

  /** Settles when it has ended, its output is written and its exit recorded. Rejects when it is discarded. */
  get exit(): Promise<ProcessExit> {
    return this.#exit.promise;
  }

  /**
   * Starts the guest; settles with its process id when its first instruction is about to run.
   *
   * @throws WherryError of the class given for it, with the runtime's text, when the guest cannot run
   */
  async start(): Promise<number> {
    if (this.#phase !== 'created') {
      throw new WherryError('Unknown', `cannot start a ${this.status} process`);
    }
    this.#phase = 'starting';
    let guest: GuestProcess;
    try {
      guest = await this.#preparing;
    } catch (error) {
      this.#failure = failureOf(error);
      await this.#settle(this.#failure.code, this.#failure.text);
      throw this.#startFailed(this.#failure, error);
    }
    return this.#started(guest);
  }

  #startFailed({ text }: GuestFailure, cause: unknown): WherryError {
    const { class: errorClass, before } = this.#options.failed_start;
    return new WherryError(errorClass, `${before}${text}`, { cause });
  }

  /** Makes the guest's process, which reads and compiles its program while others still get ready for its start. */
  async #prepare(): Promise<GuestProcess> {
    const guest = await this.#options.create(this.#streams.guest);
    // Before whoever waits for its end.
    void guest.ended.then((end) => (this.#oom = this.#options.gone(end)));
    this.#streams.release();
    this.#guest = guest;
    // Nothing will start it any more.
    if (this.#phase !== 'created' && this.#phase !== 'starting') guest.signal(SIGKILL);
    return guest;
  }

  /** From here on it ends when the guest's process does, whatever else goes wrong. */
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
        throw this.#startFailed(this.#failure, error);
      }
    }
    if (this.#phase === 'starting') {
      this.#phase = 'running';
      this.#options.started(guest);
      this.#started_at = new Date();
      this.#recording = setTimeout(() => this.#recordRunning(), running_record_delay_ms);
    }
    return guest.pid;
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
    if (this.#phase === 'stopped') throw new WherryError('FailedPrecondition', `${this.#options.name} is not running`);
    this.#streams.attach(fd, head, options);
  }

  /** Tells its process what another one of the container changed. */
  notify(notice: Uint8Array): void {
    this.#guest?.notify(notice);
  }

  /**
   * A signal, as the kernel would give it to a program that handles none.
   *
   * @throws WherryError NotFound when nothing runs any more, InvalidArgument when there is no such signal
   */
  kill(signal: number): void {
    const does = signal === 0 ? 'ignore' : disposition(signal);
    if (does === null) throw new WherryError('InvalidArgument', `invalid signal: ${signal}`);
    if (this.#phase === 'ending' || this.#phase === 'stopped' || this.#phase === 'discarded')
      throw new WherryError('NotFound', 'process already finished: not found');
    if (does === 'terminate') {
      this.#killed_by ??= signal;
      this.#guest?.signal(SIGKILL);
      if (this.#phase === 'created') void this.#settle(128 + signal, null);
    } else if (does === 'stop' && this.#phase === 'running') this.pause();
    else if (does === 'continue' && this.#phase === 'paused') this.resume();
  }

  /** @throws WherryError Unknown, in the words of containerd's shim, unless it runs */
  pause(): void {
    if (this.#phase !== 'running' || this.#guest?.signal(SIGSTOP) !== true)
      throw new WherryError('Unknown', this.#cannot('pause', 'container'));
    this.#phase = 'paused';
    this.#options.paused();
  }

  /** @throws WherryError Unknown, in the words of containerd's shim, unless it is paused */
  resume(): void {
    if (this.#phase !== 'paused' || this.#guest?.signal(SIGCONT) !== true)
      throw new WherryError('Unknown', this.#cannot('resume', this.status === 'running' ? 'process' : 'container'));
    this.#phase = 'running';
    this.#options.resumed();
  }

  resize(width: number, height: number): void {
    this.#streams.resize(width, height);
  }

  closeStdin(): void {
    this.#streams.closeStdin();
  }

  /**
   * Lets go of what it holds, before it is forgotten. Whoever waits for one that never ran is told so.
   *
   * @throws WherryError Unknown, in the words of containerd's shim, when it runs or is about to
   */
  discard(): void {
    const { name } = this.#options;
    if (this.#phase === 'stopped') return;
    if (this.#phase !== 'created') {
      const state = this.#phase === 'starting' || this.status === 'running' ? 'running' : this.status;
      throw new WherryError('Unknown', `cannot delete a ${state} process`);
    }
    this.#phase = 'discarded';
    this.#guest?.signal(SIGKILL);
    // Its process is being given the streams, perhaps.
    const finish = (): void => void this.#letGo(true);
    this.#preparing.then(finish, finish);
    this.#exit.reject(new WherryError('Cancelled', `${name} was deleted before it was started`));
  }

  /** Settles when nothing of one that does not run is left. */
  async released(): Promise<void> {
    const guest = await this.#preparing.catch(() => null);
    await guest?.ended;
  }

  /** What containerd's shim says of a process that is in no state for this. */
  #cannot(act: 'pause' | 'resume', what: string): string {
    const { status } = this;
    return status === 'created' ? `cannot ${act} task in created state` : `cannot ${act} a ${status} ${what}`;
  }

  /** A key that ends what runs in the terminal; before and after that it is a key like others. */
  #press(key: 'interrupt' | 'quit'): void {
    if (this.#phase !== 'running') return;
    if (key === 'interrupt' && this.#keys === 'told') {
      this.#keys = 'untaken';
      this.#guest!.interrupt();
    } else this.kill(key === 'interrupt' ? SIGINT : SIGQUIT);
  }

  /** The guest takes its interrupting key by itself, and has taken those that came. */
  takesKeys(): void {
    this.#keys = 'told';
  }

  async #finish(end: GuestEnd): Promise<void> {
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

  /** Its end, once: output first, then the record, then whoever waits. */
  async #settle(status: number, reason: string | null): Promise<void> {
    this.#phase = 'ending';
    if (this.#recording !== null) clearTimeout(this.#recording);
    await this.#preparing.catch(() => {});
    await this.#options.over();
    await this.#streams.finish();
    const ended: ProcessExit = { status, at: new Date(), reason, oom: this.#oom };
    this.#ended = ended;
    await this.#recordEnd();
    this.#phase = 'stopped';
    this.#exit.resolve(ended);
    // Who sees its output end may ask at once how it ended.
    this.#streams.letGo(this.#failure === null);
  }

  async #letGo(ran: boolean): Promise<void> {
    await this.#streams.finish();
    this.#streams.letGo(ran);
  }

  /** A full disk may have space again soon; but one whose end cannot be written must end, too. */
  async #recordEnd(): Promise<void> {
    const give_up_at = Date.now() + log_close_patience_ms;
    for (;;) {
      try {
        this.#options.record('stopped');
        return;
      } catch (error) {
        if (Date.now() < give_up_at) await sleep(log_retry_ms);
        else {
          complain(`the exit of ${this.#options.name} could not be recorded: ${(error as Error).message}`);
          return;
        }
      }
    }
  }

  #recordRunning(): void {
    try {
      this.#options.record('running');
    } catch (error) {
      complain(`the start of ${this.#options.name} could not be recorded: ${(error as Error).message}`);
    }
  }
}

function failureOf(error: unknown): GuestFailure {
  return error instanceof GuestFailed ? error.failure : { text: (error as Error).message, code: 128 };
}
