import type { Labels } from './basics.ts';

export interface ContentInfo {
  readonly digest: string;
  readonly size: number;
  readonly labels: Labels;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** An ingest: content that is not yet complete. */
export interface IngestStatus {
  readonly ref: string;
  readonly offset: number;
  /** Bytes it is to have; 0 when nobody said. */
  readonly total: number;
  /** The digest it is to have; '' when nobody said. */
  readonly expected: string;
  readonly started_at: Date;
  readonly updated_at: Date;
}

/**
 * Blobs under their digest, each stored once and visible in the namespaces that have written it. Until an ingest is
 * committed its content is not visible.
 */
export interface Content {
  info(digest: string): Promise<ContentInfo>;
  has(digest: string): boolean;
  /** The whole of a small blob (a manifest or config), checked against its digest. */
  readAll(digest: string, bytes_max: number): Promise<Uint8Array>;
  /** Opens the blob for reading; gives a file descriptor the caller closes. */
  open(digest: string): Promise<{ readonly fd: number; readonly size: number }>;
  /** The path of a committed blob. */
  path(digest: string): string;
  /**
   * Begins or resumes the ingest `ref`. Unavailable when another holds it, AlreadyExists when the expected digest is
   * there; what only another namespace has becomes visible in this one and counts as there. With a lease the blob is
   * one of its resources from the moment it is visible (also when it was there), and the ingest until then.
   */
  writer(ref: string, expected?: { digest?: string; size?: number }, options?: WriterOptions): Promise<ContentWriter>;
  list(): Promise<readonly ContentInfo[]>;
  setLabels(digest: string, labels: Labels): Promise<void>;
  /** Replaces the labels, or only those that `paths` name (containerd's Content.Update). */
  update(digest: string, labels: Labels, paths?: readonly string[]): Promise<ContentInfo>;
  /** Makes the blob invisible here; it goes when no namespace has it. With a lease, that lets go of it, too. */
  delete(digest: string, options?: WriterOptions): Promise<void>;
  /** @throws WherryError NotFound */
  status(ref: string): IngestStatus;
  statuses(): readonly IngestStatus[];
  /** Throws an ingest away, also one that is being written. */
  abort(ref: string, options?: WriterOptions): Promise<void>;
}

export interface WriterOptions {
  readonly lease?: string;
  /**
   * As containerd treats its clients: content that another namespace has is offered as an ingest that is complete, and
   * an ingest whose commit was refused stays to be written again.
   */
  readonly as_client?: boolean;
}

export interface ContentWriter {
  /** Bytes written so far (of a resumed ingest, what was there). */
  readonly offset: number;
  /** The digest of what is written so far. */
  readonly digest: string;
  readonly status: IngestStatus;
  write(chunk: Uint8Array): Promise<void>;
  /** Begins again at the first byte. */
  restart(): Promise<void>;
  /** Checks size and digest, makes the blob durable and visible; AlreadyExists when it is there already. */
  commit(
    size: number | null,
    digest: string | null,
    labels?: Labels,
  ): Promise<{ readonly digest: string; readonly size: number }>;
  /** Leaves the ingest to be resumed. */
  close(): Promise<void>;
  /** Throws the ingest away. */
  abort(): Promise<void>;
}
