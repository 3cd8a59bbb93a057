import type { Descriptor } from '../../oci/index.ts';
import type { Labels, LeaseResource, SnapshotUsage } from '../model.ts';

/** What the tables hold, as JSON: times are ISO texts, bytes are base64. */

export interface ImageRow {
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface AnyRow {
  readonly type_url: string;
  readonly value: string;
}

export interface ContainerRow {
  readonly image: string;
  readonly runtime: string;
  readonly runtime_options?: AnyRow;
  /** Not there in rows of an older version. */
  readonly snapshotter?: string;
  readonly snapshot_key: string;
  readonly spec: AnyRow;
  readonly labels: Labels;
  readonly extensions: Readonly<Record<string, AnyRow>>;
  readonly sandbox_id?: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A namespace; its key is the name and it has no namespace itself. */
export interface NamespaceRow {
  readonly labels: Labels;
}

export interface SandboxRow {
  readonly runtime: { readonly name: string; readonly options: AnyRow | null };
  readonly spec: AnyRow | null;
  readonly labels: Labels;
  readonly extensions: Readonly<Record<string, AnyRow>>;
  readonly sandboxer: string;
  readonly created_at: string;
  readonly updated_at: string;
}

/** The diffID of a layer, or `folder:` and the folder of a committed snapshot whose content is a directory. */
export type SnapshotPiece = string;

export interface SnapshotRow {
  readonly kind: 'committed' | 'active' | 'view';
  readonly parent: string;
  readonly diff_ids: readonly string[];
  /**
   * The name of its folder under `snapshots/active`, and part of the name of what the kernel mounts of it: chance,
   * never the key.
   */
  readonly folder: string;
  /** The name of the committed snapshot it lies on, for those whose parents are snapshots. */
  readonly parent_key?: string;
  /** What it lies on, base first, and itself when it is committed; `diff_ids` when left out. */
  readonly pieces?: readonly SnapshotPiece[];
  /** Layers that were applied to it while it is active. */
  readonly applied?: readonly string[];
  /** What a committed directory takes of the disk. */
  readonly usage?: SnapshotUsage;
  /** Counts the snapshots of its snapshotter; some of containerd's messages have it. */
  readonly sequence?: number;
  /** When it was changed, if it was. */
  readonly updated_at?: string;
  readonly labels: Labels;
  readonly created_at: string;
}

export interface LeaseRow {
  readonly labels: Labels;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly resources: readonly LeaseResource[];
}

/** A committed blob; its key is the digest and it has no namespace. */
export interface BlobRow {
  readonly size: number;
  readonly created_at: string;
}

/** That a namespace sees a blob; its key is the digest. Rows of an older version have no times. */
export interface ContentRow {
  readonly labels: Labels;
  readonly created_at?: string;
  readonly updated_at?: string;
}

/** Which layer a blob becomes when it is expanded; its key is the blob's digest and it has no namespace. */
export interface LayerRow {
  readonly diff_id: string;
  readonly size: number;
}

/** A document of another room; its namespace is the bucket. */
export interface RecordRow {
  readonly value: unknown;
}
