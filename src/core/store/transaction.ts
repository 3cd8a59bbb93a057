import type {
  Any,
  ContainersTx,
  Gate,
  ImagesTx,
  LeasesTx,
  RecordsTx,
  SandboxesTx,
  SnapshotsTx,
  Transaction,
} from '../model.ts';
import { namespace_views_max } from '../../limits/index.ts';
import type { Ingests } from '../content/ingests.ts';
import { checkNamespace } from '../names.ts';
import { createContainers } from './containers.ts';
import { createImages } from './images.ts';
import { createLeases } from './leases.ts';
import { createNamespaces, touchNamespace } from './namespaces.ts';
import { createRecords } from './records.ts';
import { createSandboxes } from './sandboxes.ts';
import type { Publish, Scope } from './scope.ts';
import { createSnapshots } from './snapshots.ts';
import type { Tables } from './tables.ts';

/** What becomes of changes once they are durable. */
export interface Aftermath {
  imagesChanged(): void;
  containerChanged(namespace: string, id: string): void;
  containerRemoved(namespace: string, id: string): void;
  snapshotRemoved(folder: string): void;
  namespaceRemoved(namespace: string): void;
  /** An event that is a function is made only when somebody listens. */
  publish(namespace: string, topic: string, event: Any | (() => Any)): void;
}

export interface TransactionOptions {
  readonly tables: Tables;
  readonly scope: Scope;
  readonly gate: Gate;
  readonly aftermath: Aftermath;
  readonly ingests: Ingests;
}

/** The view that every transaction has of the store: its parts are made once and kept. */
export function createTransaction(options: TransactionOptions): Transaction {
  const { tables, scope, gate, aftermath, ingests } = options;
  const publish: Publish = (namespace, { topic, pack }) => {
    scope.after(() => aftermath.publish(namespace, topic, pack));
  };
  const namespaces = createNamespaces({
    tables,
    scope,
    publish,
    removed: (name) => aftermath.namespaceRemoved(name),
  });
  const touching = (namespace: string) => (): void => touchNamespace(tables, namespace);
  const leases = kept((namespace): LeasesTx =>
    createLeases(checkNamespace(namespace), { table: tables.leases, scope, touch: touching(namespace), ingests }),
  );
  const images = kept((namespace): ImagesTx =>
    createImages(checkNamespace(namespace), {
      table: tables.images,
      leases: leases(namespace),
      scope,
      gate,
      publish,
      touch: touching(namespace),
      changed: () => aftermath.imagesChanged(),
    }),
  );
  const containers = kept((namespace): ContainersTx =>
    createContainers(checkNamespace(namespace), {
      table: tables.containers,
      scope,
      gate,
      publish,
      touch: touching(namespace),
      changed: (id) => aftermath.containerChanged(namespace, id),
      removed: (id) => aftermath.containerRemoved(namespace, id),
    }),
  );
  const snapshots = kept((namespace): SnapshotsTx =>
    createSnapshots(checkNamespace(namespace), {
      table: tables.snapshots,
      scope,
      touch: touching(namespace),
      removed: (folder) => aftermath.snapshotRemoved(folder),
    }),
  );
  const sandboxes = kept((namespace): SandboxesTx =>
    createSandboxes(checkNamespace(namespace), { table: tables.sandboxes, scope, touch: touching(namespace) }),
  );
  const records = kept((bucket): RecordsTx => createRecords(bucket, { table: tables.records, scope }));
  return {
    namespaces,
    sandboxes,
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
      // They have no state of their own, and a client may think of as many names as it likes.
      if (made.size >= namespace_views_max) made.clear();
      made.set(name, one);
    }
    return one;
  };
}
