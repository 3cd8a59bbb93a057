import { createReadStream } from 'node:fs';

import { content_write_bytes, layers_pushed_at_once_max, manifest_bytes_max } from '../../limits/index.ts';
import {
  type Descriptor,
  type PushResult,
  type Reference,
  type RegistryClient,
  RegistryPusher,
} from '../../oci/index.ts';
import type { Content } from '../model.ts';
import { chosenChildren, everyPlatform, type PlatformChoice } from './platform-choice.ts';
import { mountCandidate, sourcesOf } from './references.ts';
import type { ImageScope } from './scope.ts';
import { type TransferReport, TreeProgress } from './tree-progress.ts';
import { leadsOn, readDocument, Turns, walk } from './walk.ts';

/** Hears of each piece of an image on its way to a registry. */
export interface PushListener {
  add(descriptor: Descriptor): void;
  lead(parent: Descriptor, children: readonly Descriptor[]): void;
  moved(descriptor: Descriptor, offset: number): void;
  ended(descriptor: Descriptor, result: PushResult, mounted_from: string | null): void;
}

export interface PushTree {
  /** Where to; its tag is what the target gets, and only its digest when there is none. */
  readonly reference: Reference;
  readonly client: RegistryClient;
  readonly target: Descriptor;
  readonly choice?: PlatformChoice;
  readonly listener: PushListener;
  readonly signal: AbortSignal;
}

/**
 * Pushes everything that a target leads to: blobs first, some at a time, then manifests, then indexes, so that nothing
 * in the registry ever leads nowhere. What the registry has in another repository is mounted from there.
 *
 * @throws WherryError NotFound when some of it is not in the content; with the texts of container tools when the
 *   registry refuses
 */
export async function pushTree(content: Content, options: PushTree): Promise<void> {
  const { reference, client, target, choice = everyPlatform, listener, signal: outside } = options;
  const pusher = new RegistryPusher(client, reference);
  const turns = new Turns(layers_pushed_at_once_max);
  const stop = new AbortController();
  const signal = AbortSignal.any([outside, stop.signal]);
  const manifests: Descriptor[] = [];
  const indexes: Descriptor[] = [];

  await walk(target, async (descriptor) => {
    try {
      listener.add(descriptor);
      if (!leadsOn(descriptor)) {
        await turns.take(() => pushBlob(content, pusher, descriptor, { reference, listener, signal }));
        return [];
      }
      const document = await readDocument(content, descriptor);
      (document.kind === 'index' ? indexes : manifests).push(descriptor);
      const children = await withSources(content, descriptor, chosenChildren(descriptor, document, choice));
      listener.lead(descriptor, children);
      return children;
    } catch (error) {
      stop.abort();
      throw error;
    }
  });

  // Whatever leads to another comes after it.
  const documents = new Map([...manifests, ...indexes.reverse()].map((each) => [each.digest, each]));
  for (const descriptor of documents.values()) {
    const bytes = await content.readAll(descriptor.digest, manifest_bytes_max);
    const isTop = descriptor.digest === target.digest;
    const isNamed = isTop && (reference.digest === undefined || reference.digest === target.digest);
    const tag = isNamed ? (reference.tag ?? null) : null;
    listener.ended(descriptor, await pusher.pushManifest(descriptor, bytes, tag, signal), null);
  }
}

async function pushBlob(
  content: Content,
  pusher: RegistryPusher,
  descriptor: Descriptor,
  { reference, listener, signal }: Pick<PushTree, 'reference' | 'listener' | 'signal'>,
): Promise<void> {
  const from = mountCandidate(descriptor.annotations, reference.domain, reference.path);
  const result = await pusher.pushBlob(descriptor, {
    read: (offset) => readBlob(content, descriptor.digest, offset),
    ...(from === null ? {} : { mountFrom: from }),
    signal,
    onProgress: (offset) => listener.moved(descriptor, offset),
  });
  listener.ended(descriptor, result, result === 'mounted' ? from : null);
}

/** The bytes of a blob from an offset on. */
export async function* readBlob(content: Content, digest: string, offset = 0): AsyncGenerator<Uint8Array> {
  const { fd } = await content.open(digest);
  yield* createReadStream('', { fd, start: offset, highWaterMark: content_write_bytes }) as AsyncIterable<Buffer>;
}

/** Descriptors with what is known of where else their content is, as annotations: their own labels, else their parent's. */
async function withSources(
  content: Content,
  parent: Descriptor,
  children: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  const inherited = {
    ...sourcesOf((await content.info(parent.digest)).labels),
    ...sourcesOf(parent.annotations ?? {}),
  };
  return await Promise.all(
    children.map(async (child): Promise<Descriptor> => {
      const own = content.has(child.digest) ? sourcesOf((await content.info(child.digest)).labels) : {};
      const annotations = { ...inherited, ...own, ...child.annotations };
      return Object.keys(annotations).length === 0 ? child : { ...child, annotations };
    }),
  );
}

export interface PushImage extends Omit<PushTree, 'listener' | 'target' | 'choice'> {
  /** The image in the store. */
  readonly image: string;
  /** Where to, as the user wrote it. */
  readonly name: string;
  readonly report: TransferReport;
}

/**
 * Pushes an image as containerd's transfer service does.
 *
 * @throws WherryError NotFound, and with the texts of container tools when the registry refuses
 */
export async function push({ core, space }: ImageScope, options: PushImage): Promise<void> {
  const { image, name, report } = options;
  const { target } = core.read((tx) => tx.images(space.name).get(image));
  const to = `OCI Registry (${name})`;
  report({ event: `Pushing to ${to}` });
  report({ event: 'pushing content', name: image, descriptor: target });
  const progress = new TreeProgress(image, 'uploading', report);
  const listener: PushListener = {
    add: (descriptor) => progress.add(descriptor),
    lead: (parent, children) => progress.lead(parent, children),
    moved: (descriptor, offset) => progress.moved(descriptor, offset),
    ended: (descriptor, result) => {
      if (result === 'pushed') progress.done(descriptor);
      else progress.exists(descriptor);
    },
  };
  try {
    await pushTree(space.content, { ...options, target, listener });
    report({ event: 'pushed content', name: image, descriptor: target });
    report({ event: `Completed push to ${to}`, descriptor: target });
  } finally {
    progress.close();
  }
}
