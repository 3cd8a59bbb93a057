import { familiarMatch, familiarName, familiarString, fullName, fullString, type Reference } from '../../oci/index.ts';
import { booleanFilter, checkFilters, type Filters, matchesLabels, untilFilter } from '../filters.ts';
import type { ImagesContext } from './context.ts';
import { type DescribedImage, describeImage } from './describe.ts';
import type { ImageReader } from './image-reader.ts';
import { groupImages, type ImageGroup } from './names.ts';
import { resolveImage } from './resolve.ts';

const known = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'];

/**
 * The images that fit `filters`, those made last first.
 *
 * @throws WherryError InvalidArgument for a bad filter, NotFound when `before` or `since` names no image
 */
export async function listImages(
  context: ImagesContext,
  reader: ImageReader,
  filters: Filters,
): Promise<readonly DescribedImage[]> {
  checkFilters(filters, known);
  const dangling = filters.has('dangling') ? booleanFilter(filters, 'dangling', false) : null;
  const patterns = filters.get('reference') ?? [];
  const until = untilFilter(filters);
  const before = await timeOf(context, reader, filters.get('before') ?? []);
  const since = await timeOf(context, reader, filters.get('since') ?? []);

  const found: DescribedImage[] = [];
  for (const group of groupImages(context.space.images()).values()) {
    if (dangling !== null && dangling !== (group.references.length === 0)) continue;
    const shown = withMatchingNames(group, patterns);
    if (shown === null) continue;
    const image = await describeImage(context, reader, shown);
    const created = image.dated.getTime();
    if (before !== null && created >= before) continue;
    if (since !== null && created <= since) continue;
    if (until !== null && created > until.getTime()) continue;
    if (matchesLabels(filters, image.labels)) found.push(image);
  }
  return found.sort((a, b) => b.dated.getTime() - a.dated.getTime() || (a.id < b.id ? -1 : 1));
}

/** The image with those names only that were asked for; null when it has none. */
function withMatchingNames(group: ImageGroup, patterns: readonly string[]): ImageGroup | null {
  if (patterns.length === 0) return group;
  const references = group.references.filter(({ reference }) =>
    patterns.some((pattern) => matches(pattern, reference)),
  );
  return references.length === 0 ? null : { ...group, references };
}

function matches(pattern: string, reference: Reference): boolean {
  if (familiarMatch(pattern, reference)) return true;
  const isFull = fullString(reference) !== familiarString(reference);
  // The full form of a name of Docker Hub is nobody's familiar one.
  return (
    isFull &&
    (pattern === fullString(reference) || (pattern === fullName(reference) && pattern !== familiarName(reference)))
  );
}

async function timeOf(context: ImagesContext, reader: ImageReader, names: readonly string[]): Promise<number | null> {
  let time: number | null = null;
  for (const name of names) {
    const image = await describeImage(context, reader, resolveImage(context.space.images(), name));
    time = image.dated.getTime();
  }
  return time;
}
