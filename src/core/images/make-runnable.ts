import { config_bytes_max } from '../../limits/index.ts';
import {
  type Descriptor,
  digestOf,
  isAttestation,
  isWasmImage,
  makeImage,
  type Manifest,
  mediaType,
  parseManifest,
  type Platform,
  platformMatch,
  type RunnableImage,
  runnableImage,
} from '../../oci/index.ts';
import { WherryError } from '../../errors/index.ts';
import { digester } from '../digester.ts';
import type { Content, Labels } from '../model.ts';
import type { ImageDestination, Unpack } from './image-destination.ts';
import { type PlatformChoice, chosenChildren } from './platform-choice.ts';
import { prepareLayers } from './prepare-layers.ts';
import { referenceLabels } from './references.ts';
import type { ImageScope } from './scope.ts';
import { addLabels, plainTarget, storeDocument } from './store-content.ts';
import { readDocument, walk, leadsOn } from './walk.ts';

/** The snapshotter that layers are made for when nobody names one: containerd's clients look for them there. */
const usual_snapshotter = 'overlayfs';

/**
 * Makes an image ready to run that is in the content: the layers of the platforms that are to be unpacked, and for a
 * Wasm artifact an ordinary image beside it. Gives what names are to point to.
 *
 * @throws WherryError for layers that cannot be read
 */
export async function makeRunnable(
  scope: ImageScope,
  target: Descriptor,
  { choice, unpacks }: Pick<ImageDestination, 'choice' | 'unpacks'>,
  lease: string,
): Promise<Descriptor> {
  if (unpacks.length > 0) {
    for (const { image, manifest } of await runnableImages(scope.space.content, target, choice)) {
      await unpack(scope, image, manifest, unpacks, lease);
    }
  }
  return await besideArtifact(scope, target, lease);
}

interface Found {
  readonly manifest: Manifest;
  readonly image: RunnableImage;
}

async function runnableImages(content: Content, target: Descriptor, choice: PlatformChoice): Promise<readonly Found[]> {
  const found: Found[] = [];
  await walk(target, async (descriptor) => {
    if (!leadsOn(descriptor) || isAttestation(descriptor) || !content.has(descriptor.digest)) return [];
    const document = await readDocument(content, descriptor);
    if (document.kind === 'index') return chosenChildren(descriptor, document, choice);
    const { config, layers } = document;
    if ([config, ...layers].every(({ digest }) => content.has(digest))) {
      const image = await readImage(content, document);
      if (image !== null) found.push({ manifest: document, image });
    }
    return [];
  });
  return found;
}

/** null for what is no image: an artifact of another kind may lie in the store, too. */
async function readImage(content: Content, manifest: Manifest): Promise<RunnableImage | null> {
  const { digest } = manifest.config;
  try {
    return runnableImage(manifest, await content.readAll(digest, config_bytes_max), digest);
  } catch (error) {
    if (error instanceof WherryError && error.class === 'InvalidArgument') return null;
    throw error;
  }
}

async function unpack(
  scope: ImageScope,
  image: RunnableImage,
  manifest: Manifest,
  unpacks: readonly Unpack[],
  lease: string,
): Promise<void> {
  const { core, space } = scope;
  // Wasm runs on every machine, whatever platform a client takes itself to be.
  const fits = ({ platform }: Unpack): boolean =>
    platform === null || isWasmImage(image) || platformMatch(platform, image.config.platform) > 0;
  const wanted = unpacks.filter(fits);
  if (wanted.length === 0) return;
  // Until there are snapshots of them nothing else holds the layers.
  await core.transact((tx) => {
    for (const { diffID } of image.layers) tx.leases(space.name).add(lease, { type: 'layers', id: diffID });
  });
  // A layer that is not what the config says is refused before anything is made of it.
  await prepareLayers(scope, image.layers);
  for (const { descriptor, diffID } of image.layers) {
    await addLabels(space.content, descriptor.digest, { 'containerd.io/uncompressed': diffID });
  }
  for (const name of new Set(wanted.map(({ snapshotter }) => (snapshotter === '' ? usual_snapshotter : snapshotter)))) {
    const chain = await space.snapshots(name).adopt(
      image.layers.map(({ diffID }) => diffID),
      { lease },
    );
    if (chain === '') continue;
    await addLabels(space.content, manifest.config.digest, { [`containerd.io/gc.ref.snapshot.${name}`]: chain });
  }
}

/**
 * What to name for a Wasm artifact, or for modules whose config does not say how they run: an index of the original,
 * which no client takes for its platform, and of an ordinary image of the same layers, which clients that know only
 * such images can run, also those that ask for this machine's platform. Anything else is named itself.
 */
async function besideArtifact({ space }: ImageScope, target: Descriptor, lease: string): Promise<Descriptor> {
  const { content } = space;
  if (!leadsOn(target)) return target;
  const document = await readDocument(content, target);
  if (document.kind === 'index' || !content.has(document.config.digest)) return target;
  const image = await readImage(content, document);
  if (image === null || image.form === 'image') return target;

  const made = makeImage(image, digester);
  // What holds the layers of the original holds them for this one, too.
  const { labels: original } = await content.info(document.config.digest);
  const held: Labels = Object.fromEntries(Object.entries(original).filter(([key]) => key.includes('gc.ref.snapshot.')));
  const config = { digest: made.configDigest, size: made.config.length };
  await storeDocument(content, config, made.config, { lease, labels: held });
  const labels = referenceLabels(parseManifest(made.manifest, made.target.mediaType, made.target.digest));
  await storeDocument(content, made.target, made.manifest, { lease, labels });
  const plain = plainTarget(made.target);
  const machine: Platform = { os: 'linux', architecture: machineArchitecture() };
  const unknown: Platform = { os: 'unknown', architecture: 'unknown' };
  const manifests: readonly Descriptor[] = [
    { ...plain, platform: image.config.platform },
    { ...plain, platform: machine },
    { ...plainTarget(target), platform: unknown, artifactType: document.artifactType ?? document.config.mediaType },
  ];
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests }));
  const { annotations } = target;
  const index: Descriptor = {
    mediaType: mediaType.ociIndex,
    digest: digestOf(bytes, digester),
    size: bytes.length,
    ...(annotations === undefined ? {} : { annotations }),
  };
  const referred = referenceLabels(parseManifest(bytes, mediaType.ociIndex, index.digest));
  await storeDocument(content, index, bytes, { lease, labels: referred });
  return index;
}

/** This machine's architecture by the name that images have for it. */
function machineArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
