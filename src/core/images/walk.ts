import { WherryError } from '../../errors/index.ts';
import { index_depth_max, manifest_bytes_max } from '../../limits/index.ts';
import {
  type Descriptor,
  formatPlatform,
  type Index,
  isIndexType,
  isManifestType,
  type Manifest,
  parseManifest,
} from '../../oci/index.ts';
import type { Content } from '../model.ts';

/** Whether a descriptor is of a document that leads on: a manifest or an index. */
export function leadsOn({ mediaType }: Descriptor): boolean {
  return isManifestType(mediaType) || isIndexType(mediaType);
}

/**
 * Reads a manifest or an index from the content.
 *
 * @throws WherryError NotFound, InvalidArgument for one that is none, DataLoss for one that is damaged
 */
export async function readDocument(content: Content, { digest, mediaType }: Descriptor): Promise<Manifest | Index> {
  return parseManifest(await content.readAll(digest, manifest_bytes_max), mediaType, digest);
}

/**
 * Calls `visit` for a descriptor and for what it gives, each digest once for a platform, pieces of one document at the same time.
 * Indexes may lie in each other no deeper than `index_depth_max`. After a failure nothing more is visited; the first
 * one is thrown when what had begun has ended.
 */
export async function walk(
  root: Descriptor,
  visit: (descriptor: Descriptor) => Promise<readonly Descriptor[]>,
): Promise<void> {
  const seen = new Set<string>();
  let failure: { readonly thrown: unknown } | null = null;
  const enter = async (descriptor: Descriptor, depth: number): Promise<void> => {
    // The same manifest may stand in an index for several platforms, of which only one is wanted.
    const key = `${descriptor.digest} ${descriptor.platform === undefined ? '' : formatPlatform(descriptor.platform)}`;
    if (seen.has(key) || failure !== null) return;
    seen.add(key);
    try {
      if (depth < 0) {
        throw new WherryError('InvalidArgument', `the image has indexes in indexes, more than ${index_depth_max} deep`);
      }
      const children = await visit(descriptor);
      await Promise.all(children.map((child) => enter(child, depth - 1)));
    } catch (thrown) {
      failure ??= { thrown };
    }
  };
  // An image below its last index still has a manifest and its blobs.
  await enter(root, index_depth_max + 2);
  if (failure !== null) throw (failure as { readonly thrown: unknown }).thrown;
}

/** Lets at most `at_once` run at the same time. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(at_once: number) {
    this.#free = at_once;
  }

  async take<T>(act: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}
