import type { MessageInitShape } from '@bufbuild/protobuf';

import type { Core, Fields, Sandbox, SandboxFields } from '../../../core/index.ts';
import type { ServiceHandlers } from '../../../wire/index.ts';
import type { SandboxStoreService, sandboxTypes } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import {
  fieldsWithLabels,
  filtered,
  fromWireAny,
  fromWireAnys,
  required,
  toTimestamp,
  toWireAny,
  toWireAnys,
} from '../messages.ts';

/** containerd's sandbox Store service: what sandboxes are, not what runs. */
export function sandboxStoreService(core: Core): ServiceHandlers<typeof SandboxStoreService> {
  return {
    async create({ sandbox }, call) {
      const namespace = namespaceOf(call);
      const fields = fromMessage(required(sandbox, 'sandbox'));
      return { sandbox: toMessage(await core.transact((tx) => tx.sandboxes(namespace).create(fields))) };
    },
    async update({ sandbox, fields: paths }, call) {
      const namespace = namespaceOf(call);
      const fields = fromMessage(required(sandbox, 'sandbox'));
      return { sandbox: toMessage(await core.transact((tx) => tx.sandboxes(namespace).update(fields, paths))) };
    },
    async delete({ sandboxId }, call) {
      const namespace = namespaceOf(call);
      await core.transact((tx) => tx.sandboxes(namespace).delete(sandboxId));
      return {};
    },
    async list({ filters }, call) {
      const namespace = namespaceOf(call);
      const sandboxes = core.read((tx) => tx.sandboxes(namespace).list());
      return { list: filtered(sandboxes, filters, fieldsOf).map(toMessage) };
    },
    async get({ sandboxId }, call) {
      const namespace = namespaceOf(call);
      return { sandbox: toMessage(core.read((tx) => tx.sandboxes(namespace).get(sandboxId))) };
    },
  };
}

function fieldsOf({ id, labels }: Sandbox): Fields {
  return fieldsWithLabels(labels, { id });
}

function fromMessage(sandbox: sandboxTypes.Sandbox): SandboxFields {
  const { sandboxId: id, runtime, spec, labels, extensions, sandboxer } = sandbox;
  return {
    id,
    runtime: { name: runtime?.name ?? '', options: fromWireAny(runtime?.options) },
    spec: fromWireAny(spec),
    labels,
    extensions: fromWireAnys(extensions),
    sandboxer,
  };
}

function toMessage(sandbox: Sandbox): MessageInitShape<typeof sandboxTypes.SandboxSchema> {
  const { id, runtime, spec, labels, extensions, sandboxer, created_at, updated_at } = sandbox;
  return {
    sandboxId: id,
    runtime: {
      name: runtime.name,
      ...(runtime.options === null ? {} : { options: toWireAny(runtime.options) }),
    },
    ...(spec === null ? {} : { spec: toWireAny(spec) }),
    labels: { ...labels },
    extensions: toWireAnys(extensions),
    sandboxer,
    createdAt: toTimestamp(created_at),
    updatedAt: toTimestamp(updated_at),
  };
}
