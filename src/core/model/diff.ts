import type { Descriptor } from '../../oci/index.ts';
import type { Labels } from './basics.ts';
import type { Mount } from './snapshots.ts';

export interface ApplyOptions {
  /** Whether it has to be durable before it is answered. */
  readonly sync?: boolean;
}

export interface DiffOptions {
  /** '' is a gzipped OCI layer. */
  readonly media_type?: string;
  /** The ingest it is written under; one of its own when left out. */
  readonly ref?: string;
  readonly labels?: Labels;
  /** No file gets a later time than this; seconds since the epoch. */
  readonly time_max_s?: number | null;
  readonly lease?: string;
}

/** containerd's differ: layers to mounts, and mounts to layers. */
export interface Differ {
  /**
   * Applies a layer of the content store to `mounts`. Those of a snapshot that is only there to be applied to (see
   * `Snapshotter`) are not mounted: the layer is made readable in place. Others are, which needs root.
   * Gives the descriptor of the uncompressed layer.
   */
  apply(layer: Descriptor, mounts: readonly Mount[], options?: ApplyOptions): Promise<Descriptor>;
  /** Writes what `right` has otherwise than `left` into the content store as a layer. Needs root. */
  diff(left: readonly Mount[], right: readonly Mount[], options?: DiffOptions): Promise<Descriptor>;
}
