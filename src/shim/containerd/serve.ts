import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Starter } from '../../guest/index.ts';
import { shared_shim_idle_ms, shim_linger_ms_max } from '../../limits/index.ts';
import { AT_FDCWD, close, O, openAt, removeGroupsAbove, tryLock } from '../../os/index.ts';
import { Task, TaskV2, TtrpcServer } from '../../wire/index.ts';
import { clearLeftGroups } from '../container-limits.ts';
import { Containers } from '../containers.ts';
import { TaskRecords } from '../task-record.ts';
import { Door, type Served } from './door.ts';
import { Publisher } from './publisher.ts';
import { ContainerdTasks } from './tasks.ts';

export interface ContainerdShimOptions {
  readonly served: Served;
  /** `<group>/<number>`, which is this shim's; what a shim that died left there goes. */
  readonly folder: string;
  readonly version: string;
  readonly starter: Starter;
  /** Our own binary. */
  readonly program: string;
}

const log_name = 'shim.log';

/**
 * Serves containers of a containerd that is not ours until there has been none for a while, or at once when the last of a
 * pod is gone. Settles when it serves. Whoever starts it holds the lock of its group.
 */
export async function serveContainerd(options: ContainerdShimOptions): Promise<void> {
  const { served, folder, version, starter, program } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder))
    if (name !== log_name) rmSync(join(folder, name), { recursive: true, force: true });
  const { namespace } = served;
  const containers = new Containers({ namespace, records: new TaskRecords(folder), starter, folder });
  const publisher = new Publisher(namespace);
  const address = join(folder, 'task.sock');
  const door = new Door({ served, address, tasks: () => tasks, events: (at) => (publisher.address = at) });
  const tasks = new ContainerdTasks({
    containers,
    containerd: served.containerd,
    namespace,
    publisher,
    version,
    program,
    arrived: (id) => door.arrived(id),
    shutdown() {
      if (served.pod !== '') idle_since = 0;
    },
  });
  const server = new TtrpcServer();
  server.register(Task, tasks.handlers, [Task.typeName, TaskV2.typeName]);
  await server.listen(address);
  await new Promise<void>((resolve, reject) => {
    door.server.once('error', reject);
    door.server.listen(join(folder, 'door.sock'), resolve);
  });
  clearLeftGroups();

  let idle_since = Date.now();
  setInterval(() => {
    if (tasks.size > 0 || door.reserved > 0) idle_since = Date.now();
    else if (Date.now() - idle_since < shared_shim_idle_ms) return;
    // Events of a containerd that does not come back are waited for, but not for ever.
    else if (publisher.idle || Date.now() - idle_since > shared_shim_idle_ms + shim_linger_ms_max) leave();
  }, 250);

  /** Nobody starts another in the same folder while it is taken away: both hold the lock of the group. */
  function leave(): void {
    const group = dirname(folder);
    const lock = openAt(AT_FDCWD, join(group, 'lock'), O.RDWR | O.CREAT, 0o600);
    if (!tryLock(lock)) return close(lock);
    door.close();
    starter.close();
    removeGroupsAbove();
    rmSync(folder, { recursive: true, force: true });
    if (readdirSync(group).every((name) => name === 'lock')) rmSync(group, { recursive: true, force: true });
    process.exit(0);
  }
}
