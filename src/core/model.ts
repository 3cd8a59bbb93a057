/**
 * What containerd is, as types: the contract between core and whoever stands on it (engine, api). Namespaced objects
 * are reached through `Core.namespace(name)`; Docker's namespace is `moby`.
 */
import type { Descriptor } from '../oci/index.ts';
import type { GuestWalls, PublishedPort } from './shim-contract.ts';

export type Labels = Readonly<Record<string, string>>;

/** A typed payload, as containerd keeps it: `type_url` is a bare name, `value` its encoding (JSON for ours). */
export interface Any {
  readonly type_url: string;
  readonly value: Uint8Array;
}

// ---- transactions -----------------------------------------------------------------------------------------------

/**
 * Everything that changes the store happens in one. `act` is synchronous and sees its own changes; when it throws,
 * nothing of it is kept and the error goes to the caller. Transactions of one tick are committed together (one fsync);
 * the promise resolves when the change is durable.
 */
export type Transact = <T>(act: (tx: Transaction) => T) => Promise<T>;

export interface Transaction {
  images(namespace: string): ImagesTx;
  containers(namespace: string): ContainersTx;
  snapshots(namespace: string): SnapshotsTx;
  leases(namespace: string): LeasesTx;
  /** Other rooms' own records, in the same transaction: JSON by bucket and key. */
  records(bucket: string): RecordsTx;
  /** Published to subscribers once the transaction is durable, in order. */
  publish(namespace: string, topic: string, event: Any): void;
}

export interface RecordsTx {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
  delete(key: string): boolean;
  /** In order of key. */
  list(): ReadonlyArray<{ readonly key: string; readonly value: unknown }>;
}

// ---- images -----------------------------------------------------------------------------------------------------

/** A name for a descriptor. Names are full references (`docker.io/library/hello:latest`) or ids for dangling ones. */
export interface Image {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface ImagesTx {
  get(name: string): Image;
  find(name: string): Image | null;
  list(): readonly Image[];
  /** AlreadyExists when the name is taken. Passes the gate. */
  create(image: { name: string; target: Descriptor; labels?: Labels }): Image;
  /** Creates or repoints. Passes the gate. */
  put(image: { name: string; target: Descriptor; labels?: Labels }): Image;
  delete(name: string): void;
}

// ---- content ----------------------------------------------------------------------------------------------------

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

// ---- layers and snapshots ---------------------------------------------------------------------------------------

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

// ---- containers and tasks ---------------------------------------------------------------------------------------

/** containerd's container: metadata only. Docker's record is its extension `wherry.engine`. */
export interface Container {
  readonly id: string;
  readonly image: string;
  readonly runtime: string;
  readonly snapshot_key: string;
  readonly spec: Any;
  readonly labels: Labels;
  readonly extensions: Readonly<Record<string, Any>>;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export type ContainerFields = Omit<Container, 'created_at' | 'updated_at'>;

export interface ContainersTx {
  get(id: string): Container;
  find(id: string): Container | null;
  list(): readonly Container[];
  /** Passes the gate. */
  create(container: ContainerFields): Container;
  update(container: ContainerFields): Container;
  delete(id: string): void;
}

export interface TaskStdio {
  /** containerd's stdio: a path, a URI (`json-file://`, `none://`, `attach://`), or '' for none. */
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

export interface TaskState {
  readonly status: 'created' | 'running' | 'stopped' | 'paused';
  readonly pid: number;
  readonly exit_status: number;
  /** null while it runs. */
  readonly exited_at: Date | null;
}

/** Exit of a task. `oom` when a memory limit ended it; `lost` when the shim died and nobody saw the exit. */
export interface TaskExit {
  readonly container: string;
  readonly exit_status: number;
  readonly exited_at: Date;
  readonly oom: boolean;
  readonly lost: boolean;
  /** A sentence when the start itself failed after the reply, or the guest trapped. */
  readonly reason?: string;
  /** What stood around its process, when its shim wrote that down. */
  readonly walls?: GuestWalls;
}

/** Running processes. Start and exit are the shim's record, not the store's; a restarted daemon adopts what runs. */
export interface Tasks {
  /**
   * Makes the task of a container in a shim: writes the bundle (`config.json` = the container's spec), mounts the
   * snapshot. AlreadyExists when it has one. Passes the gate. Clients that wait for it are handed over with it, as
   * `attach` does; their descriptors are closed here, whatever becomes of it.
   */
  create(container: string, stdio: TaskStdio, clients?: readonly AttachRequest[]): Promise<void>;
  /**
   * Starts it; gives the pid. Passes the gate. Fails with the shim's class and the runtime's text; the task is then
   * still there, stopped, `wait` settles, and `onExit` is not called for it.
   */
  start(container: string): Promise<number>;
  kill(container: string, signal: number): Promise<void>;
  /** Removes a stopped task from its shim. */
  delete(container: string): Promise<TaskExit>;
  state(container: string): Promise<TaskState>;
  /** Known without asking: every container that has a task. */
  list(): readonly { readonly container: string; readonly pid: number }[];
  /** What its shim has published of it; none when it has no task. */
  ports(container: string): readonly PublishedPort[];
  pids(container: string): Promise<readonly { readonly pid: number; readonly info: string }[]>;
  /** Changes what a task may use while it runs; `resources` is the runtime specification's `LinuxResources`. */
  update(container: string, resources: Any): Promise<void>;
  /** What stands around its process; null when it has not run. Asks the shim. */
  walls(container: string): Promise<GuestWalls | null>;
  resize(container: string, width: number, height: number): Promise<void>;
  closeStdin(container: string): Promise<void>;
  /** Settles when the task has ended and its exit is recorded. */
  wait(container: string): Promise<TaskExit>;
  /** Called for each exit, also for those found at boot; never before `start` has answered. */
  onExit(listener: (exit: TaskExit) => void): void;
  /**
   * Hands a client's connection over: `fd` is duplicated by the send and stays the caller's to close; `head` are bytes
   * already read from it. The shim copies stdout and stderr to it (multiplexed frames unless the task has a terminal)
   * and its bytes to stdin.
   */
  attach(container: string, client: AttachRequest): Promise<void>;
}

export interface AttachRequest {
  readonly fd: number;
  readonly head: Uint8Array;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detach_keys: string;
}

// ---- leases, events, gate -----------------------------------------------------------------------------------------

export interface Lease {
  readonly id: string;
  readonly labels: Labels;
  readonly created_at: Date;
  readonly expires_at: Date | null;
}

/** The label of a lease that cannot outlive the daemon which made it: it is removed at the next boot. */
export const lease_until_restart = 'io.wherry.lease.until-restart';

export interface LeaseResource {
  /** `content` or `snapshots/wherry` or `layers`. */
  readonly type: string;
  readonly id: string;
}

export interface LeasesTx {
  create(lease: { id: string; labels?: Labels; expires_at?: Date }): Lease;
  delete(id: string): void;
  list(): readonly Lease[];
  add(id: string, resource: LeaseResource): void;
  resources(id: string): readonly LeaseResource[];
}

export interface Envelope {
  readonly timestamp: Date;
  readonly namespace: string;
  readonly topic: string;
  readonly event: Any;
}

export interface Events {
  publish(namespace: string, topic: string, event: Any): void;
  /** Gives what is published from now on, until the signal aborts. */
  subscribe(listener: (envelope: Envelope) => void, signal: AbortSignal): void;
}

/**
 * Policy. Asked inside the transaction that makes an image visible, creates a container or starts a task, through
 * whatever door; throws `PermissionDenied` with the reason. Core has no default: the composition root gives one.
 */
export interface Gate {
  imageVisible(namespace: string, image: { name: string; target: Descriptor }): void;
  containerCreate(namespace: string, container: ContainerFields): void;
  taskStart(namespace: string, container: Container): void;
}

// ---- the whole --------------------------------------------------------------------------------------------------

export interface NamespaceView {
  readonly name: string;
  readonly content: Content;
  readonly layers: Layers;
  readonly tasks: Tasks;
  /** The log of a container, in the folder of what it keeps. Goes when the container is deleted. */
  logPath(container: string): string;
  /** Gives a new container the folder of one that is gone, with an empty log, if there is one to spare. */
  reuseFolder(container: string): void;
  /** The folder that its task is started from: gone after a boot, and when the container is deleted. */
  bundle(container: string): string;
  /** The mounts of a snapshot, for a shim; makes what they need. */
  mounts(key: string): Promise<readonly Mount[]>;
  images(): readonly Image[];
  containers(): readonly Container[];
  findImage(name: string): Image | null;
  findContainer(id: string): Container | null;
}

/** What a collection freed. */
export interface Collected {
  readonly blobs: number;
  readonly bytes: number;
  readonly snapshots: number;
  readonly layers: number;
}

export interface Core {
  readonly root: string;
  readonly state: string;
  readonly transact: Transact;
  readonly events: Events;
  namespace(name: string): NamespaceView;
  namespaces(): readonly string[];
  /** Reads without changing anything, outside a transaction. */
  read<T>(act: (tx: Transaction) => T): T;
  /** Mark and sweep from images, containers, leases and `containerd.io/gc.root`. */
  collect(): Promise<Collected>;
  /** Finds shims that still run, adopts their tasks, settles those that are gone, reclaims what a dead daemon left. Once, before serving. */
  recover(): Promise<void>;
  /** Leaves shims and guests running. */
  close(): Promise<void>;
}
