import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { eraseContainer } from './create/persist.ts';

/** Takes containers away, with what is theirs alone. */
export class Removal {
  readonly #context: ContainersContext;
  readonly #forget: (container: Container) => void;

  /** `forget` is called once a container is no longer to be found. */
  constructor(context: ContainersContext, forget: (container: Container) => void) {
    this.#context = context;
    this.#forget = forget;
  }

  /** Removes a container that does not run; only in its turn. With `volumes` its anonymous volumes go, too. */
  async inTurn(container: Container, volumes: boolean): Promise<void> {
    const { id } = container;
    if (container.removed) return;
    container.removing = true;
    try {
      await eraseContainer(this.#context, id);
    } catch (cause) {
      container.removing = false;
      throw new WherryError('Unknown', `unable to remove filesystem: ${fromUnknown(cause).message}`, { cause });
    }
    await this.#gone(container, volumes);
  }

  /**
   * Removes a container that removes itself, with its anonymous volumes; only in its turn. Whoever waits is told before
   * that is on disk: a daemon that dies now removes it when it starts again.
   */
  async byItself(container: Container): Promise<void> {
    if (container.removed) return;
    container.removing = true;
    const erased = eraseContainer(this.#context, container.id);
    await Promise.all([erased, this.#gone(container, true)]);
  }

  async #gone(container: Container, volumes: boolean): Promise<void> {
    container.removed = true;
    this.#forget(container);
    container.clients.dismiss();
    if (volumes) await this.#removeVolumes(container);
    container.publish('destroy');
    container.waiters.settle(['not-running', 'next-exit', 'removed'], { exit_code: container.state.exit_code });
  }

  async #removeVolumes({ record, id }: Container): Promise<void> {
    for (const { Name, anonymous } of record.mounts) {
      if (!anonymous) continue;
      try {
        await this.#context.volumes.remove(Name, { force: false });
      } catch (error) {
        if (isClass(error, 'NotFound')) continue;
        this.#context.log.warn(`volume ${Name} of container ${id} stays: ${fromUnknown(error).message}`);
      }
    }
  }
}
