import { createServer, type Server, type Socket } from 'node:net';

import { containers_per_shim_max, door_request_bytes_max, reservation_ms_max } from '../../limits/index.ts';
import type { ContainerdTasks } from './tasks.ts';

/** What a shim serves: other containers are not its own. */
export interface Served {
  /** The path of containerd's socket. */
  readonly containerd: string;
  readonly namespace: string;
  /** '' for those that belong to no pod. */
  readonly pod: string;
}

/**
 * Where our binary asks on behalf of containerd. A request is words that each end with NUL, an answer a line:
 *
 *     start ID BUNDLE EVENTS CONTAINERD NAMESPACE POD   ok ADDRESS, full
 *     forget ID                                         ok PID STATUS SECONDS NANOSECONDS
 *
 * Anything else that is answered is why it cannot be.
 */
export class Door {
  readonly server: Server;
  readonly #options: DoorOptions;
  /** Ids that containerd will create, until when. */
  readonly #reserved = new Map<string, number>();
  #closed = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.#take(socket));
  }

  /** How many containers are announced and not there yet. */
  get reserved(): number {
    const now = Date.now();
    for (const [id, until] of this.#reserved) if (until < now) this.#reserved.delete(id);
    return this.#reserved.size;
  }

  arrived(id: string): void {
    this.#reserved.delete(id);
  }

  /** From here on whoever asks is left without a word, and asks another. */
  close(): void {
    this.#closed = true;
    this.server.close();
  }

  #take(socket: Socket): void {
    const pieces: Buffer[] = [];
    let bytes = 0;
    socket.on('error', () => {});
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      bytes += piece.length;
      if (bytes > door_request_bytes_max) socket.destroy();
    });
    socket.on('end', () => {
      if (this.#closed) {
        socket.destroy();
        return;
      }
      const words = Buffer.concat(pieces).toString().split('\0').slice(0, -1);
      void this.#answer(words).then(
        (answer) => socket.end(`${answer}\n`),
        (error: unknown) => socket.end(`${(error as Error).message.replaceAll('\n', ' ')}\n`),
      );
    });
  }

  async #answer([verb, id = '', ...words]: readonly string[]): Promise<string> {
    if (verb === 'start') return this.#start(id, words);
    if (verb !== 'forget') return 'no such request';
    this.#reserved.delete(id);
    const ended = await this.#options.tasks().forget(id);
    if (ended === null) return 'ok 0 137 0 0';
    const ms = ended.at.getTime();
    return `ok ${ended.pid} ${ended.status} ${Math.floor(ms / 1000)} ${(ms % 1000) * 1_000_000}`;
  }

  #start(id: string, [, events = '', containerd, namespace, pod]: readonly string[]): string {
    const { served, tasks, address } = this.#options;
    if (containerd !== served.containerd || namespace !== served.namespace || pod !== served.pod)
      return `this shim serves namespace ${served.namespace} of ${served.containerd}`;
    if (tasks().has(id)) return `container "${id}" already exists`;
    if (!this.#reserved.has(id) && tasks().size + this.reserved >= containers_per_shim_max) return 'full';
    this.#reserved.set(id, Date.now() + reservation_ms_max);
    this.#options.events(events);
    return `ok unix://${address}`;
  }
}

interface DoorOptions {
  readonly served: Served;
  /** The path of the socket that the Task service is at. */
  readonly address: string;
  tasks(): ContainerdTasks;
  /** Told where containerd takes events. */
  events(address: string): void;
}
