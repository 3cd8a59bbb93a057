import { join } from 'node:path';

import { DockerApi, dockerRoutes } from '../api/index.ts';
import { createCore } from '../core/index.ts';
import { createEngine } from '../engine/index.ts';
import { createLauncher } from '../shim/index.ts';
import { allowAll } from '../trust/index.ts';
import { openContainerdDoor } from './containerd-door.ts';
import { openEventsDoor } from './events-door.ts';
import { makeFolders } from './folders.ts';
import { listen, type Listening } from './listen.ts';
import type { Logger } from './log.ts';
import type { Settings } from './settings.ts';
import { version } from './version.ts';

/** Programs that the daemon starts, beside its own bundle. */
export interface Programs {
  readonly node: string;
  readonly shim: string;
  readonly guest: string;
  /** By which shims of an early generation publish their events: `wherry` itself. */
  readonly publish: string;
}

export interface Daemon {
  /** Where it is served. */
  readonly addresses: readonly string[];
  /** Milliseconds since 1970 of the last time somebody used it; now while something runs or is about to. */
  readonly last_used_ms: number;
  /** Takes no more requests and lets go of the store; containers go on. */
  stop(): Promise<void>;
}

/** How often what nothing refers to is collected. */
const collect_every_ms = 10 * 60 * 1000;

/** The one list of what is plugged into what. */
export async function startDaemon(settings: Settings, programs: Programs, log: Logger): Promise<Daemon> {
  makeFolders(settings.root, settings.state);
  const core = await createCore({
    root: settings.root,
    state: settings.state,
    gate: allowAll,
    launcher: createLauncher({
      ...programs,
      cache: join(settings.root, 'cache', 'code'),
      layers: ['layers', 'chains'].map((name) => join(settings.root, 'snapshots', name)),
      ...(settings.way === undefined ? {} : { way: settings.way }),
    }),
    log,
    warm: 'moby',
    version,
    publish_binary: programs.publish,
  });
  const hosts = settings.hosts.length > 0 ? settings.hosts : [`unix://${join(settings.state, 'docker.sock')}`];
  const containerd_socket = join(settings.state, 'containerd.sock');
  const engine = createEngine({
    core,
    log,
    settings: {
      version,
      root: settings.root,
      containerd_socket,
      debug: settings.debug,
      labels: settings.labels,
      insecure_registries: settings.insecure_registries,
      unencrypted_addresses: hosts.filter((host) => host.startsWith('tcp://')),
    },
    registries: { insecure: settings.insecure_registries, userAgent: `wherry/${version}` },
    log_config: { Type: settings.log_driver, Config: settings.log_options },
  });
  // Shims that have something to tell wait for it.
  const events = await openEventsDoor(`${containerd_socket}.ttrpc`, core.events);
  await engine.recover();

  const api = new DockerApi({
    version,
    routes: dockerRoutes(engine),
    onFault: (error) => log.error(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  });
  const listening: Listening[] = [];
  for (const host of hosts) listening.push(await listen(api.server(), host));
  const containerd = await openContainerdDoor(containerd_socket, core, log);
  const collecting = setInterval(
    () => void core.collect().catch((error: Error) => log.warn(`collection failed: ${error.message}`)),
    collect_every_ms,
  );
  collecting.unref();

  return {
    addresses: listening.map(({ name }) => name),
    get last_used_ms() {
      const runs =
        [...engine.containers.all].some(({ isRunning }) => isRunning) ||
        core.namespaces().some((name) => core.namespace(name).tasks.list().length > 0);
      return runs ? Date.now() : Math.max(api.last_used_ms, containerd.last_used_ms);
    },
    async stop() {
      clearInterval(collecting);
      await Promise.all([api.close(), containerd.close(), events.close()]);
      for (const each of listening) each.forget();
      await engine.close();
    },
  };
}
