import { WherryError } from '../../errors/index.ts';
import { layers_made_at_once_max, layers_pulled_at_once_max, manifest_bytes_max } from '../../limits/index.ts';
import {
  type Descriptor,
  isDigest,
  isTarLayerType,
  parseManifest,
  type Reference,
  type RegistryClient,
  withDigest,
} from '../../oci/index.ts';
import type { Image } from '../model.ts';
import { fetchBlob } from './fetch-blob.ts';
import { type ImageDestination, nameTarget, namesOf } from './image-destination.ts';
import { makeRunnable } from './make-runnable.ts';
import { chosenChildren } from './platform-choice.ts';
import { referenceKey, referenceLabels, sourceLabel } from './references.ts';
import type { ImageScope } from './scope.ts';
import { addLabels, commitBlob, openBlob } from './store-content.ts';
import { type TransferReport, TreeProgress } from './tree-progress.ts';
import { leadsOn, readDocument, Turns, walk } from './walk.ts';

export interface PullImage {
  readonly reference: Reference;
  /** As the user wrote it. */
  readonly name: string;
  readonly client: RegistryClient;
  readonly to: ImageDestination;
  readonly lease: string;
  readonly report: TransferReport;
  readonly signal: AbortSignal;
}

/**
 * Pulls what a reference points to, as containerd's transfer service does: everything of the wanted platforms into the
 * content, with the labels that its collection goes by, and then the names.
 *
 * @throws WherryError with containerd's texts
 */
export async function pull(scope: ImageScope, options: PullImage): Promise<readonly Image[]> {
  const { reference, name, client, to, lease, report, signal } = options;
  const from = `OCI Registry (${name})`;
  report({ event: `Resolving from ${from}` });
  const target = await resolve(client, reference, signal);
  report({ event: `Pulling from ${from}` });
  report({ event: 'fetching image content', name });
  const progress = new TreeProgress(name, 'downloading', report);
  try {
    await fetchTree(scope, target, options, progress);
    const made = await makeRunnable(scope, target, to, lease);
    const images = await nameTarget(scope, made, namesOf(to, made), to.labels);
    for (const image of images) report({ event: 'saved', name: image.name });
    report({ event: `Completed pull from ${from}` });
    return images;
  } finally {
    progress.close();
  }
}

async function resolve(client: RegistryClient, reference: Reference, signal: AbortSignal): Promise<Descriptor> {
  try {
    return await client.resolve(reference, signal);
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    throw new WherryError(error.class, `failed to resolve image: ${error.message}`, { cause: error });
  }
}

/** Fetches everything that a descriptor leads to and that is wanted. */
async function fetchTree(
  { core, space }: ImageScope,
  target: Descriptor,
  { reference, client, to, lease, signal: outside }: PullImage,
  progress: TreeProgress,
): Promise<void> {
  const { content } = space;
  const turns = new Turns(layers_pulled_at_once_max);
  const making = new Turns(layers_made_at_once_max);
  const stop = new AbortController();
  const signal = AbortSignal.any([outside, stop.signal]);

  const fetch = async (descriptor: Descriptor): Promise<boolean> => {
    if (!isDigest(descriptor.digest)) throw new WherryError('InvalidArgument', 'invalid checksum digest format');
    if (leadsOn(descriptor)) return await fetchManifest(descriptor);
    return await fetchBlob(content, {
      reference,
      client,
      descriptor,
      lease,
      signal,
      ref: referenceKey(descriptor),
      onProgress: (offset) => progress.moved(descriptor, offset),
    });
  };
  const fetchManifest = async (descriptor: Descriptor): Promise<boolean> => {
    const { digest, size, mediaType } = descriptor;
    if (size > manifest_bytes_max) {
      const problem = `it has ${size} bytes, more than ${manifest_bytes_max}`;
      throw new WherryError('ResourceExhausted', `cannot fetch ${digest}: ${problem}`);
    }
    const writer = await openBlob(content, descriptor, lease, { ref: referenceKey(descriptor), signal });
    if (writer === null) return false;
    try {
      if (writer.offset < size) {
        const { bytes } = await client.fetchManifest(withDigest(reference, digest), signal);
        if (bytes.length !== size) {
          const problem = `it has ${bytes.length} bytes, its descriptor says ${size}`;
          throw new WherryError('DataLoss', `cannot fetch ${digest}: ${problem}`);
        }
        parseManifest(bytes, mediaType, digest);
        await writer.write(bytes.subarray(writer.offset));
      }
      await commitBlob(writer, descriptor);
    } finally {
      await writer.close();
    }
    return true;
  };

  // While others are still on their way. Whether a layer that cannot be made is needed, nobody knows yet: whoever unpacks
  // it says what is wrong with it.
  const makeLayer = async ({ digest, mediaType }: Descriptor): Promise<void> => {
    try {
      const { diff_id } = await making.take(() => space.layers.fromBlob(digest, mediaType, null));
      await core.transact((tx) => tx.leases(space.name).add(lease, { type: 'layers', id: diff_id }));
    } catch (error) {
      if (!(error instanceof WherryError)) throw error;
    }
  };

  await walk(target, async (descriptor) => {
    try {
      progress.add(descriptor);
      const isNew = await turns.take(() => fetch(descriptor));
      if (isNew) progress.done(descriptor);
      else progress.exists(descriptor);
      const { labels } = await content.info(descriptor.digest);
      const source = sourceLabel(reference.domain, reference.path, labels);
      if (!leadsOn(descriptor)) {
        await addLabels(content, descriptor.digest, source);
        if (to.unpacks.length > 0 && isTarLayerType(descriptor.mediaType)) await makeLayer(descriptor);
        return [];
      }
      const document = await readDocument(content, descriptor);
      await addLabels(content, descriptor.digest, { ...source, ...referenceLabels(document) });
      const children = chosenChildren(descriptor, document, to.choice);
      progress.lead(descriptor, children);
      return children;
    } catch (error) {
      stop.abort();
      throw error;
    }
  });
}
