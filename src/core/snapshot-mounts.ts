import { join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import type { LayerStore } from './layers/layer-store.ts';
import type { Mount } from './model.ts';
import type { Paths } from './paths.ts';
import type { SnapshotRow } from './store/rows.ts';
import type { Tables } from './store/tables.ts';

/** What a shim needs to put the root filesystem of a snapshot together: one mount of the type `wherry`. */
export type SnapshotMounts = (namespace: string, key: string) => Promise<readonly Mount[]>;

/** @throws WherryError NotFound */
export function findSnapshot(tables: Tables, namespace: string, key: string): SnapshotRow {
  const row = tables.snapshots.find(namespace, key);
  if (row === null) throw new WherryError('NotFound', `snapshot "${key}": not found`);
  return row;
}

/** The writable layer's folder is made by whoever first writes to it; layers that were evicted come back. */
export function createSnapshotMounts(paths: Paths, tables: Tables, layers: LayerStore): SnapshotMounts {
  return async (namespace, key) => {
    const row = findSnapshot(tables, namespace, key);
    await layers.restore(row.diff_ids);
    const source = row.kind === 'active' ? join(paths.active, row.folder) : '';
    const options = [
      `chain=${join(paths.chain(row.parent), 'index')}`,
      ...row.diff_ids.map((id) => `layer=${paths.layer(id)}`),
    ];
    return [{ type: 'wherry', source, options }];
  };
}
