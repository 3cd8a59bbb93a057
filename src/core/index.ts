/** Core: what containerd is, as one library over one directory. */
export { createCore } from './core.ts';
export type { CoreOptions } from './core.ts';
export { digester } from './digester.ts';
export { peek } from './images/body.ts';
export { fetchBlob } from './images/fetch-blob.ts';
export { withLease } from './images/lease.ts';
export { prepareLayers } from './images/prepare-layers.ts';
export { referenceLabels, sourceLabel } from './images/references.ts';
export { fetchFromRegistry } from './images/registry-http.ts';
export { spoolArchive } from './images/spool.ts';
export type { SpooledArchive } from './images/spool.ts';
export { commitBlob, openBlob, plainTarget, storeDocument } from './images/store-content.ts';
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
