import type { Engine } from '../../../engine/index.ts';
import type { Route } from '../route.ts';
import { imageRoutes } from './images.ts';
import { networkRoutes } from './networks.ts';
import { pluginRoutes } from './plugins.ts';
import { swarmRoutes } from './swarm.ts';
import { systemRoutes } from './system.ts';
import { unimplementedRoutes } from './unimplemented.ts';
import { volumeRoutes } from './volumes.ts';

/** Every operation of Docker's API over an engine. */
export function dockerRoutes(engine: Engine): readonly Route[] {
  return [
    ...imageRoutes(engine.images),
    ...volumeRoutes(engine.volumes),
    ...networkRoutes(engine.networks),
    ...systemRoutes(engine.system, engine.images),
    ...pluginRoutes,
    ...swarmRoutes,
    ...unimplementedRoutes,
  ];
}
