/** Protocols: each parses, calls one method of engine or core, and prints. */
export { dockerRoutes } from './docker/routes/index.ts';
export { DockerApi } from './docker/server.ts';
export type { DockerApiOptions } from './docker/server.ts';
