import { archive_images_max, config_bytes_max, manifest_bytes_max } from '../limits/index.ts';
import type { ArchiveDocument, ArchiveImage, ArchiveManifest } from './archive-image.ts';
import { parseSaved } from './archive-docker.ts';
import { type ArchivePlace, type ArchiveSource, badArchive, findFile, readPlace } from './archive-source.ts';
import type { Descriptor } from './descriptor.ts';
import { algorithmOf, hexOf, verifyDigest } from './digest.ts';
import { type Manifest, parseManifest } from './manifest.ts';
import { isIndexType, isManifestType, mediaType } from './media-types.ts';
import { fullString, parseNormalized, withDefaultTag } from './reference.ts';

const nameAnnotation = 'io.containerd.image.name';
const refNameAnnotation = 'org.opencontainers.image.ref.name';
const index_depth_max = 4;

/**
 * Plans an OCI layout: every entry of `index.json` that is a manifest or an index is an image; entries for the same
 * content are one image with several names. image-spec, image-layout.md.
 */
export async function planLayout(
  source: ArchiveSource,
  indexBytes: Uint8Array,
  saved: Uint8Array | undefined,
): Promise<readonly ArchiveImage[]> {
  const index = parseManifest(indexBytes, mediaType.ociIndex, 'index.json');
  if (index.kind !== 'index') throw badArchive('its index.json is not an index');
  const savedNames = new Map<string, readonly string[]>();
  for (const image of saved === undefined ? [] : parseSaved(saved)) {
    savedNames.set(image.config.replace(/^blobs\/sha256\//, 'sha256:'), image.names);
  }

  const images = new Map<string, { image: ArchiveImage; names: Set<string> }>();
  for (const entry of index.manifests) {
    if (!isIndexType(entry.mediaType) && !isManifestType(entry.mediaType)) continue;
    let found = images.get(entry.digest);
    if (found === undefined) {
      if (images.size === archive_images_max) throw badArchive(`it has more than ${archive_images_max} images`);
      found = { image: await planImage(source, entry), names: new Set() };
      images.set(entry.digest, found);
    }
    const name = nameOf(entry);
    if (name !== undefined) found.names.add(name);
  }
  return [...images.values()].map(({ image, names }) => {
    const byConfig = image.manifests.flatMap(({ config }) => savedNames.get(config.descriptor.digest) ?? []);
    return { ...image, names: names.size > 0 ? [...names] : [...new Set(byConfig)] };
  });
}

/** The reference an entry of `index.json` is annotated with; a bare tag is no reference. */
function nameOf(entry: Descriptor): string | undefined {
  const full = entry.annotations?.[nameAnnotation];
  const short = entry.annotations?.[refNameAnnotation];
  const text = full ?? (short !== undefined && /[/:]/.test(short) ? short : undefined);
  return text === undefined ? undefined : fullString(withDefaultTag(parseNormalized(text)));
}

async function planImage(source: ArchiveSource, target: Descriptor): Promise<ArchiveImage> {
  const walk = new LayoutWalk(source);
  const isThere = await walk.visit(target, index_depth_max);
  if (!isThere) throw badArchive(`its index.json names ${target.digest}, which it does not have`);
  const [first] = walk.manifests;
  if (first === undefined) throw badArchive(`the image ${target.digest} has no manifest in the archive`);
  return {
    names: [],
    target: withoutNames(target),
    documents: [...walk.documents.values()],
    manifests: walk.manifests,
  };
}

/** Goes from an image's target down to its manifests. */
class LayoutWalk {
  readonly documents: Map<string, ArchiveDocument> = new Map();
  readonly manifests: ArchiveManifest[] = [];
  readonly #source: ArchiveSource;

  constructor(source: ArchiveSource) {
    this.#source = source;
  }

  /** Gives whether the archive has it; what an index points to may be missing, as when one platform was saved. */
  async visit(descriptor: Descriptor, depth: number): Promise<boolean> {
    if (this.documents.has(descriptor.digest)) return true;
    const bytes = await this.#read(descriptor, manifest_bytes_max);
    if (bytes === undefined) return false;
    const document = parseManifest(bytes, descriptor.mediaType, descriptor.digest);
    if (document.kind === 'manifest') {
      await this.#manifest(descriptor, document);
    } else {
      if (depth === 0) throw badArchive(`the image has indexes in indexes, more than ${index_depth_max} deep`);
      for (const child of document.manifests) {
        if (isIndexType(child.mediaType) || isManifestType(child.mediaType)) await this.visit(child, depth - 1);
      }
    }
    this.documents.set(descriptor.digest, { descriptor: withoutNames(descriptor), bytes });
    return true;
  }

  async #manifest(descriptor: Descriptor, manifest: Manifest): Promise<void> {
    const configBytes = await this.#read(manifest.config, config_bytes_max);
    if (configBytes === undefined) {
      throw badArchive(
        `manifest ${descriptor.digest} needs the config ${manifest.config.digest}, which it does not have`,
      );
    }
    const config = { descriptor: manifest.config, bytes: configBytes };
    this.documents.set(manifest.config.digest, config);
    const layers = manifest.layers.map((layer) => {
      const place = this.#place(layer);
      return place === undefined ? undefined : { descriptor: layer, place };
    });
    this.manifests.push({ descriptor: withoutNames(descriptor), manifest, config, layers });
  }

  async #read(descriptor: Descriptor, bytes_max: number): Promise<Uint8Array | undefined> {
    const place = this.#place(descriptor);
    if (place === undefined) return undefined;
    const bytes = await readPlace(this.#source, place, blobPath(descriptor), bytes_max);
    verifyDigest(bytes, descriptor.digest, `the blob ${blobPath(descriptor)} of the archive`, this.#source.digester);
    return bytes;
  }

  #place(descriptor: Descriptor): ArchivePlace | undefined {
    const place = findFile(this.#source.index, blobPath(descriptor));
    if (place === undefined || place.size === descriptor.size) return place;
    throw badArchive(`${blobPath(descriptor)} has ${place.size} bytes, its descriptor says ${descriptor.size}`);
  }
}

function blobPath({ digest }: Descriptor): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** A descriptor without the annotations that name an image in this archive only. */
function withoutNames({ annotations, ...descriptor }: Descriptor): Descriptor {
  if (annotations === undefined) return descriptor;
  const kept: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(annotations)) {
    if (name !== nameAnnotation && name !== refNameAnnotation) kept[name] = value;
  }
  return Object.keys(kept).length === 0 ? descriptor : { ...descriptor, annotations: kept };
}
