import { WherryError } from '../../errors/index.ts';
import { familiarString, fullName, fullString, parseAny, type Reference, withDefaultTag } from '../../oci/index.ts';
import { groupImages, type ImageGroup, type NamedReference } from './names.ts';
import type { Image } from '../../core/index.ts';

export interface ResolvedImage extends ImageGroup {
  /** The name that was asked for; null when it was asked for by id. */
  readonly asked: NamedReference | null;
}

/**
 * Finds an image as Docker's commands name it: by reference, by digest, by 64 hex digits or the first of them.
 *
 * @throws WherryError InvalidArgument for what is no reference, NotFound with Docker's text
 */
export function resolveImage(entries: readonly Image[], query: string): ResolvedImage {
  const asked = parseAny(query);
  const groups = groupImages(entries);
  if ('digest' in asked) {
    const group = groups.get(asked.digest);
    if (group === undefined) throw noSuchImage(query);
    return { ...group, asked: null };
  }
  const reference = withDefaultTag(asked.reference);
  return byName(groups, reference) ?? byPrefix(groups, query) ?? refuse(reference);
}

function byName(groups: ReadonlyMap<string, ImageGroup>, reference: Reference): ResolvedImage | null {
  const name = fullString(reference);
  for (const group of groups.values()) {
    const asked = group.references.find(({ entry }) => entry.name === name);
    if (asked !== undefined) return { ...group, asked };
  }
  // `name:tag@digest` and `name@digest` mean the content, as long as it has that name.
  const group = reference.digest === undefined ? undefined : groups.get(reference.digest);
  if (group === undefined) return null;
  const repository = fullName(reference);
  return group.references.some((each) => fullName(each.reference) === repository) ? { ...group, asked: null } : null;
}

function byPrefix(groups: ReadonlyMap<string, ImageGroup>, query: string): ResolvedImage | null {
  const prefix = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(query)?.[1];
  if (prefix === undefined) return null;
  const found = [...groups.values()].filter(({ id }) => id.startsWith(`sha256:${prefix}`));
  if (found.length > 1) throw new WherryError('NotFound', 'ambiguous reference');
  return found[0] === undefined ? null : { ...found[0], asked: null };
}

function refuse(reference: Reference): never {
  throw noSuchImage(familiarString(reference));
}

function noSuchImage(name: string): WherryError<'NotFound'> {
  return new WherryError('NotFound', `No such image: ${name}`);
}
