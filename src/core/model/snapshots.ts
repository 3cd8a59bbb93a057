import type { Labels } from './basics.ts';

/** A layer ready to be read in place: its tar and index under the diffID. Derived from its blob and rebuilt from it. */
export interface Layers {
  has(diff_id: string): boolean;
  /**
   * Makes the layer from `blob` (plain tar, gzip, zstd, or a bare module), or from a stream while it is ingested.
   * The diffID is what the uncompressed bytes hash to; DataLoss when `expected` says otherwise.
   */
  fromBlob(
    digest: string,
    media_type: string,
    expected: string | null,
    onProgress?: (bytes: number) => void,
  ): Promise<{ readonly diff_id: string; readonly size: number }>;
  /** The chain of these layers (base first): makes the merged index when it is missing; gives the chainID. */
  chain(diff_ids: readonly string[]): Promise<string>;
  /** Bytes of the tar of a layer that is there. */
  size(diff_id: string): number;
}

/** What a shim needs to put a root filesystem together: containerd's mount. */
export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target?: string;
  readonly options: readonly string[];
}

export interface Snapshot {
  readonly key: string;
  readonly kind: 'committed' | 'active' | 'view';
  /** The committed snapshot it lies on, or the chainID for one on layers; '' for one on nothing. */
  readonly parent: string;
  readonly labels: Labels;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface SnapshotsTx {
  get(key: string): Snapshot;
  list(): readonly Snapshot[];
  /** A writable snapshot over the chain `parent` (its diffIDs are kept with it). Its directory is made when it is first mounted. */
  prepare(key: string, parent: string, diff_ids: readonly string[], labels?: Labels): Snapshot;
  view(key: string, parent: string, diff_ids: readonly string[], labels?: Labels): Snapshot;
  remove(key: string): void;
}

/** The snapshotters there are. Keys are each one's own, in each namespace. */
export const snapshotterNames = ['wherry', 'overlayfs'] as const;

export type SnapshotterName = (typeof snapshotterNames)[number];

export interface SnapshotOptions {
  readonly labels?: Labels;
  /** The lease that the snapshot becomes a resource of. */
  readonly lease?: string;
}

export interface SnapshotUsage {
  /** Bytes of disk: blocks that are allocated, a file with several names counted once. */
  readonly size: number;
  readonly inodes: number;
}

/**
 * containerd's Snapshotter. Errors have its classes and texts. What is written to the mounts of an active snapshot is
 * the content of the snapshot that it is committed as; layers that are applied to one prepared under a key that begins
 * with `extract-` become that without being unpacked.
 */
export interface Snapshotter {
  readonly name: SnapshotterName;
  /**
   * A writable snapshot on the committed `parent`, or on nothing when that is ''. Gives its mounts: those of the kernel
   * when the daemon is root, else none.
   */
  prepare(key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  /** As `prepare`, for reading only. */
  view(key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  mounts(key: string): Promise<readonly Mount[]>;
  /** Makes the active snapshot `key` the committed `name`. `parent` is for one that was prepared on nothing. */
  commit(name: string, key: string, options?: SnapshotOptions & { readonly parent?: string }): Promise<void>;
  /**
   * Makes the committed snapshots of a chain of layers, base first, as they are when a client has unpacked them one
   * after another; those that are there stay. Gives the name of the topmost, the chainID.
   */
  adopt(diff_ids: readonly string[], options?: Pick<SnapshotOptions, 'lease'>): Promise<string>;
  /** FailedPrecondition while others lie on it. */
  remove(key: string, options?: Pick<SnapshotOptions, 'lease'>): Promise<void>;
  stat(key: string): Promise<Snapshot>;
  /** Replaces all labels, or those that `paths` (`labels`, `labels.<name>`) name; an empty value removes one. */
  update(key: string, labels: Labels, paths: readonly string[]): Promise<Snapshot>;
  /** All of them, in the order of their keys. */
  list(): Promise<readonly Snapshot[]>;
  usage(key: string): Promise<SnapshotUsage>;
  /** Removes directories that no snapshot has any more. */
  cleanup(): Promise<void>;
}
