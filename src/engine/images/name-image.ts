import type { Transaction } from '../../core/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import { danglingName } from './names.ts';

/**
 * Gives names to a content inside a transaction. What had one of them before and has no other stays as a dangling
 * image; with no names at all the content itself becomes one.
 */
export function nameImage(tx: Transaction, namespace: string, target: Descriptor, names: readonly string[]): void {
  const images = tx.images(namespace);
  for (const name of names) {
    const before = images.find(name);
    images.put({ name, target });
    if (before !== null && before.target.digest !== target.digest) keepUnnamed(tx, namespace, before.target);
  }
  const entries = images.list().filter((entry) => entry.target.digest === target.digest);
  const own = danglingName(target.digest);
  if (entries.length === 0) images.put({ name: own, target });
  else if (entries.length > 1 && entries.some(({ name }) => name === own)) images.delete(own);
}

/** Makes a dangling image of a content that has lost its last name. */
export function keepUnnamed(tx: Transaction, namespace: string, target: Descriptor): void {
  const images = tx.images(namespace);
  if (images.list().some(({ target: { digest } }) => digest === target.digest)) return;
  images.put({ name: danglingName(target.digest), target });
}
