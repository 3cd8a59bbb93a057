import { fetchBlob } from '../../core/index.ts';
import { progress_interval_ms } from '../../limits/index.ts';
import type { ImageLayer, Reference, RegistryClient } from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { type Report, shortId, slowly } from './progress.ts';

export interface PullLayerOptions {
  readonly reference: Reference;
  readonly client: RegistryClient;
  readonly layer: ImageLayer;
  readonly lease: string;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/**
 * Fetches one layer and makes it ready to be read.
 *
 * @throws WherryError DataLoss when it is not what its digest or the image's config says
 */
export async function pullLayer(context: ImagesContext, options: PullLayerOptions): Promise<void> {
  const { layer, lease, report } = options;
  const { digest, mediaType } = layer.descriptor;
  const { core, space } = context;
  const id = shortId(digest);
  await core.transact((tx) => tx.leases(space.name).add(lease, { type: 'layers', id: layer.diffID }));
  if (!space.content.has(digest) || !space.layers.has(layer.diffID)) {
    report({ status: 'Pulling fs layer', progressDetail: {}, id });
  }
  const isNew = await fetchLayer(context, options);
  if (!isNew && space.layers.has(layer.diffID)) {
    report({ status: 'Already exists', progressDetail: {}, id });
    return;
  }
  const started = performance.now();
  const tell = slowly(report, progress_interval_ms);
  await space.layers.fromBlob(digest, mediaType, layer.diffID, () => {
    const current = Math.floor((performance.now() - started) / 1000);
    // Told in whole seconds, so not at all of what is done within the first.
    if (current > 0) tell({ status: 'Extracting', progressDetail: { current, units: 's' }, id });
  });
  report({ status: 'Pull complete', progressDetail: {}, id });
}

async function fetchLayer(context: ImagesContext, options: PullLayerOptions): Promise<boolean> {
  const { reference, client, layer, lease, report, signal } = options;
  const { descriptor } = layer;
  const id = shortId(descriptor.digest);
  const tell = slowly(report, progress_interval_ms);
  const isNew = await fetchBlob(context.space.content, {
    reference,
    client,
    descriptor,
    lease,
    signal,
    onWait: () => report({ status: 'Waiting', progressDetail: {}, id }),
    onProgress: (current) => tell({ status: 'Downloading', progressDetail: { current, total: descriptor.size }, id }),
  });
  if (isNew) report({ status: 'Download complete', progressDetail: {}, id });
  return isNew;
}
