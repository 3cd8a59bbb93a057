import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';

import {
  type Core,
  exportArchive,
  type ImageScope,
  importArchive,
  pull,
  push,
  tag,
  type TransferProgress,
  type TransferReport,
  withLease,
} from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { Platform } from '../../../oci/index.ts';
import { type CallContext, packMessage, type ServiceHandlers, unpackMessage } from '../../../wire/index.ts';
import {
  transferContainer,
  transferImagestore,
  transferImportexport,
  transferProgress,
  transferRegistry,
  type TransferService,
  transferStreaming,
} from '../../../wire/services.ts';
import { leaseOf, namespaceOf } from '../call.ts';
import { receiveBytes, sendBytes } from '../transfer/byte-streams.ts';
import { readDestination, readPlatform } from '../transfer/image-store.ts';
import { readRegistry, type RegistryEnd } from '../transfer/registry-source.ts';
import type { TransferStream, TransferStreams } from '../transfer/streams.ts';

/** What a transfer is from or to. */
type End =
  | { readonly kind: 'registry'; readonly registry: RegistryEnd }
  | { readonly kind: 'store'; readonly store: transferImagestore.ImageStore }
  | {
      readonly kind: 'import';
      readonly stream: TransferStream;
      readonly archive: transferImportexport.ImageImportStream;
    }
  | {
      readonly kind: 'export';
      readonly stream: TransferStream;
      readonly archive: transferImportexport.ImageExportStream;
    }
  | { readonly kind: 'other' };

/** Messages of transfers that no pair is made with here. */
const others: readonly DescMessage[] = [
  transferStreaming.DataSchema,
  transferStreaming.WindowUpdateSchema,
  transferStreaming.ReadStreamSchema,
  transferStreaming.WriteStreamSchema,
  transferContainer.ContainerPathSchema,
  transferProgress.ProgressSchema,
];

/** containerd's Transfer service: images between registries, this store, and archives on streams. */
export function transferService(core: Core, streams: TransferStreams): ServiceHandlers<typeof TransferService> {
  return {
    async transfer({ source, destination, options }, call) {
      const namespace = namespaceOf(call);
      const claimed: TransferStream[] = [];
      const claim = (id: string): TransferStream => {
        const stream = streams.claim(namespace, id);
        claimed.push(stream);
        return stream;
      };
      try {
        const progress = options?.progressStream ?? '';
        const report = progress === '' ? () => {} : reportOn(claim(progress));
        const ends = { from: readEnd(source, claim), to: readEnd(destination, claim) };
        const scope = { core, space: core.namespace(namespace) };
        const isDone = await transfer(scope, ends, { call, report });
        if (!isDone) throw noSuchPair(source, destination);
        return {};
      } finally {
        for (const stream of claimed) stream.close();
      }
    },
  };
}

interface Ends {
  readonly from: End;
  readonly to: End;
}

interface Surroundings {
  readonly call: CallContext;
  readonly report: TransferReport;
}

/** Gives false when there is no way from the one to the other. */
async function transfer(scope: ImageScope, { from, to }: Ends, { call, report }: Surroundings): Promise<boolean> {
  const { signal } = call;
  const held = async <T>(act: (lease: string) => Promise<T>): Promise<T> => {
    const lease = leaseOf(call);
    if (lease !== null) return await act(lease);
    const done = await withLease(scope, act);
    // What only the way here needed goes before the answer, as with containerd.
    await scope.core.collect();
    return done;
  };
  if (from.kind === 'registry' && to.kind === 'store') {
    const { name, client } = from.registry;
    const destination = readDestination(to.store);
    const reference = resolved(from.registry);
    await held((lease) => pull(scope, { reference, name, client, to: destination, lease, report, signal }));
    return true;
  }
  if (from.kind === 'import' && to.kind === 'store') {
    const bytes = receiveBytes(from.stream);
    const options = { to: readDestination(to.store), report, signal, compress: from.archive.forceCompress };
    await held((lease) => importArchive(scope, bytes, { ...options, lease }));
    return true;
  }
  if (from.kind !== 'store') return false;
  if (to.kind === 'registry') {
    const { name, client } = to.registry;
    await push(scope, { image: from.store.name, reference: to.registry.reference(), name, client, report, signal });
    return true;
  }
  if (to.kind === 'export') {
    report({ event: 'Exporting' });
    await exportImages(scope, from.store, to);
    report({ event: 'Completed export' });
    return true;
  }
  if (to.kind !== 'store') return false;
  const destination = readDestination(to.store);
  await tag(scope, from.store.name, destination);
  return true;
}

function resolved(registry: RegistryEnd): ReturnType<RegistryEnd['reference']> {
  try {
    return registry.reference();
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    throw new WherryError(error.class, `failed to resolve image: ${error.message}`, { cause: error });
  }
}

async function exportImages(
  { core, space }: ImageScope,
  { name, extraReferences }: transferImagestore.ImageStore,
  { archive, stream }: Extract<End, { kind: 'export' }>,
): Promise<void> {
  if (extraReferences.some(({ isPrefix }) => isPrefix)) {
    throw new WherryError('Unimplemented', 'prefix lookup on export not implemented: not implemented');
  }
  const names = [...(name === '' ? [] : [name]), ...extraReferences.map((reference) => reference.name)];
  const images = core.read((tx) => names.map((each) => tx.images(space.name).get(each)));
  const given = archive.platforms.map(readPlatform);
  await sendBytes(
    stream,
    exportArchive(space.content, {
      images: images.map((image) => ({ name: image.name, target: image.target })),
      platforms: given.length > 0 ? given : [thisMachine()],
      all_platforms: archive.allPlatforms,
      skip_compatibility_manifest: archive.skipCompatibilityManifest,
      skip_non_distributable: archive.skipNonDistributable,
      skip_missing: false,
    }),
  );
}

function thisMachine(): Platform {
  return { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
}

function readEnd(any: Any | undefined, claim: (id: string) => TransferStream): End {
  const type = any?.typeUrl ?? '';
  const read = <Schema extends DescMessage>(schema: Schema): MessageShape<Schema> | null =>
    any === undefined || type !== schema.typeName ? null : unpackMessage(any, schema);
  const registry = read(transferRegistry.OCIRegistrySchema);
  if (registry !== null) {
    const auth = registry.resolver?.authStream ?? '';
    return { kind: 'registry', registry: readRegistry(registry, auth === '' ? null : claim(auth)) };
  }
  const store = read(transferImagestore.ImageStoreSchema);
  if (store !== null) return { kind: 'store', store };
  const imported = read(transferImportexport.ImageImportStreamSchema);
  if (imported !== null) return { kind: 'import', archive: imported, stream: claim(imported.stream) };
  const exported = read(transferImportexport.ImageExportStreamSchema);
  if (exported !== null) return { kind: 'export', archive: exported, stream: claim(exported.stream) };
  if (others.some(({ typeName }) => typeName === type)) return { kind: 'other' };
  throw new WherryError('Unknown', `type with url ${type.slice(0, 200)}: not found`);
}

function reportOn(stream: TransferStream): TransferReport {
  return ({ event, name = '', parents = [], progress = 0, total = 0, descriptor }: TransferProgress) => {
    const message = {
      event,
      name,
      parents: [...parents],
      progress: BigInt(progress),
      total: BigInt(total),
      ...(descriptor === undefined
        ? {}
        : {
            desc: {
              mediaType: descriptor.mediaType,
              digest: descriptor.digest,
              size: BigInt(descriptor.size),
              annotations: { ...descriptor.annotations },
            },
          }),
    };
    stream.post(packMessage(transferProgress.ProgressSchema, message));
  };
}

function noSuchPair(source: Any | undefined, destination: Any | undefined): WherryError<'Unimplemented'> {
  const pair = `${source?.typeUrl ?? ''} to ${destination?.typeUrl ?? ''}`;
  return new WherryError('Unimplemented', `method Transfer not implemented for ${pair}`);
}
