import type { DatabaseSync } from 'node:sqlite';

import type {
  BlobRow,
  ContainerRow,
  ContentRow,
  ImageRow,
  LayerRow,
  LeaseRow,
  NamespaceRow,
  RecordRow,
  SandboxRow,
  SnapshotRow,
} from './rows.ts';
import { Table } from './table.ts';

/** Every table of the store. */
export interface Tables {
  readonly images: Table<ImageRow>;
  readonly containers: Table<ContainerRow>;
  readonly snapshots: Table<SnapshotRow>;
  readonly leases: Table<LeaseRow>;
  readonly blobs: Table<BlobRow>;
  readonly contents: Table<ContentRow>;
  readonly namespaces: Table<NamespaceRow>;
  readonly sandboxes: Table<SandboxRow>;
  readonly layers: Table<LayerRow>;
  readonly records: Table<RecordRow>;
}

/** Opens the tables; each is named in the singular in the database and in messages. */
export function openTables(database: DatabaseSync): Tables {
  return {
    images: new Table(database, 'image'),
    containers: new Table(database, 'container'),
    snapshots: new Table(database, 'snapshot'),
    leases: new Table(database, 'lease'),
    blobs: new Table(database, 'blob'),
    contents: new Table(database, 'content'),
    namespaces: new Table(database, 'namespace'),
    sandboxes: new Table(database, 'sandbox'),
    layers: new Table(database, 'layer'),
    records: new Table(database, 'record'),
  };
}

/** The namespace of what belongs to none. */
export const no_namespace = '';
