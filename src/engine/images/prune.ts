import { booleanFilter, checkFilters, type Filters, matchesLabels, untilFilter } from '../filters.ts';
import type { ImagesContext } from './context.ts';
import { describeImage } from './describe.ts';
import type { ImageReader } from './image-reader.ts';
import { groupImages } from './names.ts';
import { announce, type Removed, removeGroup } from './remove.ts';

const known = ['dangling', 'label', 'label!', 'until'];

export interface PrunedImages {
  readonly removed: readonly Removed[];
  readonly reclaimed_bytes: number;
}

/**
 * Removes images that have no name, or with `dangling=false` all that no container is made of.
 *
 * @throws WherryError InvalidArgument for a bad filter
 */
export async function pruneImages(
  context: ImagesContext,
  reader: ImageReader,
  filters: Filters,
): Promise<PrunedImages> {
  checkFilters(filters, known);
  const only_dangling = booleanFilter(filters, 'dangling', true);
  const until = untilFilter(filters);
  const { core, space } = context;
  const candidates: string[] = [];
  for (const group of groupImages(space.images()).values()) {
    if (only_dangling && group.references.length > 0) continue;
    const image = await describeImage(context, reader, group);
    if (until !== null && image.dated.getTime() > until.getTime()) continue;
    if (matchesLabels(filters, image.labels)) candidates.push(group.id);
  }
  const removed: Removed[] = [];
  for (const id of candidates) {
    const items = await core.transact((tx) => {
      // Between looking and removing it may have got a name or a container.
      const group = groupImages(tx.images(space.name).list()).get(id);
      if (group === undefined || (only_dangling && group.references.length > 0)) return [];
      if (context.users().some((user) => user.image === id)) return [];
      return removeGroup(tx, space.name, group);
    });
    announce(context, id, items);
    // What had no name is told of as if its digest had been one.
    if (items.length > 0 && !items.some((item) => 'Untagged' in item)) removed.push({ Untagged: id });
    removed.push(...items);
  }
  const { bytes } = await core.collect();
  const Attributes = { reclaimed: String(bytes) };
  context.publish({ Type: 'image', Action: 'prune', Actor: { ID: '', Attributes } });
  return { removed, reclaimed_bytes: bytes };
}
