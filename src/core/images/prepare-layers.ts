import { layers_made_at_once_max } from '../../limits/index.ts';
import type { ImageLayer } from '../../oci/index.ts';
import type { NamespaceView } from '../model.ts';
import { Turns } from './walk.ts';

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
  const turns = new Turns(layers_made_at_once_max);
  const made = await Promise.allSettled(
    layers.map(async (layer) => {
      if (space.layers.has(layer.diffID)) return;
      const { digest, mediaType } = layer.descriptor;
      const told = onProgress === undefined ? undefined : (bytes: number): void => onProgress(layer, bytes);
      await turns.take(() => space.layers.fromBlob(digest, mediaType, layer.diffID, told));
    }),
  );
  const failed = made.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return await space.layers.chain(layers.map(({ diffID }) => diffID));
}
