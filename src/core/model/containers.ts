import type { Any, Labels } from './basics.ts';

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
