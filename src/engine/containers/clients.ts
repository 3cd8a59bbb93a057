import { close } from '../../os/index.ts';
import type { AttachRequest, Tasks } from '../../core/index.ts';

/**
 * Clients that attached to a container before it was started. The daemon keeps them until there is a task that takes
 * them over.
 */
export class WaitingClients {
  #clients: AttachRequest[] = [];

  /** Takes the client's descriptor. */
  add(client: AttachRequest): void {
    this.#clients.push(client);
  }

  /** Lets go of all of them, to whoever calls. */
  take(): readonly AttachRequest[] {
    const clients = this.#clients;
    this.#clients = [];
    return clients;
  }

  /** Hands all of them to the task, also those that come meanwhile. */
  async handOver(tasks: Tasks, container: string): Promise<void> {
    for (let client = this.#clients.shift(); client !== undefined; client = this.#clients.shift()) {
      try {
        await tasks.attach(container, client);
      } finally {
        close(client.fd);
      }
    }
  }

  /** Ends their connections. */
  dismiss(): void {
    for (const { fd } of this.take()) close(fd);
  }
}
