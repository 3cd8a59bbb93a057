import type { ImageLayer } from '../../oci/index.ts';
import type { NamespaceView } from '../model.ts';

/**
 * Makes sure that the layers of an image and their chain are there to be read; gives the chainID.
 *
 * @throws WherryError DataLoss when a layer is not what the image's config says
 */
export async function prepareLayers(
  { space }: { readonly space: Pick<NamespaceView, 'layers'> },
  layers: readonly ImageLayer[],
  onProgress?: (layer: ImageLayer, bytes: number) => void,
): Promise<string> {
  for (const layer of layers) {
    if (space.layers.has(layer.diffID)) continue;
    const { digest, mediaType } = layer.descriptor;
    const told = onProgress === undefined ? undefined : (bytes: number): void => onProgress(layer, bytes);
    await space.layers.fromBlob(digest, mediaType, layer.diffID, told);
  }
  return await space.layers.chain(layers.map(({ diffID }) => diffID));
}
