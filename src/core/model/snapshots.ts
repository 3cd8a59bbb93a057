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
  /** The chainID for a snapshot on layers, '' for one on nothing. */
  readonly parent: string;
  readonly labels: Labels;
  readonly created_at: Date;
}

export interface SnapshotsTx {
  get(key: string): Snapshot;
  list(): readonly Snapshot[];
  /** A writable snapshot over the chain `parent` (its diffIDs are kept with it). Its directory is made when it is first mounted. */
  prepare(key: string, parent: string, diff_ids: readonly string[], labels?: Labels): Snapshot;
  view(key: string, parent: string, diff_ids: readonly string[], labels?: Labels): Snapshot;
  remove(key: string): void;
}
