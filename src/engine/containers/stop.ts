import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { kill_wait_again_ms, kill_wait_ms_max, stop_timeout_s } from '../../limits/index.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import { parseSignal } from './signals.ts';

const SIGKILL = 9;
const SIGTERM = 15;
const signal_max = 64;

export interface StopOptions {
  /** '' for the container's own, SIGTERM where it has none. */
  readonly signal: string;
  /** Seconds; below 0 for ever, null for the container's own or the default. */
  readonly timeout_s: number | null;
}

/** Ends containers because a user says so. */
export class Stopping {
  readonly #context: ContainersContext;
  readonly #lifecycle: Lifecycle;

  constructor(context: ContainersContext, lifecycle: Lifecycle) {
    this.#context = context;
    this.#lifecycle = lifecycle;
  }

  /**
   * Asks the container to end, and after the timeout makes it.
   *
   * @throws WherryError NotModified when it does not run, InvalidArgument for a signal that is none
   */
  async stop(container: Container, { signal, timeout_s }: StopOptions): Promise<void> {
    if (!container.isRunning && container.process === 'none') {
      throw new WherryError('NotModified', 'container is already stopped');
    }
    const { config } = container.record;
    const number = parseStopSignal(signal === '' ? config.StopSignal : signal);
    const patience_s = timeout_s ?? config.StopTimeout ?? stop_timeout_s;
    container.changeState({ stopped_by_user: true });
    if (container.restart_timer !== null) {
      this.#lifecycle.cancelRestart(container);
      await container.save();
    } else {
      await this.#stop(container, number, patience_s);
    }
    container.publish('stop');
  }

  async #stop(container: Container, signal: number, patience_s: number): Promise<void> {
    const over = new AbortController();
    const ended = container.wait('not-running', over.signal).then(() => true);
    try {
      await this.#send(container, signal);
      if (patience_s < 0) await ended;
      else if (await withinMs(ended, patience_s * 1000)) return;
    } catch (error) {
      this.#context.log.warn(
        `cannot send signal ${signal} to container ${container.id}: ${fromUnknown(error).message}`,
      );
      if (await withinMs(ended, kill_wait_again_ms)) return;
    } finally {
      over.abort();
    }
    await this.#kill(container);
  }

  /**
   * Sends a signal, SIGKILL when '' is given; after that one waits for the end.
   *
   * @throws WherryError Conflict when it does not run, InvalidArgument for a signal that is none
   */
  async kill(container: Container, text: string, name: string): Promise<void> {
    const fail = (errorClass: 'Conflict' | 'InvalidArgument', why: string): never => {
      throw new WherryError(errorClass, `cannot kill container: ${name}: ${why}`);
    };
    let signal = SIGKILL;
    try {
      if (text !== '') signal = parseSignal(text);
    } catch (error) {
      fail('InvalidArgument', (error as Error).message);
    }
    if (signal > signal_max) fail('InvalidArgument', `the linux daemon does not support signal ${signal}`);
    if (!container.isRunning) fail('Conflict', `container ${container.id} is not running`);
    const { StopSignal } = container.record.config;
    // A signal that does not mean the end leaves the policy in force.
    if (StopSignal === '' || signal === SIGKILL || signal === parseSignal(StopSignal)) {
      container.changeState({ stopped_by_user: true });
      container.saveLater();
    }
    if (container.restart_timer !== null) this.#lifecycle.cancelRestart(container);
    else if (signal === SIGKILL) await this.#kill(container);
    else await this.#send(container, signal);
  }

  /** Ends it at once and waits until it has ended. */
  async #kill(container: Container): Promise<void> {
    const over = new AbortController();
    const ended = container.wait('not-running', over.signal).then(() => true);
    try {
      await this.#send(container, SIGKILL);
      if (await withinMs(ended, kill_wait_ms_max + kill_wait_again_ms)) return;
      throw new WherryError('Unknown', 'tried to kill container, but did not receive an exit event');
    } finally {
      over.abort();
    }
  }

  async #send(container: Container, signal: number): Promise<void> {
    try {
      await this.#context.space.tasks.kill(container.id, signal);
    } catch (error) {
      // It has just ended by itself; who waits for that will see it.
      if (!isClass(error, 'NotFound')) throw error;
    }
    container.publish('kill', { signal: String(signal) });
    const ends = signal === SIGKILL || signal === parseStopSignal(container.record.config.StopSignal);
    if (!container.paused || !ends) return;
    // What is frozen does not see the signal.
    await this.#context.space.tasks.resume(container.id).catch(() => {});
    container.paused = false;
  }

  /**
   * Stops a container that runs and starts it again.
   *
   * @throws WherryError Unknown with Docker's text around any cause
   */
  async restart(container: Container, options: StopOptions): Promise<void> {
    container.held = true;
    try {
      if (container.isRunning) await this.stop(container, options);
      await this.#lifecycle.start(container);
      container.publish('restart');
    } catch (cause) {
      if (isClass(cause, 'InvalidArgument') && cause.message.startsWith('invalid signal')) throw cause;
      throw new WherryError('Unknown', `Cannot restart container ${container.name}: ${fromUnknown(cause).message}`, {
        cause,
      });
    } finally {
      container.held = false;
    }
  }
}

function parseStopSignal(text: string): number {
  return text === '' ? SIGTERM : parseSignal(text);
}

async function withinMs(done: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
