import { WherryError } from '../../errors/index.ts';
import { lease_resources_max } from '../../limits/index.ts';
import { digestFault } from '../digest-fault.ts';
import { expiryOf, gcLabel } from '../gc-labels.ts';
import type { Labels, Lease, LeaseResource, LeasesTx } from '../model.ts';
import { checkName } from '../names.ts';
import type { Ingests } from '../content/ingests.ts';
import type { LeaseRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface LeasesOptions {
  readonly table: Table<LeaseRow>;
  readonly scope: Scope;
  /** Sees to it that the namespace is there. */
  readonly touch: () => void;
  /** An ingest knows by itself which leases hold it. */
  readonly ingests: Ingests;
}

/** The leases of one namespace. */
export function createLeases(namespace: string, { table, scope, touch, ingests }: LeasesOptions): LeasesTx {
  const row = (id: string): LeaseRow => {
    const found = table.find(namespace, id);
    if (found === null) throw new WherryError('NotFound', `lease ${JSON.stringify(id)}: not found`);
    return found;
  };
  return {
    get: (id) => toLease(id, row(id)),
    has: (id) => table.has(namespace, id),
    create({ id, labels: given = {}, expires_at }) {
      scope.requireAct();
      checkName('a lease', id);
      if (table.has(namespace, id))
        throw new WherryError('AlreadyExists', `lease ${JSON.stringify(id)}: already exists`);
      touch();
      const labels: Labels =
        expires_at === undefined || gcLabel.expire in given
          ? given
          : { ...given, [gcLabel.expire]: expires_at.toISOString() };
      const made: LeaseRow = {
        labels,
        created_at: new Date().toISOString(),
        expires_at: expiryOf(labels)?.toISOString() ?? null,
        resources: [],
      };
      table.put(namespace, id, made);
      return toLease(id, made);
    },
    delete(id) {
      scope.requireAct();
      if (!table.delete(namespace, id)) throw new WherryError('NotFound', `lease ${JSON.stringify(id)}: not found`);
    },
    list: () => table.list(namespace).map(({ key, value }) => toLease(key, value)),
    add(id, resource) {
      scope.requireAct();
      const before = row(id);
      const { type, id: name } = checkedResource(resource);
      if (before.resources.some((each) => each.type === type && each.id === name)) return;
      if (before.resources.length >= lease_resources_max) {
        throw new WherryError(
          'ResourceExhausted',
          `Cannot add to the lease ${JSON.stringify(id)}: it has ${lease_resources_max} resources. Use another.`,
        );
      }
      table.put(namespace, id, { ...before, resources: [...before.resources, { type, id: name }] });
    },
    remove(id, resource) {
      scope.requireAct();
      const before = row(id);
      const { type, id: name } = checkedResource(resource);
      const resources = before.resources.filter((each) => each.type !== type || each.id !== name);
      if (resources.length < before.resources.length) table.put(namespace, id, { ...before, resources });
      if (type === 'ingests') ingests.find(namespace, name)?.leases.delete(id);
    },
    resources(id) {
      const { resources } = row(id);
      const written = ingests.heldBy(namespace, id).filter((ref) => !resources.some(isIngest(ref)));
      return [...resources, ...written.map((ref) => ({ type: 'ingests', id: ref }))];
    },
  };
}

function isIngest(ref: string): (resource: LeaseResource) => boolean {
  return ({ type, id }) => type === 'ingests' && id === ref;
}

/**
 * A resource that a lease may hold.
 *
 * @throws WherryError InvalidArgument, Unimplemented, in containerd's words
 */
function checkedResource(resource: LeaseResource): LeaseResource {
  const { type, id } = resource;
  const refuse = (reason: string): never => {
    throw new WherryError('InvalidArgument', `${reason}: invalid argument`);
  };
  const parts = type.split('/');
  switch (parts[0]) {
    case 'layers':
    case 'content':
    case 'ingests':
    case 'images': {
      if (parts.length !== 1) refuse(`invalid resource type ${type}`);
      const fault = parts[0] === 'content' ? digestFault(id) : null;
      if (fault !== null) refuse(`invalid content resource id ${id}: ${fault}`);
      break;
    }
    case 'snapshots':
      if (parts.length !== 2) refuse(`invalid snapshot resource type ${type}`);
      break;
    default:
      throw new WherryError('Unimplemented', `resource type ${type} not supported yet: not implemented`);
  }
  checkName('a resource', id);
  return resource;
}

/** Rows of an older version have their expiry beside the labels. */
function toLease(id: string, row: LeaseRow): Lease {
  const labels =
    row.expires_at === null || gcLabel.expire in row.labels
      ? row.labels
      : { ...row.labels, [gcLabel.expire]: row.expires_at };
  return { id, labels, created_at: new Date(row.created_at), expires_at: expiryOf(labels) };
}
