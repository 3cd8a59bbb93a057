import { isDigest } from '../oci/index.ts';

/** What a document in the content store points to, as far as it is known to mean something. */
export interface References {
  /** Manifests, a config, layers, in their order. */
  readonly blobs: readonly string[];
  /** The layers of a manifest, base first. */
  readonly layers: readonly string[];
  /** The diffIDs of an image's config. */
  readonly diff_ids: readonly string[];
}

export const no_references: References = { blobs: [], layers: [], diff_ids: [] };

/**
 * Reads what an index, manifest or config points to. Whatever else a blob is, it points to nothing: nobody's content
 * can make this fail.
 */
export function readReferences(bytes: Uint8Array): References {
  if (bytes[0] !== 0x7b) return no_references;
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return no_references;
  }
  const fields = object(document);
  const layers = digests(fields['layers']);
  const diff_ids = list(object(fields['rootfs'])['diff_ids']).filter(
    (id) => typeof id === 'string' && isDigest(id),
  ) as string[];
  return { blobs: [...digests(fields['manifests']), ...digests([fields['config']]), ...layers], layers, diff_ids };
}

function digests(value: unknown): string[] {
  return list(value).flatMap((descriptor) => {
    const digest = object(descriptor)['digest'];
    return typeof digest === 'string' && isDigest(digest) ? [digest] : [];
  });
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
