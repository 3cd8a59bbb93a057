import { WherryError } from '../../errors/index.ts';
import type { Lease, LeasesTx } from '../model.ts';
import { checkName } from '../names.ts';
import type { LeaseRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

/** The leases of one namespace. */
export function createLeases(namespace: string, { table, scope }: { table: Table<LeaseRow>; scope: Scope }): LeasesTx {
  const get = (id: string): LeaseRow => {
    const row = table.find(namespace, id);
    if (row === null) throw new WherryError('NotFound', `lease "${id}": not found`);
    return row;
  };
  return {
    create({ id, labels = {}, expires_at }) {
      scope.requireAct();
      checkName('a lease', id);
      if (table.has(namespace, id)) throw new WherryError('AlreadyExists', `lease "${id}": already exists`);
      const row: LeaseRow = {
        labels,
        created_at: new Date().toISOString(),
        expires_at: expires_at?.toISOString() ?? null,
        resources: [],
      };
      table.put(namespace, id, row);
      return toLease(id, row);
    },
    delete(id) {
      scope.requireAct();
      if (!table.delete(namespace, id)) throw new WherryError('NotFound', `lease "${id}": not found`);
    },
    list: () => table.list(namespace).map(({ key, value }) => toLease(key, value)),
    add(id, resource) {
      scope.requireAct();
      const row = get(id);
      if (row.resources.some((each) => each.type === resource.type && each.id === resource.id)) return;
      const { type, id: name } = resource;
      table.put(namespace, id, { ...row, resources: [...row.resources, { type, id: name }] });
    },
    resources: (id) => get(id).resources,
  };
}

function toLease(id: string, row: LeaseRow): Lease {
  return {
    id,
    labels: row.labels,
    created_at: new Date(row.created_at),
    expires_at: row.expires_at === null ? null : new Date(row.expires_at),
  };
}
