import type { Labels } from './basics.ts';
import type { Mount } from './snapshots.ts';

/** A mount that the daemon has made for a client. */
export interface ActiveMount {
  readonly mount: Mount;
  readonly mount_point: string;
  readonly mounted_at: Date;
}

export interface Activation {
  readonly name: string;
  readonly active: readonly ActiveMount[];
  /** What is left for the client to mount. */
  readonly system: readonly Mount[];
  readonly labels: Labels;
}

/** containerd's mount manager: mounts that the daemon makes and keeps, under names. */
export interface Activations {
  /**
   * Mounts for a client that asks for mounts it may look into (`temporary`). Mounts of the kernel it is to make itself
   * otherwise, and hears that by Unimplemented, as from containerd.
   */
  activate(name: string, mounts: readonly Mount[], labels: Labels, temporary: boolean): Promise<Activation>;
  deactivate(name: string): Promise<void>;
  info(name: string): Activation;
  list(): readonly Activation[];
}
