import { WherryError } from '../errors/index.ts';
import { manifest_bytes_max } from '../limits/index.ts';
import { planDockerArchive } from './archive-docker.ts';
import type { ArchiveBlob, ArchiveDocument, ArchiveImage } from './archive-image.ts';
import { type ArchivePlace, type ArchiveSource, badArchive, findFile, readDocument } from './archive-source.ts';
import { encodeUtf8 } from './bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { algorithmOf, digestOf, hexOf } from './digest.ts';
import { JsonFields } from './json-fields.ts';
import { mediaType } from './media-types.ts';

/** An archive as containerd takes it: one index, and blobs that it leads to. */
export interface ArchiveIndex {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  /** Documents that were made here because the archive's form has none. */
  readonly made: readonly ArchiveDocument[];
  /** Where a blob lies; undefined when the archive does not have it. */
  place(digest: string): ArchivePlace | undefined;
}

/** Stores a plain layer of an archive compressed; gives what it then is. */
export type CompressLayer = (layer: ArchiveBlob) => Promise<Descriptor>;

/**
 * Reads the index of an archive: the `index.json` of an OCI layout, or one made of what `docker save` wrote before it
 * wrote layouts; `compress` is asked for the plain layers of such a one. Nothing is checked against its digest yet.
 *
 * @throws WherryError InvalidArgument for what is no image archive, with containerd's texts where it has some
 */
export async function readArchiveIndex(source: ArchiveSource, compress?: CompressLayer): Promise<ArchiveIndex> {
  const layout = await readDocument(source, 'oci-layout', manifest_bytes_max);
  if (layout === undefined) return await fromSaved(source, compress);
  const version = JsonFields.parse(layout, 'the file oci-layout', manifest_bytes_max).string('imageLayoutVersion');
  if (version !== '1.0.0') throw badArchive(`unsupported OCI version ${JSON.stringify(version)}`);
  const bytes = await readDocument(source, 'index.json', manifest_bytes_max);
  if (bytes === undefined) throw badArchive('missing index.json in OCI layout 1.0.0');
  return {
    descriptor: describe(mediaType.ociIndex, bytes, source),
    bytes,
    made: [],
    place: (digest) => findFile(source.index, `blobs/${algorithmOf(digest)}/${hexOf(digest)}`),
  };
}

async function fromSaved(source: ArchiveSource, compress: CompressLayer | undefined): Promise<ArchiveIndex> {
  const saved = await readDocument(source, 'manifest.json', manifest_bytes_max);
  if (saved === undefined) throw new WherryError('InvalidArgument', 'unrecognized image format');
  const images = await planDockerArchive(source, saved);
  const places = new Map<string, ArchivePlace>();
  const made = new Map<string, ArchiveDocument>();
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const {
      target,
      names,
      documents,
      manifests: own,
    } = compress === undefined ? image : await compressed(image, source, compress);
    for (const document of documents) made.set(document.descriptor.digest, document);
    for (const layer of own.flatMap(({ layers }) => layers)) {
      if (layer !== undefined) places.set(layer.descriptor.digest, layer.place);
    }
    if (names.length === 0) manifests.push(inOrder(target));
    for (const name of names) manifests.push(inOrder({ ...target, annotations: nameAnnotations(name) }));
  }
  const bytes = encodeUtf8(JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests }));
  return {
    descriptor: describe(mediaType.ociIndex, bytes, source),
    bytes,
    made: [...made.values()],
    place: (digest) => places.get(digest),
  };
}

/** An image of which each manifest has its plain layers compressed. */
async function compressed(image: ArchiveImage, source: ArchiveSource, compress: CompressLayer): Promise<ArchiveImage> {
  const [only] = image.manifests;
  if (only === undefined) return image;
  const layers: Descriptor[] = [];
  for (const layer of only.layers) {
    if (layer === undefined) return image;
    layers.push(layer.descriptor.mediaType === mediaType.dockerLayer ? await compress(layer) : layer.descriptor);
  }
  const type = mediaType.dockerManifest;
  const config = only.config.descriptor;
  const bytes = encodeUtf8(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers }));
  const { platform } = image.target;
  const target = { ...describe(type, bytes, source), ...(platform === undefined ? {} : { platform }) };
  const kept = only.layers.map((layer, i) => (layer?.descriptor.digest === layers[i]!.digest ? layer : undefined));
  return {
    ...image,
    target,
    documents: [only.config, { descriptor: target, bytes }],
    manifests: [{ ...only, descriptor: target, layers: kept }],
  };
}

function describe(type: string, bytes: Uint8Array, { digester }: ArchiveSource): Descriptor {
  return { mediaType: type, digest: digestOf(bytes, digester), size: bytes.length };
}

/** The annotations by which an entry of an archive's index says what it is called. */
export function nameAnnotations(name: string): Readonly<Record<string, string>> {
  return { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': tagOf(name) };
}

/** What the image specification calls a reference's name: what stands behind the path, a tag most times. */
function tagOf(name: string): string {
  const slash = name.indexOf('/');
  const host = slash < 0 ? name : name.slice(0, slash);
  if (!/^[^\s:@]+(:\d+)?$/.test(host)) return name;
  const rest = slash < 0 ? '' : name.slice(slash + 1);
  const at = rest.search(/[:@]/);
  return at < 0 ? '' : rest.slice(rest[at] === ':' ? at + 1 : at);
}

/** A descriptor with its fields in the order that image-spec's own library writes them in. */
export function inOrder(descriptor: Descriptor): Descriptor {
  const { mediaType: type, digest, size, urls, annotations, platform, artifactType } = descriptor;
  const sorted = annotations === undefined ? [] : Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    mediaType: type,
    digest,
    size,
    ...(urls === undefined ? {} : { urls }),
    ...(sorted.length === 0 ? {} : { annotations: Object.fromEntries(sorted) }),
    ...(platform === undefined ? {} : { platform: platformInOrder(platform) }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

function platformInOrder({
  architecture,
  os,
  variant,
  ...more
}: NonNullable<Descriptor['platform']>): NonNullable<Descriptor['platform']> {
  const version = more['os.version'];
  return {
    architecture,
    os,
    ...(version === undefined ? {} : { 'os.version': version }),
    ...(variant === undefined ? {} : { variant }),
  };
}
