import type { Engine } from '../../../engine/index.ts';
import type { Route } from '../route.ts';
import { containerStreamRoutes } from './container-streams.ts';
import { containerRoutes } from './containers.ts';
import { eventRoutes } from './events.ts';
import { execRoutes } from './exec.ts';
import { imageRoutes } from './images.ts';
import { namespaceRoutes } from './namespaces.ts';
import { networkRoutes } from './networks.ts';
import { pluginRoutes } from './plugins.ts';
import { statsRoutes } from './stats.ts';
import { swarmRoutes } from './swarm.ts';
import { systemRoutes } from './system.ts';
import { unimplementedRoutes } from './unimplemented.ts';
import { volumeRoutes } from './volumes.ts';

/** Every operation of Docker's API. */
export function dockerRoutes(engine: Engine): readonly Route[] {
  return [
    ...containerRoutes(engine),
    ...containerStreamRoutes(engine),
    ...statsRoutes(engine),
    ...execRoutes(engine),
    ...eventRoutes(engine.events),
    ...imageRoutes(engine.images),
    ...volumeRoutes(engine.volumes),
    ...networkRoutes(engine.networks),
    ...namespaceRoutes(engine.namespaces),
    ...systemRoutes(engine.system, engine.images),
    ...swarmRoutes,
    ...pluginRoutes,
    ...unimplementedRoutes,
  ];
}
