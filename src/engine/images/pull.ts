import {
  plainTarget,
  prepareLayers,
  referenceLabels,
  sourceLabel,
  storeDocument,
  withLease,
} from '../../core/index.ts';
import { isClass, WherryError } from '../../errors/index.ts';
import { config_bytes_max, layers_pulled_at_once_max } from '../../limits/index.ts';
import {
  chooseManifest,
  defaultPlatforms,
  type Descriptor,
  familiarName,
  familiarString,
  type FetchedManifest,
  formatPlatform,
  fullString,
  type Index,
  type Manifest,
  parseManifest,
  type Platform,
  platformMatch,
  type Reference,
  type RegistryClient,
  type RunnableImage,
  runnableImage,
  withDigest,
} from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { hostArchitecture } from './host-architecture.ts';
import { nameImage } from './name-image.ts';
import type { Report } from './progress.ts';
import { pullLayer } from './pull-layer.ts';

export interface PullOptions {
  /** Normalised, with a tag or a digest. */
  readonly reference: Reference;
  /** null: Wasm, else Linux for this machine. */
  readonly platform: Platform | null;
  readonly client: RegistryClient;
  readonly report: Report;
  readonly signal?: AbortSignal;
}

/** A manifest or index as it came. */
interface Fetched<Kind extends Manifest | Index = Manifest | Index> extends FetchedManifest {
  readonly document: Kind;
}

/**
 * Pulls an image from its registry; gives what its name points to. It becomes visible when all of it is there. What a
 * broken pull has fetched is gone on with by the next one.
 *
 * @throws WherryError with Docker's texts; before the first report when the registry does not give the image out
 */
export async function pullImage(context: ImagesContext, options: PullOptions): Promise<Descriptor> {
  const { reference, client, report, signal } = options;
  if (reference.domain === 'docker.io' && reference.path === 'library/scratch') {
    throw new WherryError('PermissionDenied', "'scratch' is a reserved name");
  }
  const top = await fetchDocument(client, reference, null, signal);
  const index = top.document.kind === 'index' ? top : null;
  const manifest = await imageManifest(top, options);
  const shown = familiarString(reference);
  const config = await client.fetchDocument(reference, manifest.document.config, config_bytes_max, signal);
  const image = runnableImage(manifest.document, config, shown);
  requirePlatform(image, options.platform, index);

  report({ status: `Pulling from ${reference.path}`, id: reference.tag ?? reference.digest ?? '' });
  const name = fullString(reference);
  const before = context.space.findImage(name);
  // As in Docker, nothing is said of layers when all are there.
  const has_layers = image.layers.every(({ descriptor }) => context.space.content.has(descriptor.digest));
  const tell: Report = has_layers ? () => {} : report;
  await withLease(context, async (lease) => {
    await inTurn(image.layers, layers_pulled_at_once_max, signal, async (layer, stop) => {
      await pullLayer(context, { reference, client, report: tell, layer, lease, signal: stop });
    });
    await prepareLayers(context, image.layers);
    const { content } = context.space;
    const source = sourceLabel(reference.domain, reference.path);
    await storeDocument(content, manifest.document.config, config, { lease, labels: source });
    for (const { descriptor, bytes, document } of index === null ? [manifest] : [manifest, index]) {
      await storeDocument(content, descriptor, bytes, { lease, labels: { ...source, ...referenceLabels(document) } });
    }
    await context.core.transact((tx) => nameImage(tx, context.space.name, plainTarget(top.descriptor), [name]));
  });

  report({ status: `Digest: ${top.descriptor.digest}` });
  const isSame = before?.target.digest === top.descriptor.digest && has_layers;
  report({ status: `Status: ${isSame ? 'Image is up to date' : 'Downloaded newer image'} for ${shown}` });
  return plainTarget(top.descriptor);
}

async function fetchDocument(
  client: RegistryClient,
  reference: Reference,
  descriptor: Descriptor | null,
  signal: AbortSignal | undefined,
): Promise<Fetched> {
  const fetched = await client.fetchManifest(reference, signal);
  if (descriptor !== null && descriptor.size !== fetched.descriptor.size) {
    const sizes = `${fetched.descriptor.size} bytes, its index says ${descriptor.size}`;
    throw new WherryError(
      'DataLoss',
      `cannot pull ${familiarName(reference)}: manifest ${descriptor.digest} has ${sizes}`,
    );
  }
  const { mediaType } = descriptor ?? fetched.descriptor;
  return { ...fetched, document: parseManifest(fetched.bytes, mediaType, familiarString(reference)) };
}

/** The manifest for the platform; indexes in an index are followed once. */
async function imageManifest(
  top: Fetched,
  { reference, platform, client, signal }: PullOptions,
): Promise<Fetched<Manifest>> {
  const wanted = platform === null ? defaultPlatforms(hostArchitecture) : [platform];
  let fetched = top;
  for (let depth = 0; depth < 2 && fetched.document.kind === 'index'; depth++) {
    const chosen = chooseAmong(fetched.document, wanted, platform);
    fetched = await fetchDocument(client, withDigest(reference, chosen.digest), chosen, signal);
  }
  if (isManifest(fetched)) return fetched;
  throw new WherryError('InvalidArgument', `cannot pull ${familiarString(reference)}: its index holds only indexes`);
}

/** As `chooseManifest`; for a platform that a user asked for with Docker's text alone. */
function chooseAmong(index: Index, wanted: readonly Platform[], asked: Platform | null): Descriptor {
  try {
    return chooseManifest(index, wanted);
  } catch (cause) {
    if (asked === null || !isClass(cause, 'NotFound')) throw cause;
    throw new WherryError(
      'NotFound',
      `no matching manifest for ${formatPlatform(asked)} in the manifest list entries: ` +
        'no match for platform in manifest: not found',
      { cause },
    );
  }
}

function isManifest(fetched: Fetched): fetched is Fetched<Manifest> {
  return fetched.document.kind === 'manifest';
}

/** An image without an index says only in its config what it is for. */
function requirePlatform({ config }: RunnableImage, platform: Platform | null, index: Fetched | null): void {
  if (platform === null || index !== null || platformMatch(platform, config.platform) > 0) return;
  throw new WherryError(
    'NotFound',
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries: the image is for ` +
      formatPlatform(config.platform),
  );
}

/** Calls `act` for each item, for at most `at_once` of them at a time. The first failure stops the rest and is thrown. */
async function inTurn<T>(
  items: readonly T[],
  at_once: number,
  outside: AbortSignal | undefined,
  act: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const left = [...items];
  const stop = new AbortController();
  const signal = outside === undefined ? stop.signal : AbortSignal.any([outside, stop.signal]);
  let failure: { readonly thrown: unknown } | null = null;
  const work = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined && failure === null; item = left.shift()) {
      try {
        await act(item, signal);
      } catch (thrown) {
        failure ??= { thrown };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(at_once, items.length) }, work));
  if (failure !== null) throw (failure as { readonly thrown: unknown }).thrown;
}
