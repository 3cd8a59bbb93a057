import { WherryError } from '../../errors/index.ts';
import { keyOfPath, withKey } from '../labels.ts';
import type { Sandbox, SandboxesTx, SandboxFields } from '../model.ts';
import { checkIdentifier } from '../names.ts';
import { packAny, packAnys, unpackAny, unpackAnys } from './packed-any.ts';
import type { SandboxRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface SandboxesOptions {
  readonly table: Table<SandboxRow>;
  readonly scope: Scope;
  /** Sees to it that the namespace is there. */
  readonly touch: () => void;
}

/** The sandboxes of one namespace. */
export function createSandboxes(namespace: string, { table, scope, touch }: SandboxesOptions): SandboxesTx {
  const find = (id: string): Sandbox | null => {
    const row = table.find(namespace, id);
    return row === null ? null : toSandbox(id, row);
  };
  const get = (id: string): Sandbox => {
    const sandbox = find(id);
    if (sandbox !== null) return sandbox;
    // containerd's text depends on whether the namespace has ever had one.
    const reason = table.any(namespace) ? `bucket ${JSON.stringify(id)} not found` : 'no sandbox buckets';
    throw new WherryError('NotFound', `${reason}: not found`);
  };
  const write = (fields: SandboxFields, created_at: string, updated_at: string): Sandbox => {
    const row = toRow(fields, created_at, updated_at);
    table.put(namespace, fields.id, row);
    return toSandbox(fields.id, row);
  };
  return {
    get,
    find,
    list: () => table.list(namespace).map(({ key, value }) => toSandbox(key, value)),
    create(fields) {
      scope.requireAct();
      checkIdentifier(fields.id, 'failed to validate sandbox: invalid sandbox ID');
      if (table.has(namespace, fields.id)) {
        throw new WherryError(
          'AlreadyExists',
          `write error: sandbox bucket ${JSON.stringify(fields.id)} already exists: already exists`,
        );
      }
      touch();
      const now = new Date().toISOString();
      return write(fields, now, now);
    },
    update(fields, paths = []) {
      scope.requireAct();
      const before = get(fields.id);
      const next = paths.length === 0 ? replaced(before, fields) : masked(before, fields, paths);
      return write(next, before.created_at.toISOString(), new Date().toISOString());
    },
    delete(id) {
      scope.requireAct();
      if (table.delete(namespace, id)) return;
      const reason = table.any(namespace) ? `failed to delete sandbox ${JSON.stringify(id)}` : 'no sandbox buckets';
      throw new WherryError('NotFound', `${reason}: not found`);
    },
  };
}

function replaced(before: Sandbox, { labels, extensions, spec, runtime }: SandboxFields): SandboxFields {
  if (before.runtime.name !== runtime.name)
    throw new WherryError('InvalidArgument', 'sandbox.Runtime.Name field is immutable: invalid argument');
  return { ...before, labels, extensions, spec, runtime };
}

function masked(before: Sandbox, given: SandboxFields, paths: readonly string[]): SandboxFields {
  let next: SandboxFields = before;
  for (const path of paths) {
    const label = keyOfPath(path, 'labels');
    const extension = keyOfPath(path, 'extensions');
    if (label !== null) next = { ...next, labels: withKey(next.labels, label, given.labels) };
    else if (extension !== null) next = { ...next, extensions: withKey(next.extensions, extension, given.extensions) };
    else if (path === 'labels' || path === 'extensions' || path === 'runtime' || path === 'spec')
      next = { ...next, [path]: given[path] };
    else {
      throw new WherryError(
        'InvalidArgument',
        `cannot update ${JSON.stringify(path)} field on sandbox ${JSON.stringify(given.id)}: invalid argument`,
      );
    }
  }
  return next;
}

function toRow(fields: SandboxFields, created_at: string, updated_at: string): SandboxRow {
  const { runtime, spec, labels, extensions, sandboxer } = fields;
  return {
    runtime: { name: runtime.name, options: runtime.options === null ? null : packAny(runtime.options) },
    spec: spec === null ? null : packAny(spec),
    labels,
    extensions: packAnys(extensions),
    sandboxer,
    created_at,
    updated_at,
  };
}

function toSandbox(id: string, row: SandboxRow): Sandbox {
  const { runtime, spec, labels, extensions, sandboxer } = row;
  return {
    id,
    runtime: { name: runtime.name, options: runtime.options === null ? null : unpackAny(runtime.options) },
    spec: spec === null ? null : unpackAny(spec),
    labels,
    extensions: unpackAnys(extensions),
    sandboxer,
    created_at: new Date(row.created_at),
    updated_at: new Date(row.updated_at),
  };
}
