import type { MessageInitShape } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';

import { type Core, parseFilters } from '../../../core/index.ts';
import { fromUnknown, isClass, WherryError } from '../../../errors/index.ts';
import { type ServiceHandlers, unpackMessage } from '../../../wire/index.ts';
import { type introspectionApi, type IntrospectionService, introspectionTypes } from '../../../wire/services.ts';
import { fromWireAny, present } from '../messages.ts';
import { type Plugin, plugins } from '../plugins.ts';

type PluginMessage = MessageInitShape<typeof introspectionApi.PluginSchema>;

/** containerd's Introspection service: what this server is made of, so that clients know what they may ask for. */
export function introspectionService(core: Core): ServiceHandlers<typeof IntrospectionService> {
  return {
    async plugins({ filters }) {
      const isWanted = readFilters(filters);
      const wanted = plugins.filter(({ type, id }) =>
        isWanted(([name]) => (name === 'type' ? present(type) : name === 'id' ? present(id) : undefined)),
      );
      return { plugins: wanted.map((plugin) => toMessage(core, plugin)) };
    },
    async server() {
      return {
        uuid: await serverId(core),
        pid: BigInt(process.pid),
        pidns: statSync('/proc/self/ns/pid', { bigint: true }).ino,
        deprecations: [],
      };
    },
    async pluginInfo({ type, id, options }) {
      const plugin = plugins.find((each) => each.type === type && each.id === id);
      if (plugin === undefined) throw new WherryError('NotFound', 'plugin not found: not found');
      const message = toMessage(core, plugin);
      if (options === undefined) return { plugin: message };
      if (type !== 'io.containerd.runtime.v2' || id !== 'task')
        throw new WherryError('Unimplemented', `plugin ${type}.${id} does not support PluginInfo with options`);
      const request = unpackMessage(options, introspectionTypes.RuntimeRequestSchema);
      const value = await core.runtimeInfo(request.runtimePath, fromWireAny(request.options));
      return { plugin: message, extra: { typeUrl: runtime_info, value: new Uint8Array(value) } };
    },
  };
}

/** The type of what a shim says of itself. */
const runtime_info = introspectionTypes.RuntimeInfoSchema.typeName;

/** Who this server is, as long as its data is there. */
async function serverId(core: Core): Promise<string> {
  const known = core.read((tx) => tx.records('containerd').get('uuid'));
  if (typeof known === 'string') return known;
  return core.transact((tx) => {
    const records = tx.records('containerd');
    const before = records.get('uuid');
    if (typeof before === 'string') return before;
    const made = randomUUID();
    records.put('uuid', made);
    return made;
  });
}

function readFilters(filters: readonly string[]): ReturnType<typeof parseFilters> {
  try {
    return parseFilters(filters);
  } catch (thrown) {
    if (!isClass(thrown, 'InvalidArgument')) throw thrown;
    throw new WherryError('InvalidArgument', `invalid argument: ${fromUnknown(thrown).message}`, { cause: thrown });
  }
}

function toMessage({ root }: Core, plugin: Plugin): PluginMessage {
  const { type, id, requires, on_platform, folder, capabilities, folder_is } = plugin;
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  return {
    type,
    id,
    requires: [...requires],
    platforms: on_platform ? [{ os: 'linux', architecture }] : [],
    exports: folder === '' ? {} : { [folder_is]: join(root, folder) },
    capabilities: [...capabilities],
  };
}
