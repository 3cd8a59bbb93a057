import type { TaskExit } from '../../core/index.ts';
import { fromUnknown, WherryError } from '../../errors/index.ts';
import { restart_settled_ms, restart_wait_ms_max, restart_wait_ms_min } from '../../limits/index.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import type { Removal } from './remove.ts';
import type { Execs } from './exec/execs.ts';
import { restartsAfterExit } from './restart-policy.ts';
import { startTask } from './start.ts';
import { publishLeft } from './surroundings.ts';

/** Starting and ending, with what follows from them: restarts by policy, removal of what removes itself. */
export class Lifecycle {
  readonly #context: ContainersContext;
  readonly #removal: Removal;
  readonly #execs: Execs;
  #closed = false;

  constructor(context: ContainersContext, removal: Removal, execs: Execs) {
    this.#context = context;
    this.#execs = execs;
    this.#removal = removal;
  }

  /**
   * Starts a container for a user.
   *
   * @throws WherryError NotModified when it runs, Conflict when it is about to go, else what the start says
   */
  start(container: Container): Promise<void> {
    return container.turns.take(async () => {
      if (container.paused) throw new WherryError('Conflict', 'cannot start a paused container, try unpause instead');
      if (container.isRunning) throw new WherryError('NotModified', 'container is already running');
      if (container.removing || container.removed || container.state.dead) {
        throw new WherryError('Conflict', 'container is marked for removal and cannot be started');
      }
      container.restart_wait_ms = 0;
      container.changeState({ stopped_by_user: false, restart_count: 0 });
      await this.#start(container);
    });
  }

  async #start(container: Container): Promise<void> {
    try {
      await startTask(container, this.#context);
    } catch (error) {
      container.waiters.settle(['not-running'], { exit_code: container.state.exit_code });
      if (container.record.host_config.AutoRemove && !container.held) await this.#removal.inTurn(container, true);
      else await container.save();
      throw error;
    }
  }

  /** What an exit brings about. */
  ended(exit: TaskExit, container: Container): Promise<void> {
    return container.turns.take(async () => {
      if (container.process !== 'running' || container.removed) return;
      const { state, record } = container;
      container.process = 'none';
      container.takes_clients = false;
      container.paused = false;
      container.pid = 0;
      container.ports = [];
      container.walls = null;
      const run_ms = Math.max(0, exit.exited_at.getTime() - Date.parse(state.started_at));
      container.changeState({
        exit_code: exit.exit_status,
        finished_at: exit.exited_at.toISOString(),
        oom: exit.oom,
        error: '',
        walls: exit.walls ?? null,
      });
      this.#execs.containerEnded(container);
      if (exit.oom) container.publish('oom');
      publishLeft(container, this.#context);
      container.publish('die', {
        exitCode: String(exit.exit_status),
        execDuration: String(Math.floor(run_ms / 1000)),
      });
      const { restart_count, stopped_by_user } = container.state;
      const policy = record.host_config.RestartPolicy;
      const again =
        !container.held &&
        !container.removing &&
        restartsAfterExit(policy, { exit_code: exit.exit_status, stopped_by_user, restart_count });
      if (again) {
        container.restart_wait_ms = nextWait(container.restart_wait_ms, run_ms);
        container.changeState({ restart_count: restart_count + 1 });
        this.#restartLater(container);
      }
      container.waiters.settle(['not-running', 'next-exit'], { exit_code: exit.exit_status });
      await this.#settle(container, again);
    });
  }

  /** The end is written down before the shim forgets it. */
  async #settle(container: Container, again: boolean): Promise<void> {
    const { tasks } = this.#context.space;
    const goes = container.record.host_config.AutoRemove && !again && !container.held;
    if (!goes) await container.save();
    // What was asked of the shim is done even if this process dies now, so nothing is left of either.
    const deleted = tasks.delete(container.id);
    const removed = goes && !container.removing ? this.#removal.byItself(container) : null;
    await Promise.all([deleted, removed]);
  }

  #restartLater(container: Container): void {
    if (this.#closed) return;
    container.restart_timer = setTimeout(() => {
      void container.turns.take(async () => {
        if (container.restart_timer === null) return;
        container.restart_timer = null;
        if (container.removing || container.removed) return;
        container.restarting = true;
        try {
          await this.#start(container);
        } catch (error) {
          this.#context.log.error(`cannot restart container ${container.id}: ${fromUnknown(error).message}`);
        } finally {
          container.restarting = false;
        }
      });
    }, container.restart_wait_ms);
  }

  /** A container that waits to be started again by its policy is not. */
  cancelRestart(container: Container): void {
    if (container.restart_timer === null) return;
    clearTimeout(container.restart_timer);
    container.restart_timer = null;
    container.waiters.settle(['not-running', 'next-exit'], { exit_code: container.state.exit_code });
  }

  /** No policy starts anything any more; settles when what was begun is done. */
  async close(containers: Iterable<Container>): Promise<void> {
    this.#closed = true;
    for (const container of containers) {
      if (container.restart_timer !== null) clearTimeout(container.restart_timer);
      await container.idle();
    }
  }
}

function nextWait(last_ms: number, run_ms: number): number {
  if (last_ms === 0 || run_ms >= restart_settled_ms) return restart_wait_ms_min;
  return Math.min(last_ms * 2, restart_wait_ms_max);
}
