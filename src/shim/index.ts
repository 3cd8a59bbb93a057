export { createLauncher } from './launch.ts';
export type { LauncherOptions } from './launch.ts';
export type { HandoffRequest, GuestWalls, ShimBootstrap, ShimLauncher, ShimTaskRecord } from './contract.ts';
export { parseDetachKeys } from './detach-keys.ts';
