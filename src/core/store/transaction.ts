import type { Any, ContainersTx, Gate, ImagesTx, LeasesTx, RecordsTx, SnapshotsTx, Transaction } from '../model.ts';
import { checkNamespace } from '../names.ts';
import { createContainers } from './containers.ts';
import { createImages } from './images.ts';
import { createLeases } from './leases.ts';
import { createRecords } from './records.ts';
import type { Scope } from './scope.ts';
import { createSnapshots } from './snapshots.ts';
import type { Tables } from './tables.ts';

/** What becomes of changes once they are durable. */
export interface Aftermath {
  imagesChanged(): void;
  containerChanged(namespace: string, id: string): void;
  containerRemoved(namespace: string, id: string): void;
  snapshotRemoved(folder: string): void;
  publish(namespace: string, topic: string, event: Any): void;
}

/** The view that every transaction has of the store: its parts are made once and kept. */
export function createTransaction(tables: Tables, scope: Scope, gate: Gate, aftermath: Aftermath): Transaction {
  const images = kept((namespace): ImagesTx =>
    createImages(checkNamespace(namespace), {
      table: tables.images,
      scope,
      gate,
      changed: () => aftermath.imagesChanged(),
    }),
  );
  const containers = kept((namespace): ContainersTx =>
    createContainers(checkNamespace(namespace), {
      table: tables.containers,
      scope,
      gate,
      changed: (id) => aftermath.containerChanged(namespace, id),
      removed: (id) => aftermath.containerRemoved(namespace, id),
    }),
  );
  const snapshots = kept((namespace): SnapshotsTx =>
    createSnapshots(checkNamespace(namespace), {
      table: tables.snapshots,
      scope,
      removed: (folder) => aftermath.snapshotRemoved(folder),
    }),
  );
  const leases = kept((namespace): LeasesTx =>
    createLeases(checkNamespace(namespace), { table: tables.leases, scope }),
  );
  const records = kept((bucket): RecordsTx => createRecords(bucket, { table: tables.records, scope }));
  return {
    images,
    containers,
    snapshots,
    leases,
    records,
    publish(namespace, topic, event) {
      scope.after(() => aftermath.publish(namespace, topic, event));
    },
  };
}

function kept<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    let one = made.get(name);
    if (one === undefined) {
      one = make(name);
      made.set(name, one);
    }
    return one;
  };
}
