import {
  commitBlob,
  openBlob,
  plainTarget,
  prepareLayers,
  referenceLabels,
  spoolArchive,
  type SpooledArchive,
  storeDocument,
  withLease,
} from '../../core/index.ts';
import { fromUnknown, WherryError } from '../../errors/index.ts';
import { progress_interval_ms } from '../../limits/index.ts';
import {
  type ArchiveImage,
  type ArchiveManifest,
  defaultPlatforms,
  type Descriptor,
  familiarString,
  formatPlatform,
  isAttestation,
  parseManifest,
  parseNormalized,
  planArchive,
  type Platform,
  platformMatch,
  type RunnableImage,
  runnableImage,
} from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { hostArchitecture } from './host-architecture.ts';
import { nameImage } from './name-image.ts';
import { type Report, shortId, slowly } from './progress.ts';

export interface LoadArchiveOptions {
  /** Only these; all that the archive has when there are none. */
  readonly platforms: readonly Platform[];
  /** Whether to tell of each layer. */
  readonly quiet: boolean;
  readonly report: Report;
}

/** What came of one image of an archive. */
export interface LoadedImage {
  readonly target: Descriptor;
  /** Full references; none for an image that is only known by its id. */
  readonly names: readonly string[];
}

/**
 * Loads the images of an archive: of `docker save` or an OCI layout, plain or compressed. All become visible together
 * or none does.
 *
 * @throws WherryError InvalidArgument, DataLoss, NotFound when it has none of the platforms
 */
export async function loadArchive(
  context: ImagesContext,
  body: AsyncIterable<Uint8Array>,
  options: LoadArchiveOptions,
): Promise<readonly LoadedImage[]> {
  const source = await spoolArchive(body, context.core.root);
  try {
    const images = await planArchive(source);
    return await withLease(context, async (lease) => {
      const loaded: LoadedImage[] = [];
      for (const image of images) loaded.push(await new ImageLoad(context, source, image, lease, options).run());
      await context.core.transact((tx) => {
        for (const { target, names } of loaded) nameImage(tx, context.space.name, target, names);
      });
      return loaded;
    });
  } finally {
    source.close();
  }
}

/** A manifest of the archive that is complete and can be run. */
interface Usable {
  readonly of: ArchiveManifest;
  readonly image: RunnableImage;
}

class ImageLoad {
  readonly #context: ImagesContext;
  readonly #source: SpooledArchive;
  readonly #image: ArchiveImage;
  readonly #lease: string;
  readonly #options: LoadArchiveOptions;
  readonly #report: Report;

  constructor(
    context: ImagesContext,
    source: SpooledArchive,
    image: ArchiveImage,
    lease: string,
    options: LoadArchiveOptions,
  ) {
    this.#context = context;
    this.#source = source;
    this.#image = image;
    this.#lease = lease;
    this.#options = options;
    this.#report = options.quiet ? () => {} : options.report;
  }

  async run(): Promise<LoadedImage> {
    const { target, names, documents, manifests } = this.#image;
    const usable = this.#usable();
    const wanted = this.#wanted(usable);
    const kept = new Set(wanted.map(({ of }) => of));
    for (const manifest of manifests) {
      // Without a choice everything comes along, attestations too.
      if (this.#options.platforms.length === 0 || kept.has(manifest)) await this.#storeLayers(manifest);
    }
    for (const { image } of wanted.slice(0, 1)) await this.#unpack(image);
    for (const { descriptor, bytes } of documents) {
      const isConfig = manifests.some(({ config }) => config.descriptor.digest === descriptor.digest);
      const labels = isConfig ? {} : referenceLabels(parseManifest(bytes, descriptor.mediaType, descriptor.digest));
      await storeDocument(this.#context.space.content, descriptor, bytes, { lease: this.#lease, labels });
    }
    return { target: plainTarget(target), names };
  }

  /** The complete images for the wanted platforms, best first. */
  #wanted(usable: readonly Usable[]): readonly Usable[] {
    const { platforms } = this.#options;
    const preferred = platforms.length === 0 ? defaultPlatforms(hostArchitecture) : platforms;
    const rank = ({ image }: Usable): number => {
      const at = preferred.findIndex((platform) => platformMatch(platform, image.config.platform) > 0);
      return at < 0 ? preferred.length : at;
    };
    const ranked = usable.toSorted((a, b) => rank(a) - rank(b));
    if (platforms.length === 0) return ranked;
    const wanted = ranked.filter((each) => rank(each) < preferred.length);
    if (wanted.length > 0) return wanted;
    const list = platforms.map(formatPlatform).join(', ');
    const offered = usable.map(({ image }) => formatPlatform(image.config.platform)).join(', ');
    throw new WherryError('NotFound', `requested platform(s) ([${list}]) not found: ${this.#name()} is for ${offered}`);
  }

  #usable(): readonly Usable[] {
    const name = this.#name();
    const usable: Usable[] = [];
    let problem: WherryError | null = null;
    for (const of of this.#image.manifests) {
      if (isAttestation(of.descriptor)) continue;
      try {
        const image = runnableImage(of.manifest, of.config.bytes, name);
        const missing = of.manifest.layers.find((layer, i) => of.layers[i] === undefined && !this.#has(layer));
        if (missing === undefined) usable.push({ of, image });
        else problem ??= incomplete(name, missing);
      } catch (error) {
        problem ??= fromUnknown(error);
      }
    }
    if (usable.length > 0) return usable;
    throw problem ?? new WherryError('InvalidArgument', `cannot load the archive: ${name} holds no image`);
  }

  async #storeLayers({ layers }: ArchiveManifest): Promise<void> {
    const { content } = this.#context.space;
    for (const layer of layers) {
      if (layer === undefined) continue;
      const { descriptor, place } = layer;
      const writer = await openBlob(content, descriptor, this.#lease);
      if (writer === null) continue;
      try {
        const tell = slowly(this.#report, progress_interval_ms);
        const id = shortId(descriptor.digest);
        const { offset } = writer;
        for await (const piece of this.#source.pieces(place.offset + offset, place.size - offset)) {
          await writer.write(piece);
          tell({ status: 'Loading layer', id, progressDetail: { current: writer.offset, total: place.size } });
        }
        await commitBlob(writer, descriptor);
        this.#report({ status: 'Loading layer', id, progressDetail: { current: place.size, total: place.size } });
      } finally {
        await writer.close();
      }
    }
  }

  /** What is there already without being in the archive must stay there, too. */
  async #unpack(image: RunnableImage): Promise<void> {
    const { core, space } = this.#context;
    await core.transact((tx) => {
      const leases = tx.leases(space.name);
      for (const { descriptor, diffID } of image.layers) {
        leases.add(this.#lease, { type: 'content', id: descriptor.digest });
        leases.add(this.#lease, { type: 'layers', id: diffID });
      }
    });
    await prepareLayers(this.#context, image.layers);
  }

  #has({ digest }: Descriptor): boolean {
    return this.#context.space.content.has(digest);
  }

  #name(): string {
    const [first] = this.#image.names;
    return first === undefined ? this.#image.target.digest : familiarString(parseNormalized(first));
  }
}

function incomplete(name: string, { digest }: Descriptor): WherryError<'InvalidArgument'> {
  return new WherryError(
    'InvalidArgument',
    `cannot load the archive: ${name} needs the layer ${digest}, which it does not have. Save the image again.`,
  );
}
