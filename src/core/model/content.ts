import type { Labels } from './basics.ts';

export interface ContentInfo {
  readonly digest: string;
  readonly size: number;
  readonly labels: Labels;
  readonly created_at: Date;
}

/** Blobs under their digest. Until an ingest is committed its content is not visible. Shared by namespaces, labelled in each. */
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
   * there. With a lease the blob is one of its resources from the moment it is visible (also when it was there).
   */
  writer(ref: string, expected?: { digest?: string; size?: number }, options?: WriterOptions): Promise<ContentWriter>;
  list(): Promise<readonly ContentInfo[]>;
  setLabels(digest: string, labels: Labels): Promise<void>;
  delete(digest: string): Promise<void>;
}

export interface WriterOptions {
  readonly lease?: string;
}

export interface ContentWriter {
  /** Bytes written so far (of a resumed ingest, what was there). */
  readonly offset: number;
  write(chunk: Uint8Array): Promise<void>;
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
