import { WherryError } from '../../errors/index.ts';
import type { Any, Container, ContainerFields, ContainersTx, Gate } from '../model.ts';
import { checkContainerId } from '../names.ts';
import type { AnyRow, ContainerRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface ContainersOptions {
  readonly table: Table<ContainerRow>;
  readonly scope: Scope;
  readonly gate: Gate;
  /** Called once a creation or update is durable. */
  readonly changed: (id: string) => void;
  /** Called once a removal is durable. */
  readonly removed: (id: string) => void;
}

/** The containers of one namespace. */
export function createContainers(namespace: string, options: ContainersOptions): ContainersTx {
  const { table, scope, gate } = options;
  const find = (id: string): Container | null => {
    const row = table.find(namespace, id);
    return row === null ? null : toContainer(id, row);
  };
  const get = (id: string): Container => {
    const container = find(id);
    if (container === null) throw new WherryError('NotFound', `container "${id}": not found`);
    return container;
  };
  const write = (fields: ContainerFields, created_at: string, updated_at: string): Container => {
    const row = toRow(fields, created_at, updated_at);
    table.put(namespace, fields.id, row);
    scope.after(() => options.changed(fields.id));
    return toContainer(fields.id, row);
  };
  return {
    find,
    get,
    list: () => table.list(namespace).map(({ key, value }) => toContainer(key, value)),
    create(fields) {
      scope.requireAct();
      checkContainerId(fields.id);
      if (table.has(namespace, fields.id)) {
        throw new WherryError('AlreadyExists', `container "${fields.id}": already exists`);
      }
      gate.containerCreate(namespace, fields);
      const now = new Date().toISOString();
      return write(fields, now, now);
    },
    update(fields) {
      scope.requireAct();
      return write(fields, get(fields.id).created_at.toISOString(), new Date().toISOString());
    },
    delete(id) {
      scope.requireAct();
      if (!table.delete(namespace, id)) throw new WherryError('NotFound', `container "${id}": not found`);
      scope.after(() => options.removed(id));
    },
  };
}

function toRow(fields: ContainerFields, created_at: string, updated_at: string): ContainerRow {
  const { image, runtime, snapshot_key, labels } = fields;
  const extensions = Object.fromEntries(Object.entries(fields.extensions).map(([name, any]) => [name, packed(any)]));
  return { image, runtime, snapshot_key, spec: packed(fields.spec), labels, extensions, created_at, updated_at };
}

export function toContainer(id: string, row: ContainerRow): Container {
  return {
    id,
    image: row.image,
    runtime: row.runtime,
    snapshot_key: row.snapshot_key,
    spec: unpacked(row.spec),
    labels: row.labels,
    extensions: Object.fromEntries(Object.entries(row.extensions).map(([name, any]) => [name, unpacked(any)])),
    created_at: new Date(row.created_at),
    updated_at: new Date(row.updated_at),
  };
}

function packed({ type_url, value }: Any): AnyRow {
  return { type_url, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}

function unpacked({ type_url, value }: AnyRow): Any {
  return { type_url, value: Buffer.from(value, 'base64') };
}
