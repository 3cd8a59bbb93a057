import { digester } from '../../core/index.ts';
import {
  chainID,
  type Descriptor,
  familiarString,
  type ImageConfig,
  type ImageLayer,
  type Platform,
} from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { type ImageReader, requireVariant } from './image-reader.ts';
import { resolveImage } from './resolve.ts';

/** An image to make a container of. */
export interface FoundImage {
  /** The full name it was found by; its id when it was found by that. */
  readonly name: string;
  /** The digest its names point to: an index or a manifest. */
  readonly id: string;
  readonly target: Descriptor;
  /** The manifest for the platform. */
  readonly manifest: Descriptor;
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
  /** Base first. */
  readonly diff_ids: readonly string[];
  /** The chainID of all layers; '' for none. */
  readonly chain: string;
  /** How the image came: an ordinary one, bare modules under an image's config, or a Wasm artifact. */
  readonly form: 'image' | 'modules' | 'artifact';
}

/**
 * Finds an image by name or id, and in it what is for `platform` (null: Wasm, else this machine's Linux, else any).
 * Its layers may have to be made from their blobs first; `prepareLayers` does that.
 *
 * @throws WherryError NotFound with Docker's texts, InvalidArgument for what is no name
 */
export async function findImage(
  { space }: ImagesContext,
  reader: ImageReader,
  query: string,
  platform: Platform | null,
): Promise<FoundImage> {
  const { id, target, asked } = resolveImage(space.images(), query);
  const tree = await reader.tree(target);
  const shown = asked === null ? query : familiarString(asked.reference);
  const { descriptor, image } = requireVariant(tree, platform, shown);
  const { config, layers, form } = image;
  return {
    name: asked === null ? id : asked.entry.name,
    id,
    target,
    manifest: descriptor,
    config,
    layers,
    diff_ids: config.diffIDs,
    chain: chainID(config.diffIDs, digester),
    form,
  };
}
