import { archive_images_max, config_bytes_max, layers_per_image_max, manifest_bytes_max } from '../limits/index.ts';
import type { ArchiveBlob, ArchiveDocument, ArchiveImage } from './archive-image.ts';
import { type ArchivePlace, type ArchiveSource, badArchive, findFile, readPlace } from './archive-source.ts';
import { encodeUtf8 } from './bytes.ts';
import { compressionOf } from './compression.ts';
import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';
import { parseImageConfig } from './image-config.ts';
import { JsonFields } from './json-fields.ts';
import { parseManifest } from './manifest.ts';
import { mediaType } from './media-types.ts';
import { fullString, parseNormalized, withDefaultTag } from './reference.ts';

/** One image as `manifest.json` lists it: paths into the archive, and names. */
export interface SavedImage {
  readonly config: string;
  readonly layers: readonly string[];
  /** Full references. */
  readonly names: readonly string[];
}

/** Reads the `manifest.json` that `docker save` writes. */
export function parseSaved(bytes: Uint8Array): readonly SavedImage[] {
  return JsonFields.parseList(bytes, 'manifest.json', manifest_bytes_max, archive_images_max).map((image) => ({
    config: image.string('Config'),
    layers: image.strings('Layers') ?? [],
    names: (image.strings('RepoTags') ?? []).map(savedName),
  }));
}

function savedName(text: string): string {
  return fullString(withDefaultTag(parseNormalized(text)));
}

/**
 * Plans an archive of `docker save` without an OCI layout. Its images have no manifests; each gets one made of its
 * config and layers, in Docker's media types.
 */
export async function planDockerArchive(source: ArchiveSource, saved: Uint8Array): Promise<readonly ArchiveImage[]> {
  const images: ArchiveImage[] = [];
  const digests = new Map<number, string>();
  for (const image of parseSaved(saved)) images.push(await planSaved(source, image, digests));
  return images;
}

async function planSaved(
  source: ArchiveSource,
  saved: SavedImage,
  digests: Map<number, string>,
): Promise<ArchiveImage> {
  const name = saved.names[0] ?? saved.config;
  const configBytes = await readPlace(source, requireFile(source, saved.config), saved.config, config_bytes_max);
  const config = parseImageConfig(configBytes, name);
  if (saved.layers.length > layers_per_image_max) {
    throw badArchive(`${name} has ${saved.layers.length} layers, more than ${layers_per_image_max}`);
  }
  if (saved.layers.length !== config.diffIDs.length) {
    const counts = `expected ${config.diffIDs.length}, got ${saved.layers.length}`;
    throw badArchive(`invalid manifest, layers length mismatch: ${counts} (${name})`);
  }
  const layers: ArchiveBlob[] = [];
  for (const [i, path] of saved.layers.entries()) {
    const place = requireFile(source, path);
    layers.push({ descriptor: await describeLayer(source, place, config.diffIDs[i]!, digests), place });
  }
  const configDescriptor: Descriptor = {
    mediaType: mediaType.dockerConfig,
    digest: digestOf(configBytes, source.digester),
    size: configBytes.length,
  };
  const manifestBytes = encodeUtf8(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaType.dockerManifest,
      config: configDescriptor,
      layers: layers.map((layer) => layer.descriptor),
    }),
  );
  const descriptor: Descriptor = {
    mediaType: mediaType.dockerManifest,
    digest: digestOf(manifestBytes, source.digester),
    size: manifestBytes.length,
    platform: config.platform,
  };
  const manifest = parseManifest(manifestBytes, mediaType.dockerManifest, name);
  if (manifest.kind !== 'manifest') throw new TypeError('a manifest made here is one');
  const configDocument: ArchiveDocument = { descriptor: configDescriptor, bytes: configBytes };
  return {
    names: saved.names,
    target: descriptor,
    documents: [configDocument, { descriptor, bytes: manifestBytes }],
    manifests: [{ descriptor, manifest, config: configDocument, layers }],
  };
}

/** A layer that is a plain tar has its diffID for a digest; a compressed one must be hashed. */
async function describeLayer(
  source: ArchiveSource,
  place: ArchivePlace,
  diffID: string,
  digests: Map<number, string>,
): Promise<Descriptor> {
  const compression = compressionOf(await source.read(place.offset, Math.min(6, place.size)));
  if (compression === 'none') return { mediaType: mediaType.dockerLayer, digest: diffID, size: place.size };
  if (compression !== 'gzip' && compression !== 'zstd') {
    throw badArchive(`a layer is compressed with ${compression}: unsupported archive compression`);
  }
  const digest = digests.get(place.offset) ?? (await source.digest(place.offset, place.size));
  digests.set(place.offset, digest);
  const type = compression === 'gzip' ? mediaType.dockerLayerGzip : mediaType.dockerLayerZstd;
  return { mediaType: type, digest, size: place.size };
}

function requireFile(source: ArchiveSource, path: string): ArchivePlace {
  const place = findFile(source.index, path);
  if (place === undefined) throw badArchive(`its manifest.json names ${JSON.stringify(path)}, which it does not have`);
  return place;
}
