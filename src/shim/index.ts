export { clients_metadata } from './contract.ts';
export { createLauncher } from './launch.ts';
export type { LauncherOptions } from './launch.ts';
export type {
  GuestWalls,
  HandoffRequest,
  ShimBootstrap,
  ShimExecRecord,
  ShimLauncher,
  ShimTaskRecord,
} from './contract.ts';
export type { PortRequest, PublishedPort } from './ports.ts';
export { parseDetachKeys } from './detach-keys.ts';
