import { peek, prepareLayers } from '../../core/index.ts';
import { WherryError } from '../../errors/index.ts';
import {
  type Descriptor,
  familiarName,
  familiarString,
  fullString,
  isDigest,
  isWasm,
  parseDockerReference,
  parseNormalized,
  type Platform,
  type Reference,
  withDefaultTag,
  withDigest,
  withTag,
} from '../../oci/index.ts';
import type { Filters } from '../filters.ts';
import type { ImagesContext } from './context.ts';
import { type DescribedImage, describeImage, type HistoryStep, imageHistory } from './describe.ts';
import { findImage, type FoundImage } from './find-image.ts';
import { ImageReader, requireVariant, type UsableVariant } from './image-reader.ts';
import { listImages } from './list.ts';
import { loadArchive, type LoadedImage } from './load-archive.ts';
import { loadModule } from './load-module.ts';
import { nameImage } from './name-image.ts';
import { repoTags } from './names.ts';
import type { Report } from './progress.ts';
import { programKind, type WantedProgram } from './program-kind.ts';
import { type PrunedImages, pruneImages } from './prune.ts';
import { pushImages } from './push.ts';
import { pullImage } from './pull.ts';
import { checkLogin, registryClient, type RegistryLogin } from './registry.ts';
import { removeImage, type Removed, type RemoveOptions } from './remove.ts';
import { resolveImage } from './resolve.ts';
import { type SavedArchive, saveImages } from './save.ts';

export interface PullRequest {
  /** As the user wrote it. */
  readonly image: string;
  /** A tag or a digest; '' for `latest`, unless the name has one. */
  readonly tag: string;
  readonly platform: Platform | null;
  readonly login: RegistryLogin | null;
  readonly report: Report;
  readonly signal?: AbortSignal;
}

/** As of a pull; '' for the tag is every tag of the repository. */
export type PushRequest = PullRequest;

export interface LoadRequest {
  /** A name for the image of a bare module; '' for none. */
  readonly tag: string;
  /** Only these platforms of an archive; all when empty. */
  readonly platforms: readonly Platform[];
  readonly quiet: boolean;
  readonly report: Report;
}

/** One image in full. */
export interface InspectedImage extends DescribedImage {
  /** What was asked about: the variant for the platform. */
  readonly variant: UsableVariant;
}

/** Docker's images: names in core's store, and what they lead to. */
export class Images {
  readonly #context: ImagesContext;
  readonly #reader: ImageReader;
  #pruning = false;

  constructor(context: ImagesContext) {
    this.#context = context;
    this.#reader = new ImageReader(context.space);
  }

  /** How many images there are. */
  get count(): number {
    return new Set(this.#context.space.images().map(({ target }) => target.digest)).size;
  }

  /** What to make a container of; see `findImage`. */
  find(query: string, platform: Platform | null): Promise<FoundImage> {
    return findImage(this.#context, this.#reader, query, platform);
  }

  /** Whether a program of an image whose layers are there is WebAssembly; see `programKind`. */
  programKind(image: FoundImage, wanted: WantedProgram): Promise<'wasm' | 'linux'> {
    return programKind(this.#context, image, wanted);
  }

  /** Makes sure that the image's layers are there to be read: they are derived and may have been evicted. */
  async prepare(image: Pick<FoundImage, 'layers'>): Promise<void> {
    await prepareLayers(this.#context, image.layers);
  }

  list(filters: Filters): Promise<readonly DescribedImage[]> {
    return listImages(this.#context, this.#reader, filters);
  }

  /** @throws WherryError NotFound with Docker's texts */
  async inspect(query: string, platform: Platform | null): Promise<InspectedImage> {
    const resolved = resolveImage(this.#context.space.images(), query);
    const described = await describeImage(this.#context, this.#reader, resolved);
    const tree = await this.#reader.tree(resolved.target);
    return { ...described, variant: requireVariant(tree, platform, query) };
  }

  /** The steps an image was made by, newest first. */
  async history(
    query: string,
    platform: Platform | null,
  ): Promise<{ readonly id: string; readonly tags: readonly string[]; readonly steps: readonly HistoryStep[] }> {
    const { layers } = this.#context.space;
    const resolved = resolveImage(this.#context.space.images(), query);
    const tree = await this.#reader.tree(resolved.target);
    const variant = requireVariant(tree, platform, query);
    const steps = imageHistory(variant, (diff_id) => (layers.has(diff_id) ? layers.size(diff_id) : 0));
    return { id: resolved.id, tags: repoTags(resolved), steps };
  }

  /**
   * Gives an image one more name.
   *
   * @throws WherryError NotFound, InvalidArgument
   */
  async tag(query: string, repository: string, tag: string): Promise<void> {
    const reference = newName(repository, tag);
    const { core, space } = this.#context;
    const id = await core.transact((tx) => {
      const { target } = resolveImage(tx.images(space.name).list(), query);
      nameImage(tx, space.name, target, [fullString(reference)]);
      return target.digest;
    });
    this.#publish('tag', id, familiarString(reference));
  }

  remove(query: string, options: RemoveOptions): Promise<readonly Removed[]> {
    return removeImage(this.#context, query, options);
  }

  async prune(filters: Filters): Promise<PrunedImages> {
    if (this.#pruning) throw new WherryError('Conflict', 'a prune operation is already running');
    this.#pruning = true;
    try {
      return await pruneImages(this.#context, this.#reader, filters);
    } finally {
      this.#pruning = false;
    }
  }

  /** Loads what a client sends: an image archive, or a bare module. Reports what came of it. */
  async load(body: AsyncIterable<Uint8Array>, request: LoadRequest): Promise<void> {
    const { tag, report } = request;
    const name = tag === '' ? null : fullString(newName(tag, ''));
    const { first, whole } = await peek(body, 4);
    const loaded = isWasm(first)
      ? [await loadModule(this.#context, whole, name)]
      : await this.#loadArchive(whole, name, request);
    for (const { target, names } of loaded) {
      const shown = names.map((each) => familiarString(parseNormalized(each)));
      if (shown.length === 0) report({ stream: `Loaded image ID: ${target.digest}\n` });
      for (const each of shown) report({ stream: `Loaded image: ${each}\n` });
      this.#publish('load', target.digest, shown[0] ?? target.digest);
    }
  }

  #loadArchive(
    body: AsyncIterable<Uint8Array>,
    name: string | null,
    request: LoadRequest,
  ): Promise<readonly LoadedImage[]> {
    if (name !== null) {
      throw new WherryError(
        'InvalidArgument',
        'cannot load the archive: a tag is for a bare module; an archive names its images itself',
      );
    }
    return loadArchive(this.#context, body, request);
  }

  /** Pulls an image, reporting each step. */
  async pull({ image, tag, platform, login, report, signal }: PullRequest): Promise<Descriptor> {
    const reference = pullReference(image, tag);
    const client = registryClient(this.#context.registries, login);
    const options = { reference, platform, client, report };
    const target = await pullImage(this.#context, signal === undefined ? options : { ...options, signal });
    this.#publish('pull', familiarString(reference), familiarName(reference));
    return target;
  }

  /** Pushes an image, or all of a repository, reporting each step. */
  async push({ image, tag, platform, login, report, signal }: PushRequest): Promise<void> {
    const named = parseNormalized(image);
    const reference = tag === '' ? named : isDigest(tag) ? withDigest(named, tag) : withTag(named, tag);
    const client = registryClient(this.#context.registries, login);
    const options = { reference, platform, client, report, ...(signal === undefined ? {} : { signal }) };
    for (const pushed of await pushImages(this.#context, this.#reader, options)) {
      this.#publish('push', familiarString(pushed), familiarName(pushed));
    }
  }

  /** An archive of images; told of once it is begun. */
  async save(queries: readonly string[], platforms: readonly Platform[]): Promise<SavedArchive['bytes']> {
    const { ids, bytes } = await saveImages(this.#context, this.#reader, queries, platforms);
    for (const id of ids) this.#publish('save', id, id);
    return bytes;
  }

  /** Checks a login against its registry (`docker login`). */
  checkLogin(login: RegistryLogin, signal?: AbortSignal): Promise<void> {
    return checkLogin(this.#context.registries, login, signal);
  }

  #publish(Action: string, ID: string, name: string): void {
    this.#context.publish({ Type: 'image', Action, Actor: { ID, Attributes: { name } } });
  }
}

function pullReference(image: string, tag: string): Reference {
  if (tag === '') return parseDockerReference(image);
  const named = parseNormalized(image);
  return isDigest(tag) ? withDigest(named, tag) : withTag(named, tag);
}

/** The name that a user gives an image: with a tag, not with a digest. */
function newName(repository: string, tag: string): Reference {
  const parsed = parseNormalized(repository);
  const reference = tag === '' ? withDefaultTag(parsed) : withTag(parsed, tag);
  if (reference.digest !== undefined)
    throw new WherryError('InvalidArgument', 'refusing to create a tag with a digest reference');
  if (familiarName(reference) === 'sha256') {
    throw new WherryError('InvalidArgument', 'refusing to create an ambiguous tag using digest algorithm as name');
  }
  return reference;
}
