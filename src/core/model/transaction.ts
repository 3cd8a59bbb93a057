import type { Any } from './basics.ts';
import type { ContainersTx } from './containers.ts';
import type { ImagesTx } from './images.ts';
import type { LeasesTx } from './leases.ts';
import type { NamespacesTx } from './namespaces.ts';
import type { SandboxesTx } from './sandboxes.ts';
import type { SnapshotsTx } from './snapshots.ts';

/**
 * Everything that changes the store happens in one. `act` is synchronous and sees its own changes; when it throws,
 * nothing of it is kept and the error goes to the caller. Transactions of one tick are committed together (one fsync);
 * the promise resolves when the change is durable.
 */
export type Transact = <T>(act: (tx: Transaction) => T) => Promise<T>;

export interface Transaction {
  readonly namespaces: NamespacesTx;
  images(namespace: string): ImagesTx;
  containers(namespace: string): ContainersTx;
  snapshots(namespace: string): SnapshotsTx;
  leases(namespace: string): LeasesTx;
  sandboxes(namespace: string): SandboxesTx;
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
