import type { Image } from '../model.ts';
import { type ImageDestination, namesOf } from './image-destination.ts';
import type { ImageScope } from './scope.ts';
import { WherryError } from '../../errors/index.ts';

/**
 * Gives the target of an image more names.
 *
 * @throws WherryError NotFound when there is no such image, or no new name
 */
export async function tag({ core, space }: ImageScope, image: string, to: ImageDestination): Promise<readonly Image[]> {
  return await core.transact((tx) => {
    const images = tx.images(space.name);
    const { target } = images.get(image);
    const names = namesOf(to, target);
    if (names.length === 0) throw new WherryError('NotFound', 'no image name found: not found');
    return names.map((name) => images.put({ name, target, labels: to.labels }));
  });
}
