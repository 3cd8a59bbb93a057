import { WherryError } from '../../errors/index.ts';
import { checkLabels, keyOfPath } from '../labels.ts';
import { type Labels, type Namespace, type NamespacesTx, snapshotterNames } from '../model.ts';
import { checkIdentifier } from '../names.ts';
import { objectEvent } from './object-events.ts';
import type { Publish, Scope } from './scope.ts';
import { partsOfSpace, snapshotSpace } from './snapshot-space.ts';
import { no_namespace, type Tables } from './tables.ts';

export interface NamespacesOptions {
  readonly tables: Tables;
  readonly scope: Scope;
  readonly publish: Publish;
  /** Called once a removal is durable. */
  readonly removed: (name: string) => void;
}

/** Sees to it that a namespace is there: whatever is written in one makes it, as in containerd. */
export function touchNamespace({ namespaces }: Tables, name: string): void {
  if (!namespaces.has(no_namespace, name)) namespaces.put(no_namespace, name, { labels: {} });
}

/** Makes the namespaces of everything that is there: what an older version wrote has none. Runs in a transaction. */
export function touchNamespaces(tables: Tables): void {
  const { images, containers, snapshots, leases, contents } = tables;
  for (const table of [images, containers, snapshots, leases, contents])
    for (const name of table.namespaces()) touchNamespace(tables, partsOfSpace(name).namespace);
}

/** The namespaces themselves. */
export function createNamespaces({ tables, scope, publish, removed }: NamespacesOptions): NamespacesTx {
  const { namespaces } = tables;
  const get = (name: string): Namespace => ({ name, labels: namespaces.find(no_namespace, name)?.labels ?? {} });
  return {
    get,
    has: (name) => namespaces.has(no_namespace, name),
    list: () => namespaces.list(no_namespace).map(({ key: name, value: { labels } }) => ({ name, labels })),
    create({ name, labels: given }) {
      scope.requireAct();
      checkIdentifier(name);
      const labels = checkLabels('namespace.Labels', given);
      if (namespaces.has(no_namespace, name))
        throw new WherryError('AlreadyExists', `namespace ${JSON.stringify(name)}: already exists`);
      namespaces.put(no_namespace, name, { labels });
      publish(name, objectEvent.namespaceCreate(name, labels));
      return { name, labels };
    },
    update({ name, labels: given }, paths = []) {
      scope.requireAct();
      checkIdentifier(name);
      const labels = checkLabels('namespace.Labels', changed(get(name).labels, given, paths));
      namespaces.put(no_namespace, name, { labels });
      publish(name, objectEvent.namespaceUpdate(name, labels));
      return { name, labels };
    },
    delete(name) {
      scope.requireAct();
      const left = contentsOf(tables, name);
      if (left.length > 0) {
        throw new WherryError(
          'FailedPrecondition',
          `namespace ${JSON.stringify(name)} must be empty, but it still has ${left.join(', ')}: failed precondition`,
        );
      }
      if (!namespaces.delete(no_namespace, name))
        throw new WherryError('NotFound', `namespace ${JSON.stringify(name)}: not found`);
      for (const table of [tables.leases, tables.sandboxes])
        for (const { key } of table.list(name)) table.delete(name, key);
      scope.after(() => removed(name));
      publish(name, objectEvent.namespaceDelete(name));
    },
  };
}

function changed(labels: Labels, given: Labels, paths: readonly string[]): Labels {
  if (paths.length === 0) return given;
  const next: Record<string, string> = { ...labels };
  for (const path of paths) {
    const key = keyOfPath(path, 'labels');
    if (key === null) throw new WherryError('InvalidArgument', `cannot update ${JSON.stringify(path)} field`);
    next[key] = given[key] ?? '';
  }
  return next;
}

/** What is left in a namespace, as containerd names it. */
function contentsOf({ images, contents, containers, snapshots }: Tables, name: string): string[] {
  const left: string[] = [];
  if (images.any(name)) left.push('images');
  if (contents.any(name)) left.push('blobs');
  if (containers.any(name)) left.push('containers');
  for (const snapshotter of snapshotterNames) {
    if (snapshots.any(snapshotSpace(name, snapshotter))) left.push(`snapshots on "${snapshotter}" snapshotter`);
  }
  return left;
}
