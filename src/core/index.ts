/** Core: the content store, images, snapshots, containers and tasks of containerd, as one library over one directory. */
export type * from './model.ts';
export type * from './shim-contract.ts';
