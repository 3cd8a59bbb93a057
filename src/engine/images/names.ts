import type { Image } from '../../core/index.ts';
import { type Descriptor, familiarName, familiarString, parseNormalized, type Reference } from '../../oci/index.ts';

const dangling_prefix = 'moby-dangling@';

/** The name in the store of an image that has no name of its own, as Docker writes it there. */
export function danglingName(digest: string): string {
  return dangling_prefix + digest;
}

export function isDangling(name: string): boolean {
  return name.startsWith(dangling_prefix);
}

/** All names of one content, which together are what Docker calls an image. */
export interface ImageGroup {
  /** The digest that the names point to. */
  readonly id: string;
  readonly target: Descriptor;
  /** The names that users gave, full, in order. */
  readonly references: readonly NamedReference[];
  /** Every entry of the store, also the one that stands for having no name. */
  readonly entries: readonly Image[];
}

export interface NamedReference {
  readonly entry: Image;
  readonly reference: Reference;
}

/** The images of a store, by what they point to. */
export function groupImages(entries: readonly Image[]): Map<string, ImageGroup> {
  const byDigest = new Map<string, Image[]>();
  for (const entry of entries) {
    const together = byDigest.get(entry.target.digest);
    if (together === undefined) byDigest.set(entry.target.digest, [entry]);
    else together.push(entry);
  }
  const groups = new Map<string, ImageGroup>();
  for (const [id, together] of byDigest) {
    const references = together.flatMap((entry): NamedReference[] => {
      const reference = referenceOf(entry.name);
      return reference === null ? [] : [{ entry, reference }];
    });
    groups.set(id, { id, target: together[0]!.target, references, entries: together });
  }
  return groups;
}

/** null for the entry of a dangling image, and for a name that other clients of the store gave and that is no reference. */
function referenceOf(name: string): Reference | null {
  if (isDangling(name)) return null;
  try {
    return parseNormalized(name);
  } catch {
    return null;
  }
}

/** `hello:latest`, in order. */
export function repoTags({ references }: ImageGroup): string[] {
  const tagged = references.filter(({ reference }) => reference.tag !== undefined && reference.digest === undefined);
  return tagged.map(({ reference }) => familiarString(reference));
}

/** `hello@sha256:...`, one for each repository. */
export function repoDigests({ id, references }: ImageGroup): string[] {
  return [...new Set(references.map(({ reference }) => `${familiarName(reference)}@${id}`))];
}
