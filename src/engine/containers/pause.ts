import { WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';

/**
 * Stops all that runs in a container where it is.
 *
 * @throws WherryError Conflict with Docker's texts when it does not run, or is paused already
 */
export async function pauseContainer({ space }: ContainersContext, container: Container): Promise<void> {
  await container.turns.take(async () => {
    const { id, status, process } = container;
    if (status === 'restarting')
      throw new WherryError('Conflict', `Container ${id} is restarting, wait until the container is running`);
    if (process !== 'running') throw new WherryError('Conflict', `container ${id} is not running`);
    if (container.paused) throw new WherryError('Conflict', `Container ${id} is already paused`);
    await space.tasks.pause(id);
    container.paused = true;
    container.publish('pause');
  });
}

/**
 * Lets a paused container go on.
 *
 * @throws WherryError Unknown with Docker's text when it is not paused
 */
export async function unpauseContainer({ space }: ContainersContext, container: Container): Promise<void> {
  await container.turns.take(async () => {
    const { id } = container;
    if (!container.paused) throw new WherryError('Unknown', `Container ${id} is not paused`);
    await space.tasks.resume(id);
    container.paused = false;
    container.publish('unpause');
  });
}
