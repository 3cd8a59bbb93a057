import { exportArchive, type ExportedImage } from '../../core/index.ts';
import { isClass, WherryError } from '../../errors/index.ts';
import { defaultPlatforms, fullName, fullString, parseAny, type Platform } from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { hostArchitecture } from './host-architecture.ts';
import { type ImageReader, requireVariant } from './image-reader.ts';
import { groupImages } from './names.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';

/** An archive to be sent. */
export interface SavedArchive {
  /** Digests of the images in it. */
  readonly ids: readonly string[];
  readonly bytes: AsyncIterable<Uint8Array>;
}

/**
 * An archive of images as `docker save` writes it: an OCI layout, with `manifest.json` for older programs. A repository
 * without a tag is all its tags; an image asked for by its id has no name in the archive.
 *
 * @throws WherryError NotFound with Docker's texts, before there is an archive
 */
export async function saveImages(
  context: ImagesContext,
  reader: ImageReader,
  queries: readonly string[],
  platforms: readonly Platform[],
): Promise<SavedArchive> {
  const { content } = context.space;
  const images = new Map<string, ExportedImage>();
  for (const query of queries) {
    for (const { name, image } of namedBy(context, query)) {
      for (const exported of await exportedOf(reader, image, name, platforms)) {
        images.set(`${exported.name ?? ''} ${exported.target.digest}`, exported);
      }
    }
  }
  const bytes = exportArchive(content, {
    images: [...images.values()],
    platforms: platforms.length > 0 ? platforms : defaultPlatforms(hostArchitecture),
    all_platforms: true,
    skip_compatibility_manifest: false,
    skip_non_distributable: true,
    skip_missing: true,
  });
  return { ids: [...new Set([...images.values()].map(({ target }) => target.digest))], bytes };
}

interface NamedImage {
  /** Full; null for one that was asked for by its id. */
  readonly name: string | null;
  readonly image: ResolvedImage;
}

function namedBy({ space }: ImagesContext, query: string): readonly NamedImage[] {
  const entries = space.images();
  const asked = parseAny(query);
  const isBare = 'reference' in asked && asked.reference.tag === undefined && asked.reference.digest === undefined;
  if (isBare) {
    const repository = fullName(asked.reference);
    const found = [...groupImages(entries).values()].flatMap((group) =>
      group.references
        .filter(({ reference }) => fullName(reference) === repository && reference.tag !== undefined)
        .map(({ entry }): NamedImage => ({ name: entry.name, image: { ...group, asked: null } })),
    );
    if (found.length > 0) return found.sort((a, b) => (a.name! < b.name! ? -1 : 1));
  }
  const image = resolveImage(entries, query);
  return [{ name: image.asked === null ? null : fullString(image.asked.reference), image }];
}

async function exportedOf(
  reader: ImageReader,
  { target }: ResolvedImage,
  name: string | null,
  platforms: readonly Platform[],
): Promise<readonly ExportedImage[]> {
  const names = name === null ? {} : { name };
  if (platforms.length === 0) return [{ ...names, target }];
  const tree = await reader.tree(target);
  const shown = name === null ? target.digest : name.replace(/^docker\.io\/(library\/)?/, '');
  return platforms.map((platform) => {
    try {
      const { mediaType, digest, size } = requireVariant(tree, platform, shown).descriptor;
      return { ...names, target: { mediaType, digest, size } };
    } catch (cause) {
      if (!isClass(cause, 'NotFound')) throw cause;
      throw new WherryError('NotFound', `no suitable export target found: ${cause.message}`, { cause });
    }
  });
}
