import { fromUnknown, isClass } from '../../../errors/index.ts';
import { shim_call_ms_max } from '../../../limits/index.ts';
import type { Log } from '../../log.ts';
import type { Tables } from '../../store/tables.ts';
import type { TaskStore } from '../task-store.ts';
import type { ForeignShim } from './foreign-shim.ts';

export interface RecoverForeignOptions {
  readonly tables: Tables;
  readonly tasks: TaskStore;
  readonly log: Log;
}

const SIGKILL = 9;
const timeout = { timeout_ms: shim_call_ms_max };

/**
 * Finds the shims that are not ours of a daemon that is gone, by their bundles. Those that live are asked for their
 * tasks; after those that do not their programs clear up. Tasks without a container are ended.
 */
export async function recoverForeignShims(options: RecoverForeignOptions): Promise<void> {
  const { foreign } = options.tasks;
  await Promise.all(
    foreign.bundles().map(async (bundle) => {
      try {
        await recover(options, await foreign.load(bundle), bundle.id);
      } catch (error) {
        options.log.error(`cannot take up the task of ${bundle.namespace}/${bundle.id}: ${fromUnknown(error).message}`);
      }
    }),
  );
}

async function recover({ tables, tasks, log }: RecoverForeignOptions, shim: ForeignShim, id: string): Promise<void> {
  const owned = tables.containers.has(shim.namespace, id);
  if (shim.isGone) {
    if (owned) tasks.adopt(shim, id, 0, null);
    await shim.afterDeath();
    return;
  }
  const pid = await pidOf(shim, id);
  // It has no such task: it was never made, or is deleted.
  if (pid === null) await shim.forget();
  else if (owned) tasks.adopt(shim, id, pid, null);
  // Nobody can ask for it any more, so nobody waits for its end.
  else void endOrphan(shim, id, log);
}

async function pidOf(shim: ForeignShim, id: string): Promise<number | null> {
  try {
    return (await shim.task.state({ id }, timeout)).pid;
  } catch (error) {
    if (isClass(error, 'NotFound')) return null;
    throw error;
  }
}

async function endOrphan(shim: ForeignShim, id: string, log: Log): Promise<void> {
  try {
    await shim.task.kill({ id, signal: SIGKILL, all: true }, timeout).catch(() => {});
    await shim.task.wait({ id }, timeout);
    await shim.task.delete({ id }, timeout).catch((error: unknown) => {
      if (!isClass(error, 'NotFound')) throw error;
    });
    await shim.forget();
  } catch (error) {
    log.error(`cannot end the task of deleted container ${shim.name}: ${fromUnknown(error).message}`);
  }
}
