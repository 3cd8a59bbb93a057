import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { fromUnknown, isClass } from '../../errors/index.ts';
import { shim_call_ms_max, shim_recover_ms_max } from '../../limits/index.ts';
import { signalProcess } from '../../os/index.ts';
import type { Log } from '../log.ts';
import type { Paths } from '../paths.ts';
import type { Tables } from '../store/tables.ts';
import { lostExit, recordedExit } from './entry.ts';
import { isAlive, Shim } from './shim.ts';
import { readBootstrap, readTaskRecord, recordedTasks, removeTaskRecord } from './task-records.ts';
import type { TaskStore } from './task-store.ts';

export interface RecoverOptions {
  readonly paths: Paths;
  readonly tables: Tables;
  readonly tasks: TaskStore;
  readonly log: Log;
}

const SIGKILL = 9;
const timeout = { timeout_ms: shim_call_ms_max };

/**
 * Finds the shims of a daemon that is gone. Those that live are taken up with their tasks; of those that do not, the
 * exits they recorded are told, and the others are lost. Tasks without a container are ended.
 */
export async function recoverShims(options: RecoverOptions): Promise<void> {
  const { paths } = options;
  await Promise.all(
    readdirSync(paths.shims).map(async (name) => {
      try {
        await recoverShim(options, name);
      } catch (error) {
        options.log.error(`cannot take up shim ${name}: ${fromUnknown(error).message}`);
      }
    }),
  );
}

async function recoverShim(options: RecoverOptions, name: string): Promise<void> {
  const { paths, tables, tasks, log } = options;
  const folder = join(paths.shims, name);
  const bootstrap = readBootstrap(folder);
  // Without its bootstrap it never served anybody; one that is still starting finds its folder gone and ends.
  if (bootstrap === null) {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const shim = await connect(options, folder);
  const { namespace } = bootstrap;
  const recorded = recordedTasks(folder);
  const owned = recorded.filter((container) => tables.containers.has(namespace, container));
  const orphans = recorded.filter((container) => !owned.includes(container));
  if (!shim.isGone) {
    tasks.pool.adopt(shim, recorded.length);
    await Promise.all(owned.map((container) => adopt(tasks, shim, container)));
    // Nobody can ask for these any more, so nobody waits for their end.
    for (const container of orphans) void endOrphan(shim, container, log).finally(() => tasks.pool.release(shim));
    return;
  }
  for (const container of orphans) removeTaskRecord(folder, container);
  if (owned.length === 0) rmSync(folder, { recursive: true, force: true });
  for (const container of owned) {
    const record = readTaskRecord(folder, container);
    tasks.adopt(shim, container, record?.pid ?? 0, recordedExit(container, record) ?? lostExit(container));
  }
}

async function connect({ tasks, log }: RecoverOptions, folder: string): Promise<Shim> {
  const bootstrap = readBootstrap(folder)!;
  if (!isAlive(bootstrap)) return Shim.dead(bootstrap, folder, tasks.watcher, log);
  try {
    return await Shim.connect(bootstrap, folder, tasks.watcher, log);
  } catch (error) {
    // It lives, but nobody can reach it or stop what it runs.
    log.error(
      `shim ${bootstrap.id} (pid ${bootstrap.pid}) does not answer and is ended: ${fromUnknown(error).message}`,
    );
    if (isAlive(bootstrap)) signalProcess(bootstrap.pid, SIGKILL);
    return Shim.dead(bootstrap, folder, tasks.watcher, log);
  }
}

async function adopt(tasks: TaskStore, shim: Shim, container: string): Promise<void> {
  const record = readTaskRecord(shim.folder, container);
  const ended = recordedExit(container, record);
  let pid = record?.pid ?? 0;
  let known = true;
  try {
    pid = (await shim.task.state({ id: container }, { timeout_ms: shim_recover_ms_max })).pid;
  } catch (error) {
    // NotFound: the shim has deleted it, and the daemon died before it heard. Otherwise the shim may be dying just
    // now, and who watches it will tell.
    known = !isClass(error, 'NotFound');
  }
  tasks.adopt(shim, container, pid, ended ?? (known ? null : lostExit(container)));
}

async function endOrphan(shim: Shim, container: string, log: Log): Promise<void> {
  try {
    await shim.task.kill({ id: container, signal: SIGKILL }, timeout).catch(() => {});
    const { status } = await shim.task.state({ id: container }, timeout);
    // 1 is created: it never ran, and there is no exit to wait for.
    if (status !== 1) await shim.task.wait({ id: container }, timeout);
    await shim.task.delete({ id: container }, timeout);
  } catch (error) {
    if (!isClass(error, 'NotFound'))
      log.error(`cannot end the task of deleted container ${container}: ${fromUnknown(error).message}`);
  }
}
