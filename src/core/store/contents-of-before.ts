import { docker_namespace } from '../paths.ts';
import type { Tables } from './tables.ts';

/**
 * Shows blobs that no namespace sees to all that have images, and to Docker's: when the store was written by a version
 * for which all content was everybody's, or was rebuilt from files that do not say whose they are. Runs inside a
 * transaction; collection takes what a namespace has no use for.
 */
export function showAll({ blobs, contents, images }: Tables): void {
  const namespaces = new Set([docker_namespace, ...images.namespaces()]);
  const seen = new Set(contents.all().map(({ key }) => key));
  for (const { key: digest, value } of blobs.all()) {
    if (seen.has(digest)) continue;
    const { created_at } = value;
    for (const namespace of namespaces)
      contents.put(namespace, digest, { labels: {}, created_at, updated_at: created_at });
  }
}
