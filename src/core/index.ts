/** Core: what containerd is, as one library over one directory. */
export { createCore } from './core.ts';
export type { CoreOptions } from './core.ts';
export { digester } from './digester.ts';
export { peek } from './images/body.ts';
export { exportArchive } from './images/export.ts';
export type { ExportedImage } from './images/export.ts';
export { fetchBlob } from './images/fetch-blob.ts';
export type { ImageDestination, ImageReference, Unpack } from './images/image-destination.ts';
export { importArchive } from './images/import.ts';
export { pull } from './images/pull.ts';
export { push, pushTree } from './images/push.ts';
export type { PushListener } from './images/push.ts';
export { registryClientFor } from './images/registry-access.ts';
export type { ImageScope } from './images/scope.ts';
export { tag } from './images/tag.ts';
export type { TransferProgress, TransferReport } from './images/tree-progress.ts';
export { withLease } from './images/lease.ts';
export { prepareLayers } from './images/prepare-layers.ts';
export { referenceLabels, sourceLabel } from './images/references.ts';
export { fetchFromRegistry } from './images/registry-http.ts';
export { spoolArchive } from './images/spool.ts';
export type { SpooledArchive } from './images/spool.ts';
export { addLabels, commitBlob, openBlob, plainTarget, storeDocument } from './images/store-content.ts';
export type { Log } from './log.ts';
export { lease_until_restart } from './model.ts';
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
