import type { Transaction } from '../../core/index.ts';
import { WherryError } from '../../errors/index.ts';
import { familiarString, fullName } from '../../oci/index.ts';
import type { ImagesContext, ImageUser } from './context.ts';
import { keepUnnamed } from './name-image.ts';
import { type ImageGroup, isDangling } from './names.ts';
import { shortId } from './progress.ts';
import { resolveImage, type ResolvedImage } from './resolve.ts';

/** One thing that a removal did, in Docker's names. */
export type Removed = { readonly Untagged: string } | { readonly Deleted: string };

export interface RemoveOptions {
  readonly force: boolean;
}

/**
 * Takes a name from an image, and removes it with its last one; by id, with all its names. What nothing holds any more
 * is freed before this settles.
 *
 * @throws WherryError NotFound, Conflict with Docker's texts
 */
export async function removeImage(
  context: ImagesContext,
  query: string,
  options: RemoveOptions,
): Promise<readonly Removed[]> {
  if (query === '') throw new WherryError('InvalidArgument', 'image name cannot be blank');
  const { core, space } = context;
  const removed = await core.transact((tx) => {
    const image = resolveImage(tx.images(space.name).list(), query);
    return new Removal(context, tx, image).run(options);
  });
  announce(context, removed.id, removed.items);
  if (removed.items.some((item) => 'Deleted' in item)) await core.collect();
  return removed.items;
}

/** Says what a removal did. */
export function announce({ publish }: ImagesContext, id: string, items: readonly Removed[]): void {
  for (const item of items) {
    const [Action, name] = 'Untagged' in item ? ['untag', item.Untagged] : ['delete', item.Deleted];
    publish({ Type: 'image', Action, Actor: { ID: id, Attributes: { name } } });
  }
}

class Removal {
  readonly #tx: Transaction;
  readonly #namespace: string;
  readonly #image: ResolvedImage;
  readonly #users: readonly ImageUser[];

  constructor({ space, users }: ImagesContext, tx: Transaction, image: ResolvedImage) {
    this.#tx = tx;
    this.#namespace = space.name;
    this.#image = image;
    this.#users = users().filter((user) => user.image === image.id);
  }

  run(options: RemoveOptions): { readonly id: string; readonly items: readonly Removed[] } {
    const { asked, references, id } = this.#image;
    if (asked === null) this.#checkById(options);
    else if (references.length > 1) return { id, items: this.#untag([asked.entry.name]) };
    else this.#checkByName(familiarString(asked.reference), options);
    const names = references.map(({ entry }) => entry.name);
    if (this.#users.length === 0) return { id, items: removeGroup(this.#tx, this.#namespace, this.#image) };
    const items = this.#untag(names);
    // Its containers go on using it.
    keepUnnamed(this.#tx, this.#namespace, this.#image.target);
    return { id, items };
  }

  #untag(names: readonly string[]): Removed[] {
    const wanted = this.#image.references.filter(({ entry }) => names.includes(entry.name));
    for (const { entry } of wanted) this.#tx.images(this.#namespace).delete(entry.name);
    return wanted.map(({ reference }) => ({ Untagged: familiarString(reference) }));
  }

  #checkByName(name: string, { force }: RemoveOptions): void {
    const [user] = this.#users;
    if (user === undefined || force) return;
    const used = `container ${shortId(user.id)} is using its referenced image ${shortId(this.#image.id)}`;
    throw conflict(`unable to delete ${name} (must be forced) - ${used}`);
  }

  #checkById({ force }: RemoveOptions): void {
    const id = shortId(this.#image.id);
    const running = this.#users.find((user) => user.running);
    if (running !== undefined) {
      const used = `image is being used by running container ${shortId(running.id)}`;
      throw conflict(`unable to delete ${id} (cannot be forced) - ${used}`);
    }
    if (force) return;
    const [stopped] = this.#users;
    if (stopped !== undefined) {
      const used = `image is being used by stopped container ${shortId(stopped.id)}`;
      throw conflict(`unable to delete ${id} (must be forced) - ${used}`);
    }
    const repositories = new Set(this.#image.references.map(({ reference }) => fullName(reference)));
    if (repositories.size > 1) {
      throw conflict(`unable to delete ${id} (must be forced) - image is referenced in multiple repositories`);
    }
  }
}

/** Removes all entries of an image inside a transaction. */
export function removeGroup(tx: Transaction, namespace: string, { id, references, entries }: ImageGroup): Removed[] {
  for (const { name } of entries) tx.images(namespace).delete(name);
  const untagged = references.map(({ reference }) => ({ Untagged: familiarString(reference) }));
  const strange = entries.filter(
    ({ name }) => !isDangling(name) && !references.some(({ entry }) => entry.name === name),
  );
  return [...untagged, ...strange.map(({ name }) => ({ Untagged: name })), { Deleted: id }];
}

function conflict(problem: string): WherryError<'Conflict'> {
  return new WherryError('Conflict', `conflict: ${problem}`);
}
