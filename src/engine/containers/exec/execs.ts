import type { AttachRequest, ExecExit } from '../../../core/index.ts';
import { fromUnknown, WherryError } from '../../../errors/index.ts';
import { exec_kept_ms, exec_ready_ms_max, execs_kept_per_container_max } from '../../../limits/index.ts';
import { close } from '../../../os/index.ts';
import type { Container } from '../container.ts';
import type { ContainersContext } from '../context.ts';
import { exitCodeOf } from '../start-failures.ts';
import { Exec, type ExecRequest } from './exec.ts';
import { buildProcess } from './process.ts';

/** How an exec is started. */
export interface ExecStart {
  /** Of the terminal: height and width, 0 where the client does not say. */
  readonly console_size: readonly [height: number, width: number];
  /** The client's connection, which is taken over; null when it does not stay. */
  readonly connection: { readonly fd: number; readonly head: Uint8Array } | null;
}

/** Programs that are run in containers beside their own. */
export class Execs {
  readonly #context: ContainersContext;
  readonly #by_id = new Map<string, Exec>();

  constructor(context: ContainersContext) {
    this.#context = context;
    context.space.tasks.onExecExit((exit) => this.#onExit(exit));
  }

  /**
   * Makes one, to be started by its id.
   *
   * @throws WherryError Conflict unless the container runs, InvalidArgument for a user that there is not
   */
  async create(container: Container, query: string, request: ExecRequest): Promise<Exec> {
    if (request.command.length === 0) throw new WherryError('InvalidArgument', 'No exec command specified');
    checkRuns(container, query);
    this.#makeRoom(container);
    const exec = new Exec(container, request);
    // Who the user is, is found out now, so that whoever asks is told.
    await buildProcess(this.#context, exec, [0, 0]);
    this.#by_id.set(exec.id, exec);
    this.#publish(exec, `exec_create: ${wordsOf(exec)}`);
    return exec;
  }

  /** @throws WherryError NotFound with Docker's text */
  find(id: string): Exec {
    const found = this.#by_id.get(id);
    if (found === undefined || found.container.removed)
      throw new WherryError('NotFound', `No such exec instance: ${id}`);
    return found;
  }

  /** Those of a container that have not ended. */
  idsOf(container: Container): readonly string[] {
    return this.#of(container)
      .filter(({ phase }) => phase !== 'ended')
      .map(({ id }) => id);
  }

  /** What a process of a container that is an exec's runs; null for any other. */
  commandOf(container: Container, pid: number): readonly string[] | null {
    const found = this.#of(container).find((exec) => exec.pid === pid && exec.phase === 'running');
    return found?.request.command ?? null;
  }

  /**
   * Whether one may be started now; whoever is about to take a client's connection over asks before.
   *
   * @throws WherryError Conflict with Docker's texts
   */
  checkStartable({ id, phase, container }: Exec): void {
    if (phase === 'ended') throw new WherryError('Conflict', `exec command ${id} has already run`);
    if (phase !== 'created') throw new WherryError('Conflict', `exec command ${id} is already running`);
    checkRuns(container, container.id);
  }

  /**
   * Starts one and takes the client's connection, whatever becomes of it.
   *
   * @throws WherryError Conflict, InvalidArgument when the program cannot be found or run, with the runtime's text
   */
  async start(exec: Exec, { console_size, connection }: ExecStart): Promise<void> {
    const { tasks } = this.#context.space;
    const { id, container, request } = exec;
    const { stdin, stdout, stderr, detach_keys, terminal } = request;
    const clients: AttachRequest[] = connection === null ? [] : [{ ...connection, stdin, stdout, stderr, detach_keys }];
    let taken = false;
    let made = false;
    try {
      this.checkStartable(exec);
      exec.phase = 'starting';
      this.#publish(exec, `exec_start: ${wordsOf(exec)}`);
      const size = console_size.some((each) => each > 0) ? console_size : request.console_size;
      const process = await buildProcess(this.#context, exec, size);
      const streams = {
        stdin: stdin && connection !== null ? 'attach://?once=1' : '',
        stdout: 'none://',
        stderr: terminal ? '' : 'none://',
        terminal,
      };
      taken = true;
      await tasks.exec(container.id, id, process, streams, clients);
      made = true;
      exec.pid = await tasks.start(container.id, id);
    } catch (thrown) {
      if (!taken && connection !== null) close(connection.fd);
      if (exec.phase !== 'starting') throw thrown;
      if (made) void this.#forgetInShim(exec);
      throw failed(exec, thrown);
    }
    // It may have ended by now.
    if (exec.phase === 'starting') exec.phase = 'running';
    exec.started.resolve();
  }

  /** How it is now. Whoever saw its output end may ask before its exit was told here. */
  async inspect(id: string): Promise<Exec> {
    const exec = this.find(id);
    if (exec.phase !== 'running') return exec;
    try {
      const { status, exit_status } = await this.#context.space.tasks.state(exec.container.id, id);
      if (status === 'stopped') exec.ended(exit_status);
    } catch {
      // It has just been forgotten there, which is told here.
    }
    return exec;
  }

  /**
   * Changes the size of its terminal, once it runs.
   *
   * @throws WherryError InvalidArgument when it has ended, DeadlineExceeded when it is not started in time
   */
  async resize(exec: Exec, width: number, height: number): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new WherryError('DeadlineExceeded', 'timeout waiting for exec session ready')),
      exec_ready_ms_max,
    );
    try {
      await Promise.race([exec.started.promise, late.promise]);
    } finally {
      clearTimeout(timer);
    }
    if (exec.phase !== 'running') throw new WherryError('InvalidArgument', 'exec process is not started');
    await this.#context.space.tasks.resize(exec.container.id, width, height, exec.id);
  }

  /** A container has ended, and with it all that ran in it; what never was started cannot be any more. */
  containerEnded(container: Container): void {
    for (const exec of this.#of(container)) {
      if (exec.phase === 'created') this.#by_id.delete(exec.id);
      else exec.ended(137);
    }
  }

  /** A container was removed. */
  containerRemoved(container: Container): void {
    for (const { id } of this.#of(container)) this.#by_id.delete(id);
  }

  #onExit({ exec_id, exit_status }: ExecExit): void {
    const exec = this.#by_id.get(exec_id);
    // One that another daemon made is nobody's here.
    if (exec === undefined) return;
    exec.ended(exit_status);
    this.#publish(exec, 'exec_die', { exitCode: String(exit_status) });
    void this.#forgetInShim(exec);
  }

  async #forgetInShim({ id, container }: Exec): Promise<void> {
    try {
      await this.#context.space.tasks.delete(container.id, id);
    } catch {
      // It has gone with its container.
    }
  }

  /** Those that ended a while ago are forgotten, when many are kept the others of them, too. */
  #makeRoom(container: Container): void {
    const all = this.#of(container);
    const ended = all.filter(({ phase }) => phase === 'ended');
    const long_ago = Date.now() - exec_kept_ms;
    let kept = all.length;
    for (const { id, ended_at_ms } of ended) {
      if (ended_at_ms! > long_ago && kept < execs_kept_per_container_max) continue;
      this.#by_id.delete(id);
      kept--;
    }
    if (kept >= execs_kept_per_container_max)
      throw new WherryError(
        'ResourceExhausted',
        `Cannot exec in container ${container.id}: ${kept} commands were made for it that have not ended.`,
      );
  }

  #of(container: Container): readonly Exec[] {
    return [...this.#by_id.values()].filter((exec) => exec.container === container);
  }

  #publish({ id, container }: Exec, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    container.publish(action, { execID: id, ...attributes });
  }
}

/** What a start that failed is told by, and leaves behind. */
function failed(exec: Exec, thrown: unknown): WherryError {
  const { message } = fromUnknown(thrown);
  const exit_code = exitCodeOf(message);
  exec.ended(exit_code);
  return new WherryError(exit_code === 128 ? 'Unknown' : 'InvalidArgument', message, { cause: thrown });
}

/** As Docker's events name it: with a space even behind a command alone. */
function wordsOf({ request: { command } }: Exec): string {
  const [first = '', ...rest] = command;
  return `${first} ${rest.join(' ')}`;
}

function checkRuns({ status, id, process }: Container, query: string): void {
  if (status === 'restarting')
    throw new WherryError('Conflict', `Container ${id} is restarting, wait until the container is running`);
  if (process !== 'running') throw new WherryError('Conflict', `container ${id} is not running`);
  if (status === 'paused')
    throw new WherryError('Conflict', `Container ${query} is paused, unpause the container before exec`);
}
