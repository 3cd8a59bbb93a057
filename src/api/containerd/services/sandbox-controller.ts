import { create } from '@bufbuild/protobuf';
import { TimestampSchema } from '@bufbuild/protobuf/wkt';

import { type Core, type SandboxController, type SandboxFields } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { CallContext, ServiceHandlers } from '../../../wire/index.ts';
import type { SandboxControllerService, sandboxTypes } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import { fromWireAny, toTimestamp, toWireAny } from '../messages.ts';

/** The one controller that there is: sandboxes that shims run. */
const controller_name = 'shim';

/** The zero time of containerd's language, which its clients take for "not yet". */
const zero_time = create(TimestampSchema, { seconds: -62_135_596_800n });

/** containerd's sandbox Controller service: sandboxes that run. */
export function sandboxControllerService(core: Core): ServiceHandlers<typeof SandboxControllerService> {
  const controller = (sandboxer: string, call: CallContext): SandboxController => {
    if (sandboxer === '')
      throw new WherryError('InvalidArgument', 'invalid argument: sandbox controller name can not be empty');
    if (sandboxer !== controller_name)
      throw new WherryError('NotFound', `not found: failed to get sandbox controller by ${sandboxer}`);
    return core.namespace(namespaceOf(call)).sandboxes;
  };
  return {
    async create(request, call) {
      const { sandboxId, rootfs, options, netnsPath, annotations, sandbox, sandboxer } = request;
      const sandboxes = controller(sandboxer, call);
      const fields =
        sandbox === undefined
          ? core.read((tx) => tx.sandboxes(namespaceOf(call)).get(sandboxId))
          : fieldsOf(sandbox, sandboxId);
      await sandboxes.create(fields, {
        rootfs: rootfs.map(({ type, source, target, options: words }) => ({ type, source, target, options: words })),
        options: fromWireAny(options),
        netns_path: netnsPath,
        annotations,
      });
      return { sandboxId };
    },
    async start({ sandboxId, sandboxer }, call) {
      const { pid, created_at, address, version, spec } = await controller(sandboxer, call).start(sandboxId);
      return {
        sandboxId,
        pid,
        address,
        version,
        ...(created_at === null ? {} : { createdAt: toTimestamp(created_at) }),
        ...(spec === null ? {} : { spec: toWireAny(spec) }),
      };
    },
    async platform({ sandboxId, sandboxer }, call) {
      const { os, architecture, variant } = await controller(sandboxer, call).platform(sandboxId);
      return { platform: { os, architecture, variant } };
    },
    async stop({ sandboxId, timeoutSecs, sandboxer }, call) {
      await controller(sandboxer, call).stop(sandboxId, timeoutSecs);
      return {};
    },
    async wait({ sandboxId, sandboxer }, call) {
      const { exit_status, exited_at } = await controller(sandboxer, call).wait(sandboxId);
      return { exitStatus: exit_status, ...(exited_at === null ? {} : { exitedAt: toTimestamp(exited_at) }) };
    },
    async status({ sandboxId, verbose, sandboxer }, call) {
      const status = await controller(sandboxer, call).status(sandboxId, verbose);
      const { pid, state, info, created_at, exited_at, extra, address, version } = status;
      return {
        sandboxId,
        pid,
        state,
        info: { ...info },
        createdAt: created_at === null ? zero_time : toTimestamp(created_at),
        ...(exited_at === null ? {} : { exitedAt: toTimestamp(exited_at) }),
        extra: extra === null ? {} : toWireAny(extra),
        address,
        version,
      };
    },
    async shutdown({ sandboxId, sandboxer }, call) {
      await controller(sandboxer, call).shutdown(sandboxId);
      return {};
    },
    async metrics({ sandboxId, sandboxer }, call) {
      const found = await controller(sandboxer, call).metrics(sandboxId);
      if (found === null) return {};
      const { id, timestamp, data } = found;
      return {
        metrics: {
          id,
          ...(timestamp === null ? {} : { timestamp: toTimestamp(timestamp) }),
          ...(data === null ? {} : { data: toWireAny(data) }),
        },
      };
    },
    async update({ sandboxer, sandbox }, call) {
      controller(sandboxer, call);
      if (sandbox === undefined) throw new WherryError('Unknown', 'sandbox can not be nil');
      throw new WherryError('Unimplemented', 'Sandboxes that run cannot be changed: their shims have no call for it.');
    },
  };
}

function fieldsOf(sandbox: sandboxTypes.Sandbox, id: string): Pick<SandboxFields, 'id' | 'runtime' | 'spec'> {
  const { runtime, spec } = sandbox;
  return {
    id,
    runtime: { name: runtime?.name ?? '', options: fromWireAny(runtime?.options) },
    spec: fromWireAny(spec),
  };
}
