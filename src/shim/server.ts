import { create } from '@bufbuild/protobuf';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Starter } from '../guest/index.ts';
import { shim_idle_ms, shim_linger_ms_max } from '../limits/index.ts';
import { startTime } from '../os/index.ts';
import { Shim, shim, Task, TaskV2, TtrpcServer } from '../wire/index.ts';
import { openClients } from './attached-client.ts';
import { clearLeftGroups } from './container-limits.ts';
import { Containers } from './containers.ts';
import type { ShimBootstrap } from './contract.ts';
import { createHandoffServer } from './handoff.ts';
import { Relays, relayService } from './relays.ts';
import { TaskRecords } from './task-record.ts';
import { taskService } from './task-service.ts';

export interface ShimOptions {
  readonly id: string;
  readonly namespace: string;
  /** `shims/<id>/`, which is this shim's. */
  readonly folder: string;
  readonly version: string;
  readonly starter: Starter;
  /** Why guests are started the way they are. */
  readonly why: string;
}

/** Serves a shim from its folder until it is told to leave, or has neither a task nor a daemon for a while. */
export async function serveShim(options: ShimOptions): Promise<ShimBootstrap> {
  const { id, folder, version, namespace, starter } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const containers = new Containers({ namespace, records: new TaskRecords(folder), starter, folder });
  const relays = new Relays(namespace);
  const server = new TtrpcServer();
  const tasks = taskService(containers, { version, shutdown: leaveIfIdle });
  server.register(Task, tasks, [Task.typeName, TaskV2.typeName]);
  server.register(shim.Relay, relayService(relays));
  server.register(Shim, {
    async info() {
      const { zygote_pid, starts, watch_acted, standby_pids } = starter.figures;
      return create(shim.InfoResponseSchema, {
        version,
        pid: process.pid,
        containers: [...containers.ids()],
        way: starter.way,
        why: options.why,
        zygotePid: zygote_pid,
        starts: BigInt(starts),
        watchActed: watch_acted,
        standbyPids: [...standby_pids],
        walls: Object.fromEntries(
          containers
            .walls()
            .map(([container, { raised, missing }]) => [
              container,
              create(shim.WallsSchema, { raised: [...raised], missing: [...missing] }),
            ]),
        ),
      });
    },
    async shutdown({ now }) {
      leaveIfIdle(now);
      return create(shim.ShutdownResponseSchema);
    },
  });

  const bootstrap: ShimBootstrap = {
    id,
    namespace,
    pid: process.pid,
    start_time: String(startTime(process.pid)),
    version,
    address: join(folder, 'task.sock'),
    handoff: join(folder, 'handoff.sock'),
  };
  const handoff = createHandoffServer(containers, relays);
  await server.listen(bootstrap.address);
  await new Promise<void>((resolve, reject) => {
    handoff.once('error', reject);
    handoff.listen(bootstrap.handoff, resolve);
  });
  const path = join(folder, 'bootstrap.json');
  writeFileSync(`${path}.new`, JSON.stringify(bootstrap), { mode: 0o600 });
  renameSync(`${path}.new`, path);

  let leaving = false;
  let idle_since = Date.now();
  setInterval(() => {
    if (held() > 0 || server.connections > 0 || openClients() > 0) idle_since = Date.now();
    else if (Date.now() - idle_since > shim_idle_ms) leave();
  }, 1000);
  clearLeftGroups();
  return bootstrap;

  function held(): number {
    return containers.size + relays.size;
  }

  function leaveIfIdle(now: boolean): void {
    if (now || held() === 0) leave();
  }

  /** Once: the answer of a shutdown goes out, and clients of containers that are deleted get the rest of their output. */
  function leave(): void {
    if (leaving) return;
    leaving = true;
    setTimeout(() => {
      starter.close();
      handoff.close();
      rmSync(folder, { recursive: true, force: true });
      const give_up_at = Date.now() + shim_linger_ms_max;
      const end = (): void => {
        if (held() > 0 || openClients() === 0 || Date.now() > give_up_at) process.exit(0);
      };
      end();
      setInterval(end, 20);
    }, 20);
  }
}
