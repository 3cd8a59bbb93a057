/** Protocols: each parses, calls one method of engine or core, and prints. */
export { DockerApi } from './docker/server.ts';
export type { DockerApiOptions } from './docker/server.ts';
export type { Route } from './docker/route.ts';
