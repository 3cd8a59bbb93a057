/** Protocols: each parses, calls one method of engine or core, and prints. */
import type { createContainerdApi } from './containerd/server.ts';

export { eventsForwardService } from './containerd/services/events-forward.ts';
export { dockerRoutes } from './docker/routes/index.ts';
export { DockerApi } from './docker/server.ts';
export type { DockerApiOptions } from './docker/server.ts';

/** Loads containerd's services: only when the first client comes, for most daemons never have one. */
export async function loadContainerdApi(): Promise<{ readonly createContainerdApi: typeof createContainerdApi }> {
  return await import('./containerd/server.ts');
}
