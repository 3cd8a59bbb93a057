import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { chainID } from '../../oci/index.ts';
import { digester } from '../digester.ts';
import type { LayerStore } from '../layers/layer-store.ts';
import type { Mount } from '../model.ts';
import type { Paths } from '../paths.ts';
import type { SnapshotRow } from '../store/rows.ts';
import type { Tables } from '../store/tables.ts';
import type { FolderLayers } from './folder-layers.ts';
import { piecesOf } from './pieces.ts';

/** The mounts of a snapshot by its key. */
export type SnapshotMounts = (namespace: string, key: string, snapshotter?: string) => Promise<readonly Mount[]>;

/** @throws WherryError NotFound */
export function findSnapshot(tables: Tables, space: string, key: string): SnapshotRow {
  const row = tables.snapshots.find(space, key);
  if (row === null) throw new WherryError('NotFound', `snapshot ${key} does not exist: not found`);
  return row;
}

export interface WherryMountsOptions {
  readonly paths: Paths;
  readonly layers: LayerStore;
  readonly folders: FolderLayers;
}

/**
 * What our shim needs to put the root filesystem of a snapshot together: one mount of the type `wherry`. The writable
 * layer's folder is made by whoever first writes to it; layers that were evicted come back, and a committed directory
 * becomes a layer.
 */
export async function wherryMounts(
  { paths, layers, folders }: WherryMountsOptions,
  row: SnapshotRow,
): Promise<readonly Mount[]> {
  const diff_ids = await folders.layersOf(piecesOf(row));
  await layers.restore(diff_ids);
  const source = row.kind === 'active' ? join(paths.active, row.folder) : '';
  const options = [
    `chain=${join(paths.chain(chainID(diff_ids, digester)), 'index')}`,
    ...diff_ids.map((id) => `layer=${paths.layer(id)}`),
  ];
  return [{ type: 'wherry', source, options }];
}
