/** Core: what containerd is, as one library over one directory. */
export { createCore } from './core.ts';
export type { CoreOptions } from './core.ts';
export type { Log } from './log.ts';
export { default_snapshotter, lease_until_restart } from './model.ts';
export type * from './model.ts';
export { fieldOfMap, parseFilters } from './filters/filter.ts';
export type { Fields, Filter } from './filters/filter.ts';
export { digestFault } from './digest-fault.ts';
export type {
  GuestWalls,
  HandoffRequest,
  PortRequest,
  PublishedPort,
  ShimBootstrap,
  ShimLauncher,
  ShimTaskRecord,
} from './shim-contract.ts';
