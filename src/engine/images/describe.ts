import type { Descriptor, History, ImageConfig, StringMap } from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import { chooseVariant, type ImageReader, type UsableVariant, type Variant } from './image-reader.ts';
import { type ImageGroup, repoDigests, repoTags } from './names.ts';

/** What is told of an image, whatever the form it is told in. */
export interface DescribedImage {
  /** The digest its names point to. */
  readonly id: string;
  readonly target: Descriptor;
  /** `hello:latest`. */
  readonly tags: readonly string[];
  /** `hello@sha256:...`. */
  readonly digests: readonly string[];
  readonly variants: readonly Variant[];
  /** The variant that stands for the image; null when none is here in full. */
  readonly chosen: UsableVariant | null;
  /** Of the variant that stands for it; null when it does not say. */
  readonly created: Date | null;
  /** How old it is to be taken for: when it was made, else when it came here. */
  readonly dated: Date;
  readonly labels: StringMap;
  /** Bytes of content and unpacked layers, each once. */
  readonly size_bytes: number;
  /** When it last got a name. */
  readonly named_at: Date | null;
  /** Ids of the containers made of it. */
  readonly containers: readonly string[];
}

export async function describeImage(
  context: ImagesContext,
  reader: ImageReader,
  group: ImageGroup,
): Promise<DescribedImage> {
  const { id, target, references, entries } = group;
  const tree = await reader.tree(target);
  const chosen = chooseVariant(tree, null);
  const created = chosen === null ? null : createdAt(chosen.image.config);
  const came = Math.min(...entries.map((entry) => entry.created_at.getTime()));
  const named = references.map(({ entry }) => entry.updated_at.getTime());
  return {
    id,
    target,
    tags: repoTags(group),
    digests: repoDigests(group),
    variants: tree.variants,
    chosen,
    created,
    dated: created ?? new Date(came),
    labels: chosen?.image.config.config.Labels ?? {},
    size_bytes: tree.size_bytes,
    named_at: named.length === 0 ? null : new Date(Math.max(...named)),
    containers: context.users().flatMap((user) => (user.image === id ? [user.id] : [])),
  };
}

/** null when an image does not say when it was made, or not so that it can be read. */
function createdAt({ created }: Pick<ImageConfig, 'created'>): Date | null {
  const time = created === undefined ? NaN : Date.parse(created);
  return Number.isNaN(time) ? null : new Date(time);
}

/** One step of an image's history, newest first. */
export interface HistoryStep extends History {
  /** Bytes of the step's layer in the form it is read in. */
  readonly size_bytes: number;
}

/** The history of an image as its config tells it, with the sizes of the layers; newest first. */
export function imageHistory({ image }: UsableVariant, sizeOf: (diff_id: string) => number): readonly HistoryStep[] {
  const { config } = image;
  const layers = [...config.diffIDs];
  const steps = config.history.map((step): HistoryStep => {
    const diff_id = step.empty_layer === true ? undefined : layers.shift();
    return { ...step, size_bytes: diff_id === undefined ? 0 : sizeOf(diff_id) };
  });
  // Layers that no step owns to.
  for (const diff_id of layers) steps.push({ size_bytes: sizeOf(diff_id) });
  return steps.reverse();
}
