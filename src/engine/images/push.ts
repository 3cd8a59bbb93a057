import { addLabels, type Image, pushTree, sourceLabel } from '../../core/index.ts';
import { WherryError } from '../../errors/index.ts';
import { progress_interval_ms } from '../../limits/index.ts';
import {
  type Descriptor,
  familiarString,
  fullName,
  fullString,
  isIndexType,
  isManifestType,
  type Platform,
  type PushResult,
  type Reference,
  type RegistryClient,
} from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { chooseVariant, type ImageReader, requireVariant } from './image-reader.ts';
import { groupImages } from './names.ts';
import { type Report, shortId } from './progress.ts';

export interface PushOptions {
  /** Normalised; without a tag everything that the repository has here is pushed. */
  readonly reference: Reference;
  /** null for all that an image has. */
  readonly platform: Platform | null;
  readonly client: RegistryClient;
  readonly report: Report;
  readonly signal?: AbortSignal;
}

/**
 * Pushes the images of a repository to its registry; gives what was pushed.
 *
 * @throws WherryError with Docker's texts
 */
export async function pushImages(
  context: ImagesContext,
  reader: ImageReader,
  options: PushOptions,
): Promise<readonly Reference[]> {
  const { reference, report } = options;
  report({ status: `The push refers to repository [${fullName(reference)}]` });
  const pushed: Reference[] = [];
  for (const each of named(context.space.images(), reference)) {
    await pushOne(context, reader, each, options);
    pushed.push(each.reference);
  }
  return pushed;
}

interface Named {
  readonly reference: Reference;
  readonly target: Descriptor;
}

function named(entries: readonly Image[], reference: Reference): readonly Named[] {
  const all = [...groupImages(entries).values()].flatMap(({ references, target }) =>
    references.map((each): Named => ({ reference: each.reference, target })),
  );
  if (reference.tag !== undefined || reference.digest !== undefined) {
    const name = fullString(reference);
    const found = all.find((each) => fullString(each.reference) === name);
    if (found !== undefined) return [found];
    throw new WherryError('NotFound', `tag does not exist: ${familiarString(reference)}`);
  }
  const repository = fullName(reference);
  const found = all.filter((each) => fullName(each.reference) === repository && each.reference.tag !== undefined);
  if (found.length === 0) {
    const text = `An image does not exist locally with the tag: ${familiarString(reference)}`;
    throw new WherryError('NotFound', text);
  }
  return found.sort((a, b) => (fullString(a.reference) < fullString(b.reference) ? -1 : 1));
}

async function pushOne(
  context: ImagesContext,
  reader: ImageReader,
  { reference, target: named_target }: Named,
  { platform, client, report, signal }: PushOptions,
): Promise<void> {
  const { content } = context.space;
  const target = await pushable(reader, reference, named_target, platform, report);
  const layers = new LayerReports(report);
  const sent: Descriptor[] = [];
  try {
    await pushTree(content, {
      reference,
      client,
      target,
      signal: signal ?? new AbortController().signal,
      listener: {
        add() {},
        lead(parent, children) {
          if (!isManifestType(parent.mediaType)) return;
          for (const layer of children.slice(1)) layers.add(layer);
        },
        moved: (descriptor, offset) => layers.moved(descriptor, offset),
        ended(descriptor, result, mounted_from) {
          sent.push(descriptor);
          layers.ended(descriptor, result, mounted_from);
        },
      },
    });
  } catch (error) {
    throw inDockersWords(error);
  } finally {
    layers.close();
  }
  for (const { digest } of sent) {
    const { labels } = await content.info(digest);
    await addLabels(content, digest, sourceLabel(reference.domain, reference.path, labels));
  }
  const { digest, size } = target;
  report({ status: `${reference.tag ?? reference.digest ?? ''}: digest: ${digest} size: ${size}` });
}

/** What to push of an image: all of it, or when only one platform of several is here, that. */
async function pushable(
  reader: ImageReader,
  reference: Reference,
  target: Descriptor,
  platform: Platform | null,
  report: Report,
): Promise<Descriptor> {
  const tree = await reader.tree(target);
  if (platform !== null) return plain(requireVariant(tree, platform, familiarString(reference)).descriptor);
  const isWhole = tree.variants.every(({ available }) => available);
  const chosen = isWhole || !isIndexType(target.mediaType) ? null : chooseVariant(tree, null);
  if (chosen === null) return target;
  report({
    progressDetail: {},
    aux: {
      manifestPushedInsteadOfIndex: true,
      originalIndex: plain(target),
      selectedManifest: { ...plain(chosen.descriptor), platform: chosen.platform },
    },
  });
  return plain(chosen.descriptor);
}

function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function inDockersWords(error: unknown): unknown {
  if (!(error instanceof WherryError) || !error.message.startsWith('unexpected status from ')) return error;
  return new WherryError(error.class, `unknown: ${error.message}`, { cause: error });
}

type State =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'pushing'; readonly current: number }
  | { readonly kind: 'ended'; readonly status: string };

/** Tells of the layers of a push what is new of each, not more often than a person can read. */
class LayerReports {
  readonly #report: Report;
  readonly #layers = new Map<string, { readonly descriptor: Descriptor; state: State; isTold: boolean }>();
  readonly #timer: NodeJS.Timeout;

  constructor(report: Report) {
    this.#report = report;
    this.#timer = setInterval(() => this.#tell(), progress_interval_ms);
    this.#timer.unref();
  }

  add(descriptor: Descriptor): void {
    if (this.#layers.has(descriptor.digest)) return;
    this.#layers.set(descriptor.digest, { descriptor, state: { kind: 'waiting' }, isTold: false });
  }

  moved(descriptor: Descriptor, current: number): void {
    this.#set(descriptor, { kind: 'pushing', current });
  }

  ended(descriptor: Descriptor, result: PushResult, mounted_from: string | null): void {
    const statuses = {
      exists: 'Layer already exists',
      pushed: 'Pushed',
      mounted: `Mounted from ${mounted_from ?? ''}`,
    };
    this.#set(descriptor, { kind: 'ended', status: statuses[result] });
  }

  /** Tells the rest. */
  close(): void {
    clearInterval(this.#timer);
    this.#tell();
  }

  #set({ digest }: Descriptor, state: State): void {
    const layer = this.#layers.get(digest);
    if (layer === undefined) return;
    layer.state = state;
    layer.isTold = false;
  }

  #tell(): void {
    for (const layer of this.#layers.values()) {
      if (layer.isTold) continue;
      layer.isTold = true;
      const id = shortId(layer.descriptor.digest);
      const { state } = layer;
      if (state.kind === 'pushing') {
        const progressDetail = { current: state.current, total: layer.descriptor.size };
        this.#report({ status: 'Pushing', progressDetail, id });
      } else {
        this.#report({ status: state.kind === 'waiting' ? 'Waiting' : state.status, progressDetail: {}, id });
      }
    }
  }
}
