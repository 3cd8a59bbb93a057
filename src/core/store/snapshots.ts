import { randomBytes } from 'node:crypto';

import { WherryError } from '../../errors/index.ts';
import { chainID } from '../../oci/index.ts';
import type { Labels, Snapshot, SnapshotsTx } from '../model.ts';
import { checkName } from '../names.ts';
import { digester } from '../digester.ts';
import type { SnapshotRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface SnapshotsOptions {
  readonly table: Table<SnapshotRow>;
  readonly scope: Scope;
  /** Sees to it that the namespace is there. */
  readonly touch: () => void;
  /** Called once a removal is durable, with the name of the snapshot's folder. */
  readonly removed: (folder: string) => void;
}

/** The snapshots of one namespace. */
export function createSnapshots(namespace: string, { table, scope, touch, removed }: SnapshotsOptions): SnapshotsTx {
  const add = (
    kind: 'active' | 'view',
    key: string,
    parent: string,
    diff_ids: readonly string[],
    labels: Labels,
  ): Snapshot => {
    scope.requireAct();
    checkName('a snapshot', key);
    if (chainID(diff_ids, digester) !== parent) {
      throw new WherryError(
        'InvalidArgument',
        `Cannot prepare the snapshot "${key}": its layers do not make the chain ${parent}.`,
      );
    }
    if (table.has(namespace, key)) throw new WherryError('AlreadyExists', `snapshot "${key}": already exists`);
    touch();
    const folder = randomBytes(16).toString('hex');
    const row: SnapshotRow = { kind, parent, diff_ids, folder, labels, created_at: new Date().toISOString() };
    table.put(namespace, key, row);
    return toSnapshot(key, row);
  };
  return {
    get(key) {
      const row = table.find(namespace, key);
      if (row === null) throw new WherryError('NotFound', `snapshot "${key}": not found`);
      return toSnapshot(key, row);
    },
    list: () => table.list(namespace).map(({ key, value }) => toSnapshot(key, value)),
    prepare: (key, parent, diff_ids, labels = {}) => add('active', key, parent, diff_ids, labels),
    view: (key, parent, diff_ids, labels = {}) => add('view', key, parent, diff_ids, labels),
    remove(key) {
      scope.requireAct();
      const row = table.find(namespace, key);
      if (row === null) throw new WherryError('NotFound', `snapshot "${key}": not found`);
      table.delete(namespace, key);
      scope.after(() => removed(row.folder));
    },
  };
}

export function toSnapshot(key: string, row: SnapshotRow): Snapshot {
  const { kind, parent, parent_key, labels, created_at, updated_at } = row;
  return {
    key,
    kind,
    parent: parent_key ?? parent,
    labels,
    created_at: new Date(created_at),
    updated_at: new Date(updated_at ?? created_at),
  };
}
