import type { Core } from '../../../core/index.ts';
import type { ServiceHandlers } from '../../../wire/index.ts';
import type { NamespacesService } from '../../../wire/services.ts';
import { pathsOf, required } from '../messages.ts';

/** containerd's Namespaces service. */
export function namespacesService(core: Core): ServiceHandlers<typeof NamespacesService> {
  return {
    get: async ({ name }) => ({ namespace: core.read((tx) => tx.namespaces.get(name)) }),
    list: async () => ({ namespaces: core.read((tx) => [...tx.namespaces.list()]) }),
    async create({ namespace }) {
      const { name, labels } = required(namespace, 'namespace');
      await core.transact((tx) => tx.namespaces.create({ name, labels }));
      return { namespace: { name, labels } };
    },
    async update({ namespace, updateMask }) {
      const { name, labels } = required(namespace, 'namespace');
      const paths = pathsOf(updateMask);
      await core.transact((tx) => tx.namespaces.update({ name, labels }, paths));
      return {};
    },
    async delete({ name }) {
      await core.transact((tx) => tx.namespaces.delete(name));
      return {};
    },
  };
}
