import type { MessageInitShape } from '@bufbuild/protobuf';

import type { Container, ContainerFields, Core, Fields } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { CallContext, ServiceHandlers } from '../../../wire/index.ts';
import type { containersApi, ContainersService } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import {
  fieldsWithLabels,
  filtered,
  fromWireAny,
  fromWireAnys,
  pathsOf,
  required,
  toTimestamp,
  toWireAny,
  toWireAnys,
} from '../messages.ts';

/** containerd's Containers service: what containers are, not what runs. */
export function containersService(core: Core): ServiceHandlers<typeof ContainersService> {
  const list = (filters: readonly string[], call: CallContext): readonly Container[] =>
    filtered(core.namespace(namespaceOf(call)).containers(), filters, fieldsOf);
  return {
    async get({ id }, call) {
      const namespace = namespaceOf(call);
      return { container: toMessage(core.read((tx) => tx.containers(namespace).get(id))) };
    },
    list: async ({ filters }, call) => ({ containers: list(filters, call).map(toMessage) }),
    async *listStream({ filters }, call) {
      for (const container of list(filters, call)) yield { container: toMessage(container) };
    },
    async create({ container }, call) {
      const namespace = namespaceOf(call);
      const fields = fromMessage(required(container, 'container'));
      return { container: toMessage(await core.transact((tx) => tx.containers(namespace).create(fields))) };
    },
    async update({ container, updateMask }, call) {
      const namespace = namespaceOf(call);
      const fields = fromMessage(required(container, 'container'));
      if (fields.id === '') throw new WherryError('InvalidArgument', 'Container.ID required');
      const paths = pathsOf(updateMask);
      return { container: toMessage(await core.transact((tx) => tx.containers(namespace).update(fields, paths))) };
    },
    async delete({ id }, call) {
      const namespace = namespaceOf(call);
      await core.transact((tx) => tx.containers(namespace).delete(id));
      core.collectSoon();
      return {};
    },
  };
}

function fieldsOf({ id, runtime, image, labels }: Container): Fields {
  return fieldsWithLabels(labels, { id, 'runtime.name': runtime, image });
}

function fromMessage(container: containersApi.Container): ContainerFields {
  const { id, labels, image, runtime, spec, snapshotter, snapshotKey, extensions, sandbox } = container;
  return {
    id,
    labels,
    image,
    runtime: runtime?.name ?? '',
    runtime_options: fromWireAny(runtime?.options),
    spec: fromWireAny(spec) ?? { type_url: '', value: new Uint8Array() },
    snapshotter,
    snapshot_key: snapshotKey,
    extensions: fromWireAnys(extensions),
    sandbox_id: sandbox,
  };
}

function toMessage(container: Container): MessageInitShape<typeof containersApi.ContainerSchema> {
  const { id, labels, image, runtime, runtime_options, spec, snapshotter, snapshot_key, sandbox_id } = container;
  return {
    id,
    labels: { ...labels },
    image,
    runtime: { name: runtime, ...(runtime_options === null ? {} : { options: toWireAny(runtime_options) }) },
    ...(spec.type_url === '' && spec.value.length === 0 ? {} : { spec: toWireAny(spec) }),
    snapshotter,
    snapshotKey: snapshot_key,
    createdAt: toTimestamp(container.created_at),
    updatedAt: toTimestamp(container.updated_at),
    extensions: toWireAnys(container.extensions),
    sandbox: sandbox_id,
  };
}
