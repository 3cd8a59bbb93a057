import type { Core, Log } from '../core/index.ts';
import type { LogConfig } from './containers/config.ts';
import { withLogDefaults } from './containers/logs/log-config.ts';
import type { Container } from './containers/container.ts';
import { Containers } from './containers/containers.ts';
import { EngineEvents } from './events.ts';
import type { RegistrySettings } from './images/context.ts';
import { Images } from './images/images.ts';
import { Namespaces } from './namespaces.ts';
import { Networks } from './networks.ts';
import { System, type SystemSettings } from './system.ts';
import { Volumes } from './volumes.ts';
import { networkOf } from './containers/surroundings.ts';

/** What dockerd is. */
export interface Engine {
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly namespaces: Namespaces;
  readonly system: System;
  readonly events: EngineEvents;
  /** Once, before serving: opens for business on what is there, whatever became of it since. */
  recover(): Promise<void>;
  /** Leaves containers running. */
  close(): Promise<void>;
}

export interface EngineOptions {
  readonly core: Core;
  readonly log: Log;
  readonly settings: SystemSettings;
  readonly registries: RegistrySettings;
  /** How logs are kept where a client says nothing. */
  readonly log_config: LogConfig;
}

/** containerd's namespace that Docker's objects live in. */
const namespace = 'moby';

export function createEngine({ core, log, settings, registries, ...given }: EngineOptions): Engine {
  const log_config = withLogDefaults(given.log_config);
  const space = core.namespace(namespace);
  const events = new EngineEvents();
  const publish = events.publish.bind(events);
  const all = (): readonly Container[] => containers.all;
  const images = new Images({
    core,
    space,
    registries,
    publish,
    users: () => all().map(({ id, isRunning, record }) => ({ id, image: record.image_id, running: isRunning })),
  });
  const volumes = new Volumes({ core, publish, users: () => containers.users() });
  const networks = new Networks({
    root: core.root,
    users: () =>
      all().map((container) => {
        const { id, name, isRunning, ports } = container;
        return { id, name, network: networkOf(container), running: isRunning, ports };
      }),
  });
  const containers: Containers = new Containers({ core, space, images, volumes, networks, events, log, log_config });
  const system = new System({
    ...settings,
    containers: () => {
      const paused = all().filter((container) => container.paused).length;
      const running = all().filter(({ isRunning }) => isRunning).length - paused;
      return { running, paused, stopped: all().length - running - paused };
    },
    images: () => images.count,
    listeners: () => events.listeners,
  });
  return {
    containers,
    images,
    volumes,
    networks,
    namespaces: new Namespaces({ core, registries }),
    system,
    events,
    recover: async () => {
      await volumes.recover();
      await core.recover();
      await containers.recover();
    },
    close: async () => {
      await containers.close();
      await core.close();
    },
  };
}
