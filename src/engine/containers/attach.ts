import { close } from '../../os/index.ts';
import type { NamespaceView } from '../../core/index.ts';
import { fromUnknown, WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detach_keys: string;
}

/**
 * Whether a client may attach now; `name` is what it called the container.
 *
 * @throws WherryError Conflict with Docker's texts
 */
export function checkAttachable({ status }: Container, name: string): void {
  if (status === 'paused') {
    throw new WherryError('Conflict', `container ${name} is paused, unpause the container before attach`);
  }
  if (status === 'restarting') {
    throw new WherryError('Conflict', `container ${name} is restarting, wait until the container is running`);
  }
}

/**
 * Connects a client with a container's streams: now when it runs, else when it is started. Takes the descriptor.
 * `head` are bytes that were read from it already.
 */
export async function attachClient(
  { tasks }: Pick<NamespaceView, 'tasks'>,
  container: Container,
  fd: number,
  head: Uint8Array,
  options: AttachOptions,
): Promise<void> {
  const client = { fd, head, ...options };
  if (!container.takes_clients) {
    if (container.removed) close(fd);
    else container.clients.add(client);
    return;
  }
  try {
    await tasks.attach(container.id, client);
  } catch (cause) {
    // It ended meanwhile: there is nothing to see any more.
    if (container.takes_clients) {
      throw new WherryError('Unknown', `Cannot attach to ${container.id}: ${fromUnknown(cause).message}`, { cause });
    }
  } finally {
    close(fd);
  }
}
