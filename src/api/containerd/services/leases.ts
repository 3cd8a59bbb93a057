import type { MessageInitShape } from '@bufbuild/protobuf';
import { randomBytes } from 'node:crypto';

import type { Core, Fields, Labels, Lease } from '../../../core/index.ts';
import type { ServiceHandlers } from '../../../wire/index.ts';
import type { leasesApi, LeasesService } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import { fieldsWithLabels, filtered, required, toTimestamp } from '../messages.ts';

/** containerd's Leases service. */
export function leasesService(core: Core): ServiceHandlers<typeof LeasesService> {
  return {
    async create({ id, labels }, call) {
      const namespace = namespaceOf(call);
      const fields = { id: id === '' ? randomId() : id, labels: withoutEmpty(labels) };
      return { lease: toMessage(await core.transact((tx) => tx.leases(namespace).create(fields))) };
    },
    async delete({ id, sync }, call) {
      const namespace = namespaceOf(call);
      await core.transact((tx) => tx.leases(namespace).delete(id));
      if (sync) await core.collect();
      else core.collectSoon();
      return {};
    },
    async list({ filters }, call) {
      const namespace = namespaceOf(call);
      const leases = core.read((tx) => tx.leases(namespace).list());
      return { leases: filtered(leases, filters, fieldsOf).map(toMessage) };
    },
    async addResource({ id, resource }, call) {
      const namespace = namespaceOf(call);
      const { type, id: name } = required(resource, 'resource');
      await core.transact((tx) => tx.leases(namespace).add(id, { type, id: name }));
      return {};
    },
    async deleteResource({ id, resource }, call) {
      const namespace = namespaceOf(call);
      const { type, id: name } = required(resource, 'resource');
      await core.transact((tx) => tx.leases(namespace).remove(id, { type, id: name }));
      core.collectSoon();
      return {};
    },
    async listResources({ id }, call) {
      const namespace = namespaceOf(call);
      const resources = core.read((tx) => tx.leases(namespace).resources(id));
      // Layers are our own and say nothing to containerd's clients.
      const told = resources.filter(({ type }) => type !== 'layers');
      return { resources: told.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)) };
    },
  };
}

function fieldsOf({ id, labels }: Lease): Fields {
  return fieldsWithLabels(labels, { id });
}

function placeOf({ type, id }: { type: string; id: string }): string {
  return `${type}\0${id}`;
}

/** As containerd's clients make them: nanoseconds and chance. */
function randomId(): string {
  return `${BigInt(Date.now()) * 1_000_000n}-${randomBytes(3).toString('base64url').slice(0, 4)}`;
}

function withoutEmpty(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

function toMessage({ id, labels, created_at }: Lease): MessageInitShape<typeof leasesApi.LeaseSchema> {
  return { id, labels: { ...labels }, createdAt: toTimestamp(created_at) };
}
