import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';

import type { Core, Fields, Snapshot, Snapshotter } from '../../../core/index.ts';
import type { CallContext, ServiceHandlers } from '../../../wire/index.ts';
import { snapshotsApi, type SnapshotsService } from '../../../wire/services.ts';
import { leaseOf, namespaceOf } from '../call.ts';
import { fieldsWithLabels, filtered, pathsOf } from '../messages.ts';
import { printMounts } from '../mounts.ts';

const kinds = {
  active: snapshotsApi.Kind.ACTIVE,
  view: snapshotsApi.Kind.VIEW,
  committed: snapshotsApi.Kind.COMMITTED,
} as const;

/** How many a message of a list has. containerd's. */
const infos_per_message = 100;

/** containerd's Snapshots service. */
export function snapshotsService(core: Core): ServiceHandlers<typeof SnapshotsService> {
  const snapshotter = (call: CallContext, name: string): Snapshotter =>
    core.namespace(namespaceOf(call)).snapshots(name);
  return {
    async prepare({ snapshotter: name, key, parent, labels }, call) {
      const mounts = await snapshotter(call, name).prepare(key, parent, { labels, ...leaseOption(call) });
      return { mounts: printMounts(mounts) };
    },
    async view({ snapshotter: name, key, parent, labels }, call) {
      const mounts = await snapshotter(call, name).view(key, parent, { labels, ...leaseOption(call) });
      return { mounts: printMounts(mounts) };
    },
    async mounts({ snapshotter: name, key }, call) {
      return { mounts: printMounts(await snapshotter(call, name).mounts(key)) };
    },
    async commit({ snapshotter: name, name: committed, key, labels, parent }, call) {
      await snapshotter(call, name).commit(committed, key, { labels, parent, ...leaseOption(call) });
      return {};
    },
    async remove({ snapshotter: name, key }, call) {
      await snapshotter(call, name).remove(key, leaseOption(call));
      core.collectSoon();
      return {};
    },
    async stat({ snapshotter: name, key }, call) {
      return { info: print(await snapshotter(call, name).stat(key)) };
    },
    async update({ snapshotter: name, info, updateMask }, call) {
      const { name: key = '', labels = {} } = info ?? {};
      return { info: print(await snapshotter(call, name).update(key, labels, pathsOf(updateMask))) };
    },
    async *list({ snapshotter: name, filters }, call) {
      const all = filtered(await snapshotter(call, name).list(), filters, fieldsOf);
      for (let at = 0; at < all.length; at += infos_per_message) {
        yield { info: all.slice(at, at + infos_per_message).map((snapshot) => print(snapshot)) };
      }
    },
    async usage({ snapshotter: name, key }, call) {
      const { size, inodes } = await snapshotter(call, name).usage(key);
      return { size: BigInt(size), inodes: BigInt(inodes) };
    },
    async cleanup({ snapshotter: name }, call) {
      await snapshotter(call, name).cleanup();
      return {};
    },
  };
}

function leaseOption(call: CallContext): { readonly lease?: string } {
  const lease = leaseOf(call);
  return lease === null ? {} : { lease };
}

function fieldsOf({ key, parent, kind, labels }: Snapshot): Fields {
  return fieldsWithLabels(labels, { kind, name: key, parent });
}

function print({
  key,
  parent,
  kind,
  labels,
  created_at,
  updated_at,
}: Snapshot): MessageInitShape<typeof snapshotsApi.InfoSchema> {
  return {
    name: key,
    parent,
    kind: kinds[kind],
    labels,
    createdAt: timestampFromDate(created_at),
    updatedAt: timestampFromDate(updated_at),
  };
}
