import type { Any } from './basics.ts';
import type { Container } from './containers.ts';
import type { Content } from './content.ts';
import type { Activations } from './activations.ts';
import type { Differ } from './diff.ts';
import type { Events } from './events.ts';
import type { Image } from './images.ts';
import type { Layers, Mount, Snapshotter } from './snapshots.ts';
import type { SandboxController } from './sandbox-controller.ts';
import type { Tasks } from './tasks.ts';
import type { Transact, Transaction } from './transaction.ts';

export interface NamespaceView {
  readonly name: string;
  readonly content: Content;
  readonly layers: Layers;
  readonly tasks: Tasks;
  readonly sandboxes: SandboxController;
  /** The log of a container, in the folder of what it keeps. Goes when the container is deleted. */
  logPath(container: string): string;
  /** Gives a new container the folder of one that is gone, with an empty log, if there is one to spare. */
  reuseFolder(container: string): void;
  /** The folder that its task is started from: gone after a boot, and when the container is deleted. */
  bundle(container: string): string;
  /** The mounts of a snapshot, for a shim of ours; makes what they need. */
  mounts(key: string, snapshotter?: string): Promise<readonly Mount[]>;
  /**
   * The mounts of a snapshot, for the kernel: overlay and bind. Layers are unpacked when they are first mounted.
   * FailedPrecondition when the daemon is not root.
   */
  kernelMounts(key: string, snapshotter?: string): Promise<readonly Mount[]>;
  /**
   * A snapshotter by its name, `wherry` when left out. InvalidArgument when there is none.
   */
  snapshots(snapshotter?: string): Snapshotter;
  readonly differ: Differ;
  readonly activations: Activations;
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
  /**
   * What the shim of a runtime says of itself: a `containerd.types.RuntimeInfo`, encoded. Unknown, in containerd's
   * words, when there is no such runtime.
   */
  runtimeInfo(runtime: string, options: Any | null): Promise<Uint8Array>;
  /** Mark and sweep from images, containers, leases and `containerd.io/gc.root`. */
  collect(): Promise<Collected>;
  /**
   * Collects a moment from now: what a client deleted referred to things that nobody needs any more. What is only
   * just there is spared, for whoever made it may not have said yet what it belongs to.
   */
  collectSoon(): void;
  /** Finds shims that still run, adopts their tasks, settles those that are gone, reclaims what a dead daemon left. Once, before serving. */
  recover(): Promise<void>;
  /** Leaves shims and guests running. */
  close(): Promise<void>;
}
