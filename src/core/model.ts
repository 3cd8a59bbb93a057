/**
 * What containerd is, as types: the contract between core and whoever stands on it (engine, api). Namespaced objects
 * are reached through `Core.namespace(name)`; Docker's namespace is `moby`.
 */
export type * from './model/activations.ts';
export type * from './model/basics.ts';
export type * from './model/containers.ts';
export type * from './model/content.ts';
export type * from './model/core.ts';
export type * from './model/diff.ts';
export type * from './model/events.ts';
export type * from './model/gate.ts';
export type * from './model/images.ts';
export type * from './model/leases.ts';
export type * from './model/namespaces.ts';
export type * from './model/sandboxes.ts';
export type * from './model/sandbox-controller.ts';
export type * from './model/snapshots.ts';
export type * from './model/tasks.ts';
export type * from './model/transaction.ts';
export { default_snapshotter } from './model/containers.ts';
export { lease_until_restart } from './model/leases.ts';
export { snapshotterNames } from './model/snapshots.ts';
