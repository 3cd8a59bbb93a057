import type { Any, Labels } from './basics.ts';

/** containerd's container: metadata only. Docker's record is its extension `wherry.engine`. */
export interface Container {
  readonly id: string;
  readonly image: string;
  /** The name of its runtime, such as `io.containerd.wherry.v1`. */
  readonly runtime: string;
  /** What its runtime is told beside the specification; null for nothing. */
  readonly runtime_options: Any | null;
  /** Whose snapshot it stands on; '' when it has none. */
  readonly snapshotter: string;
  readonly snapshot_key: string;
  /** The runtime specification; an empty payload when there is none. */
  readonly spec: Any;
  readonly labels: Labels;
  readonly extensions: Readonly<Record<string, Any>>;
  /** The sandbox it belongs to; '' for none. */
  readonly sandbox_id: string;
  readonly created_at: Date;
  readonly updated_at: Date;
}

type Optional = 'runtime_options' | 'snapshotter' | 'sandbox_id';

/** A container to be written. Without a snapshotter it is the default one, if there is a snapshot. */
export type ContainerFields = Omit<Container, 'created_at' | 'updated_at' | Optional> &
  Partial<Pick<Container, Optional>>;

/** The snapshotter of containers that name none. */
export const default_snapshotter = 'wherry';

export interface ContainersTx {
  get(id: string): Container;
  find(id: string): Container | null;
  list(): readonly Container[];
  /** Passes the gate. */
  create(container: ContainerFields): Container;
  /**
   * Replaces what may change (labels, spec, extensions, image, snapshot key), or only what `paths` name. FieldMask of
   * containerd's Containers.Update; InvalidArgument for a path that cannot be changed.
   */
  update(container: ContainerFields, paths?: readonly string[]): Container;
  delete(id: string): void;
}
