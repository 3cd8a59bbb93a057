/**
 * How core comes by shims. It knows them by containerd's Task service and, for our own, by their folder `shims/<id>/`,
 * whose contract stands where it is kept: in the shim.
 */
export { clients_metadata } from '../shim/index.ts';
export type {
  GuestWalls,
  HandoffRequest,
  PortRequest,
  PublishedPort,
  ShimBootstrap,
  ShimLauncher,
  ShimTaskRecord,
} from '../shim/index.ts';
