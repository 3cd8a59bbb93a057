import { WherryError } from '../../errors/index.ts';
import { checkLabels, keyOfPath, withKey } from '../labels.ts';
import { default_snapshotter } from '../model.ts';
import type { Container, ContainerFields, ContainersTx, Gate } from '../model.ts';
import { checkIdentifier } from '../names.ts';
import { objectEvent } from './object-events.ts';
import { packAny, packAnys, unpackAny, unpackAnys } from './packed-any.ts';
import type { ContainerRow } from './rows.ts';
import type { Publish, Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface ContainersOptions {
  readonly table: Table<ContainerRow>;
  readonly scope: Scope;
  readonly gate: Gate;
  readonly publish: Publish;
  /** Sees to it that the namespace is there. */
  readonly touch: () => void;
  /** Called once a creation or update is durable. */
  readonly changed: (id: string) => void;
  /** Called once a removal is durable. */
  readonly removed: (id: string) => void;
}

type Fields = Omit<Container, 'created_at' | 'updated_at'>;

/** The containers of one namespace. */
export function createContainers(namespace: string, options: ContainersOptions): ContainersTx {
  const { table, scope, gate, publish } = options;
  const find = (id: string): Container | null => {
    const row = table.find(namespace, id);
    return row === null ? null : toContainer(id, row);
  };
  const write = (fields: Fields, created_at: string, updated_at: string): Container => {
    const row = toRow(fields, created_at, updated_at);
    table.put(namespace, fields.id, row);
    scope.after(() => options.changed(fields.id));
    return toContainer(fields.id, row);
  };
  return {
    find,
    get(id) {
      const container = find(id);
      if (container !== null) return container;
      throw new WherryError('NotFound', `container ${quoted(id)} in namespace ${quoted(namespace)}: not found`);
    },
    list: () => table.list(namespace).map(({ key, value }) => toContainer(key, value)),
    create(given) {
      scope.requireAct();
      const fields = checked(complete(given), 'create container failed validation');
      if (table.has(namespace, fields.id))
        throw new WherryError('AlreadyExists', `container ${quoted(fields.id)}: already exists`);
      gate.containerCreate(namespace, fields);
      options.touch();
      const now = new Date().toISOString();
      const container = write(fields, now, now);
      publish(namespace, objectEvent.containerCreate(container));
      return container;
    },
    update(given, paths = []) {
      scope.requireAct();
      if (given.id === '') throw new WherryError('InvalidArgument', 'must specify a container id: invalid argument');
      const before = find(given.id);
      if (before === null) throw new WherryError('NotFound', `container ${quoted(given.id)}: not found`);
      const fields = complete(given);
      const next = paths.length === 0 ? replaced(before, fields) : masked(before, fields, paths);
      const container = write(
        checked(next, 'update failed validation'),
        before.created_at.toISOString(),
        new Date().toISOString(),
      );
      publish(namespace, objectEvent.containerUpdate(container));
      return container;
    },
    delete(id) {
      scope.requireAct();
      if (!table.delete(namespace, id)) throw new WherryError('NotFound', `container ${id}: not found`);
      scope.after(() => options.removed(id));
      publish(namespace, objectEvent.containerDelete(id));
    },
  };
}

function complete(fields: ContainerFields): Fields {
  const { runtime_options = null, sandbox_id = '', snapshot_key } = fields;
  const { snapshotter = snapshot_key === '' ? '' : default_snapshotter } = fields;
  return { ...fields, runtime_options, snapshotter, sandbox_id };
}

/** @throws WherryError InvalidArgument, in containerd's words and order */
function checked(fields: Fields, doing: string): Fields {
  const refuse = (reason: string): never => {
    throw new WherryError('InvalidArgument', `${doing}: ${reason}: invalid argument`);
  };
  checkIdentifier(fields.id, `${doing}: container.ID`);
  if (Object.hasOwn(fields.extensions, '')) refuse('container.Extension keys must not be zero-length');
  const labels = checkLabels(`${doing}: containers.Labels`, fields.labels);
  if (fields.runtime === '') refuse('container.Runtime.Name must be set');
  if (fields.snapshot_key !== '' && fields.snapshotter === '')
    refuse('container.Snapshotter must be set if container.SnapshotKey is set');
  return { ...fields, labels };
}

function replaced(before: Container, given: Fields): Fields {
  for (const [name, was, is] of [
    ['Snapshotter', before.snapshotter, given.snapshotter],
    ['Runtime.Name', before.runtime, given.runtime],
  ]) {
    if (was !== is) throw new WherryError('InvalidArgument', `container.${name} field is immutable: invalid argument`);
  }
  const { labels, spec, extensions, image, snapshot_key } = given;
  return { ...before, labels, spec, extensions, image, snapshot_key };
}

/** The fields that a mask may name, and what they are called here. */
const maskable = {
  labels: 'labels',
  spec: 'spec',
  extensions: 'extensions',
  image: 'image',
  snapshotkey: 'snapshot_key',
} as const;

function masked(before: Container, given: Fields, paths: readonly string[]): Fields {
  let next: Fields = before;
  for (const path of paths) {
    const label = keyOfPath(path, 'labels');
    const extension = keyOfPath(path, 'extensions');
    if (label !== null) next = { ...next, labels: withKey(next.labels, label, given.labels) };
    else if (extension !== null) next = { ...next, extensions: withKey(next.extensions, extension, given.extensions) };
    else if (Object.hasOwn(maskable, path)) {
      const name = maskable[path as keyof typeof maskable];
      next = { ...next, [name]: given[name] };
    } else {
      throw new WherryError(
        'InvalidArgument',
        `cannot update ${quoted(path)} field on ${quoted(given.id)}: invalid argument`,
      );
    }
  }
  return next;
}

function toRow(fields: Fields, created_at: string, updated_at: string): ContainerRow {
  const { image, runtime, runtime_options, snapshotter, snapshot_key, labels, sandbox_id } = fields;
  return {
    image,
    runtime,
    ...(runtime_options === null ? {} : { runtime_options: packAny(runtime_options) }),
    snapshotter,
    snapshot_key,
    spec: packAny(fields.spec),
    labels,
    extensions: packAnys(fields.extensions),
    ...(sandbox_id === '' ? {} : { sandbox_id }),
    created_at,
    updated_at,
  };
}

export function toContainer(id: string, row: ContainerRow): Container {
  const { image, runtime, runtime_options, snapshot_key, labels, sandbox_id = '' } = row;
  return {
    id,
    image,
    runtime,
    runtime_options: runtime_options === undefined ? null : unpackAny(runtime_options),
    snapshotter: snapshotterOf(row),
    snapshot_key,
    spec: unpackAny(row.spec),
    labels,
    extensions: unpackAnys(row.extensions),
    sandbox_id,
    created_at: new Date(row.created_at),
    updated_at: new Date(row.updated_at),
  };
}

/** Whose snapshot a container stands on: an older version wrote no name. */
export function snapshotterOf({ snapshotter, snapshot_key }: ContainerRow): string {
  return snapshotter ?? (snapshot_key === '' ? '' : default_snapshotter);
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
