import { type Content, type Layers } from '../../core/index.ts';
import { WherryError } from '../../errors/index.ts';
import { config_bytes_max, image_documents_kept_max, index_depth_max, manifest_bytes_max } from '../../limits/index.ts';
import {
  defaultPlatforms,
  type Descriptor,
  formatPlatform,
  type Index,
  isAttestation,
  isIndexType,
  isManifestType,
  type Manifest,
  parseManifest,
  type Platform,
  platformMatch,
  type RunnableImage,
  runnableImage,
} from '../../oci/index.ts';
import { hostArchitecture } from './host-architecture.ts';

/** One manifest that an image leads to. */
export interface Variant {
  readonly descriptor: Descriptor;
  readonly kind: 'image' | 'attestation' | 'unknown';
  /** null when its document is not in the store. */
  readonly manifest: Manifest | null;
  /** null when its config is not there, or for what cannot be run. */
  readonly image: RunnableImage | null;
  readonly platform: Platform;
  /** Whether all of its content is there. */
  readonly available: boolean;
  /** Bytes of its content that are there. */
  readonly content_bytes: number;
  /** Bytes of its layers in the form they are read in, as far as those are no blobs themselves. */
  readonly unpacked_bytes: number;
}

/** Everything an image's target leads to. */
export interface ImageTree {
  readonly target: Descriptor;
  readonly variants: readonly Variant[];
  /** Bytes of all content that is there, and of the unpacked layers, each counted once. */
  readonly size_bytes: number;
}

/** A variant that can be used. */
export type UsableVariant = Variant & { readonly manifest: Manifest; readonly image: RunnableImage };

/** Reads images from the store. What lies under a digest never changes, so what was parsed is remembered. */
export class ImageReader {
  readonly #content: Content;
  readonly #layers: Layers;
  readonly #documents = new Map<string, Manifest | Index>();
  readonly #images = new Map<string, RunnableImage | null>();
  readonly #sizes = new Map<string, number>();

  constructor({ content, layers }: { readonly content: Content; readonly layers: Layers }) {
    this.#content = content;
    this.#layers = layers;
  }

  /** Gives whatever of the image is there; an image of which nothing is there has no variants. */
  async tree(target: Descriptor): Promise<ImageTree> {
    const variants: Variant[] = [];
    const sizes = new Map<string, number>();
    await this.#walk(target, index_depth_max, variants, sizes);
    let size_bytes = 0;
    for (const bytes of sizes.values()) size_bytes += bytes;
    return { target, variants, size_bytes };
  }

  async #walk(descriptor: Descriptor, depth: number, variants: Variant[], sizes: Map<string, number>): Promise<void> {
    const document = await this.#document(descriptor);
    if (document !== null) sizes.set(descriptor.digest, descriptor.size);
    if (document === null || document.kind === 'manifest') {
      if (isManifestType(descriptor.mediaType)) variants.push(await this.#variant(descriptor, document, sizes));
      return;
    }
    if (depth === 0) return;
    for (const child of document.manifests) {
      if (isIndexType(child.mediaType) || isManifestType(child.mediaType)) {
        await this.#walk(child, depth - 1, variants, sizes);
      }
    }
  }

  async #variant(descriptor: Descriptor, manifest: Manifest | null, sizes: Map<string, number>): Promise<Variant> {
    const announced = descriptor.platform ?? { os: '', architecture: '' };
    const attestation = isAttestation(descriptor);
    if (manifest === null) {
      const kind = attestation ? 'attestation' : 'image';
      return {
        descriptor,
        kind,
        manifest,
        image: null,
        platform: announced,
        available: false,
        content_bytes: 0,
        unpacked_bytes: 0,
      };
    }
    const blobs = [manifest.config, ...manifest.layers];
    const present = blobs.filter(({ digest }) => this.#content.has(digest));
    for (const { digest, size } of present) sizes.set(digest, size);
    const image = attestation ? null : await this.#image(manifest);
    let unpacked_bytes = 0;
    for (const { descriptor: blob, diffID } of image?.layers ?? []) {
      // A layer that is its blob lies on disk once.
      if (diffID === blob.digest || !this.#layers.has(diffID)) continue;
      const bytes = this.#layerSize(diffID);
      unpacked_bytes += bytes;
      sizes.set(`layer ${diffID}`, bytes);
    }
    return {
      descriptor,
      kind: attestation ? 'attestation' : image === null && present.includes(manifest.config) ? 'unknown' : 'image',
      manifest,
      image,
      platform: image === null || image.config.platform.architecture === '' ? announced : image.config.platform,
      available: present.length === blobs.length,
      content_bytes: descriptor.size + present.reduce((sum, { size }) => sum + size, 0),
      unpacked_bytes,
    };
  }

  async #document(descriptor: Descriptor): Promise<Manifest | Index | null> {
    const { digest, mediaType } = descriptor;
    if (!this.#content.has(digest)) return null;
    let document = this.#documents.get(digest);
    if (document === undefined) {
      document = parseManifest(await this.#content.readAll(digest, manifest_bytes_max), mediaType, digest);
      remember(this.#documents, digest, document);
    }
    return document;
  }

  async #image(manifest: Manifest): Promise<RunnableImage | null> {
    const { digest } = manifest.config;
    if (!this.#content.has(digest)) return null;
    // The same config may stand under other layers, compressed differently.
    const key = [digest, ...manifest.layers.map((layer) => layer.digest)].join(' ');
    let image = this.#images.get(key);
    if (image === undefined) {
      const bytes = await this.#content.readAll(digest, config_bytes_max);
      image = orNull(() => runnableImage(manifest, bytes, digest));
      remember(this.#images, key, image);
    }
    return image;
  }

  #layerSize(diff_id: string): number {
    let bytes = this.#sizes.get(diff_id);
    if (bytes === undefined) {
      bytes = this.#layers.size(diff_id);
      remember(this.#sizes, diff_id, bytes);
    }
    return bytes;
  }
}

/**
 * The variant to use: the best match for the first of the wanted platforms that has any. When nobody asked for a
 * platform, any will do. null when there is none.
 */
export function chooseVariant(tree: ImageTree, platform: Platform | null): UsableVariant | null {
  const usable = tree.variants.filter(isUsable);
  const wanted = platform === null ? defaultPlatforms(hostArchitecture) : [platform];
  for (const each of wanted) {
    let best: UsableVariant | null = null;
    let best_match = 0;
    for (const variant of usable) {
      const match = platformMatch(each, variant.platform);
      if (match <= best_match) continue;
      best = variant;
      best_match = match;
    }
    if (best !== null) return best;
  }
  return platform === null ? (usable[0] ?? null) : null;
}

/** @throws WherryError NotFound with Docker's text */
export function requireVariant(tree: ImageTree, platform: Platform | null, name: string): UsableVariant {
  const variant = chooseVariant(tree, platform);
  if (variant !== null) return variant;
  if (platform === null) {
    throw new WherryError(
      'NotFound',
      `Cannot use image ${name}: none of its platforms is here in full. Pull it again.`,
    );
  }
  throw new WherryError(
    'NotFound',
    `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(platform)})`,
  );
}

function isUsable(variant: Variant): variant is UsableVariant {
  return variant.available && variant.manifest !== null && variant.image !== null;
}

/** null for an artifact of another kind: it may lie in the store without being an image. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof WherryError) return null;
    throw error;
  }
}

/** Forgets what was put there longest ago rather than grow without end. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  if (map.size <= image_documents_kept_max) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
