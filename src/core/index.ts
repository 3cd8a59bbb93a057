/** Core: what containerd is, as one library over one directory. */
export { createCore } from './core.ts';
export type { CoreOptions } from './core.ts';
export type { Log } from './log.ts';
export { lease_until_restart } from './model.ts';
export type * from './model.ts';
export type {
  GuestWalls,
  HandoffRequest,
  PortRequest,
  PublishedPort,
  ShimBootstrap,
  ShimLauncher,
  ShimTaskRecord,
} from './shim-contract.ts';
