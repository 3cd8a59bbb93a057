import { WherryError } from '../../errors/index.ts';
import type { Descriptor, Platform } from '../../oci/index.ts';
import type { Image, Labels } from '../model.ts';
import type { PlatformChoice } from './platform-choice.ts';
import type { ImageScope } from './scope.ts';

/** A name, or how names are made of what an archive calls its images. */
export interface ImageReference {
  readonly name: string;
  /** `name` has no tag yet: it comes before one, or bounds which full names are taken. */
  readonly is_prefix: boolean;
  /** Full names that do not begin with it are taken, too. */
  readonly allow_overwrite: boolean;
  /** A name with the digest is given as well. */
  readonly add_digest: boolean;
  /** But not when there is one with a tag. */
  readonly skip_named_digest: boolean;
}

/** What is to be made ready to run. */
export interface Unpack {
  /** null for whatever fits. */
  readonly platform: Platform | null;
  /** '' for the usual one. */
  readonly snapshotter: string;
}

/** An image store as the end of a transfer: under which names what has come is kept. */
export interface ImageDestination {
  /** '' for none. */
  readonly name: string;
  readonly labels: Labels;
  readonly choice: PlatformChoice;
  readonly references: readonly ImageReference[];
  readonly unpacks: readonly Unpack[];
}

/** The names for the target of a pull, a tag, or for the index of an archive. */
export function namesOf({ name, references }: ImageDestination, { digest }: Descriptor): readonly string[] {
  const whole = references.filter(({ is_prefix }) => !is_prefix);
  const more = whole.map((reference) => (reference.add_digest ? `${reference.name}@${digest}` : reference.name));
  return name === '' ? more : [name, ...more];
}

/** The names for an image of an archive, by what its index calls it; none when it is not to be kept. */
export function archiveNames({ references }: ImageDestination, { digest, annotations }: Descriptor): readonly string[] {
  const names: string[] = [];
  for (const reference of references.filter(({ is_prefix }) => is_prefix)) {
    const found = archiveName(reference, annotations ?? {});
    if (found !== '') names.push(found);
    const withDigest = reference.add_digest && (found === '' || !reference.skip_named_digest);
    if (withDigest) names.push(`${reference.name}@${digest}`);
  }
  return names;
}

function archiveName(reference: ImageReference, annotations: Labels): string {
  const full = annotations['io.containerd.image.name'] ?? '';
  // A full name is taken as it is or not at all.
  if (full !== '') return translated(reference, full) === full ? full : '';
  const short = annotations['org.opencontainers.image.ref.name'] ?? '';
  return short === '' ? '' : translated(reference, short);
}

function translated({ name: prefix, allow_overwrite }: ImageReference, text: string): string {
  if (prefix === '') return '';
  if (!/[/:@]/.test(text)) return `${prefix}:${text}`;
  const isBelow = text.startsWith(prefix) && (text.length === prefix.length || '/:@'.includes(text[prefix.length]!));
  return allow_overwrite || isBelow ? text : '';
}

/** What of a descriptor containerd keeps with an image. */
function keptTarget({ mediaType, digest, size, annotations }: Descriptor): Descriptor {
  const isNamed = annotations !== undefined && Object.keys(annotations).length > 0;
  return { mediaType, digest, size, ...(isNamed ? { annotations } : {}) };
}

/**
 * Gives a target its names, all in one transaction.
 *
 * @throws WherryError NotFound when there are none
 */
export async function nameTarget(
  { core, space }: ImageScope,
  target: Descriptor,
  names: readonly string[],
  labels: Labels,
): Promise<readonly Image[]> {
  if (names.length === 0) throw new WherryError('NotFound', 'no image name found: not found');
  const kept = keptTarget(target);
  return await core.transact((tx) => names.map((name) => tx.images(space.name).put({ name, target: kept, labels })));
}
