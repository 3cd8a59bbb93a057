import type { MessageInitShape } from '@bufbuild/protobuf';

import type { Activation, Core, Fields } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { ServiceHandlers } from '../../../wire/index.ts';
import type { MountsService, mountTypes } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import { fieldsWithLabels, filtered, toTimestamp } from '../messages.ts';
import { mountsOf, printMounts } from '../mounts.ts';

/** containerd's Mounts service, which newer clients ask before they mount by themselves. */
export function mountsService(core: Core): ServiceHandlers<typeof MountsService> {
  return {
    async activate({ name, mounts, labels, temporary }, call) {
      const { activations } = core.namespace(namespaceOf(call));
      return { info: print(await activations.activate(name, mountsOf(mounts), labels, temporary)) };
    },
    async deactivate({ name }, call) {
      await core.namespace(namespaceOf(call)).activations.deactivate(name);
      return {};
    },
    async info({ name }, call) {
      return { info: print(core.namespace(namespaceOf(call)).activations.info(name)) };
    },
    async update() {
      throw new WherryError('Unimplemented', 'not implemented');
    },
    async *list({ filters }, call) {
      const all = core.namespace(namespaceOf(call)).activations.list();
      for (const activation of filtered(all, filters, fieldsOf)) yield { info: print(activation) };
    },
  };
}

function fieldsOf({ name, labels }: Activation): Fields {
  return fieldsWithLabels(labels, { name });
}

function print({ name, active, system, labels }: Activation): MessageInitShape<typeof mountTypes.ActivationInfoSchema> {
  return {
    name,
    active: active.map(({ mount, mount_point, mounted_at }) => ({
      mount: printMounts([mount])[0]!,
      mountPoint: mount_point,
      mountedAt: toTimestamp(mounted_at),
    })),
    system: printMounts(system),
    labels,
  };
}
