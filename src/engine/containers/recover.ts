import type { TaskExit, TaskState } from '../../core/index.ts';
import { fromUnknown } from '../../errors/index.ts';
import { startTime } from '../../os/index.ts';
import { bootTime } from './boot-time.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import { publishedPorts } from './ports/published-ports.ts';
import type { Registry } from './registry.ts';
import type { Removal } from './remove.ts';
import { restartsAtBoot } from './restart-policy.ts';

/**
 * Takes up the containers that shims have kept. `exits` are those that core found, and those that come in meanwhile:
 * until a container is taken up nobody else would hear of its end.
 */
export async function adoptContainers(
  context: ContainersContext,
  registry: Registry,
  exits: readonly TaskExit[],
): Promise<void> {
  const { tasks } = context.space;
  const boot_ms = bootTime();
  for (const { container: id, pid } of tasks.list()) {
    const container = registry.get(id);
    // A container that came in by containerd's door is not Docker's to watch.
    if (container === null) continue;
    const exit = exits.find((each) => each.container === id);
    const known = exit !== undefined && exit.exited_at.toISOString() === container.state.finished_at;
    const status = exit === undefined ? await statusOf(context, id) : null;
    const begun = status !== 'created';
    if (known || !begun) {
      await tasks
        .delete(id)
        .catch((error: Error) => context.log.warn(`cannot delete the task of ${id}: ${error.message}`));
      continue;
    }
    container.ports = publishedPorts(container, tasks);
    adopt(container, pid, boot_ms);
    container.paused = status === 'paused';
  }
}

/** Gives containers that ended without a daemon their exit, and obeys the policies of those that do not run. */
export async function settleContainers(
  context: ContainersContext,
  parts: { registry: Registry; lifecycle: Lifecycle; removal: Removal; exits: readonly TaskExit[] },
): Promise<void> {
  const { registry, lifecycle, removal, exits } = parts;
  await Promise.all(
    exits.map(async (exit) => {
      const container = registry.get(exit.container);
      if (container !== null) await lifecycle.ended(exit, container);
    }),
  );
  for (const container of registry.all) {
    if (container.isRunning) continue;
    try {
      await settle(container, lifecycle, removal);
    } catch (error) {
      context.log.error(`container ${container.id} at start of the daemon: ${fromUnknown(error).message}`);
    }
  }
}

/** A task that was made but not started is nobody's any more. Null when its shim does not say. */
async function statusOf({ space, log }: ContainersContext, id: string): Promise<TaskState['status'] | null> {
  try {
    return (await space.tasks.state(id)).status;
  } catch (error) {
    // Its shim is about to be found gone; the exit that comes then is the truth.
    log.warn(`cannot ask for the state of container ${id}: ${fromUnknown(error).message}`);
    return null;
  }
}

function adopt(container: Container, pid: number, boot_ms: number): void {
  container.process = 'running';
  container.takes_clients = true;
  container.pid = pid;
  const { started_at, finished_at } = container.state;
  // The last daemon may have died before it wrote down that it started this.
  if (started_at !== '' && started_at > finished_at) return;
  const ticks = startTime(pid);
  const started_ms = ticks === null ? Date.now() : boot_ms + Number(ticks) * 10;
  container.changeState({
    started_at: new Date(started_ms).toISOString(),
    error: '',
    exit_code: 0,
    stopped_by_user: false,
  });
  container.saveLater();
}

async function settle(container: Container, lifecycle: Lifecycle, removal: Removal): Promise<void> {
  const { state, record } = container;
  const { AutoRemove, RestartPolicy } = record.host_config;
  if (AutoRemove || record.unfinished) {
    await container.turns.take(() => removal.inTurn(container, true));
  } else if (state.started_at !== '' && restartsAtBoot(RestartPolicy, state)) {
    await lifecycle.start(container);
  }
}
