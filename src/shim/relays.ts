import { create } from '@bufbuild/protobuf';

import { WherryError } from '../errors/index.ts';
import { relays_per_shim_max } from '../limits/index.ts';
import { type ServiceHandlers, shim } from '../wire/index.ts';
import { Relay } from './relay.ts';
import { makePipes } from './relay-pipes.ts';
import { parseStdio } from './stdio-address.ts';

/** The relays of this shim, by the process whose streams they hold. */
export class Relays {
  readonly #namespace: string;
  readonly #by_process = new Map<string, Relay>();

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  get size(): number {
    return this.#by_process.size;
  }

  find(container: string, exec_id: string): Relay | null {
    return this.#by_process.get(keyOf(container, exec_id)) ?? null;
  }

  /** @throws WherryError AlreadyExists, ResourceExhausted when the shim is full, InvalidArgument for a stream */
  open(request: shim.OpenRelayRequest): Relay {
    const { container, execId: exec_id, terminal, folder } = request;
    const key = keyOf(container, exec_id);
    if (this.#by_process.has(key)) throw new WherryError('AlreadyExists', `the streams of ${key} are held already`);
    if (this.#by_process.size >= relays_per_shim_max) {
      throw new WherryError(
        'ResourceExhausted',
        `Cannot hold the streams of ${key}: this shim holds those of ${relays_per_shim_max} processes already.`,
      );
    }
    if (!folder.startsWith('/'))
      throw new WherryError('InvalidArgument', `Cannot make pipes in "${folder}": it is no path.`);
    const stdin = parseStdio(request.stdin);
    const stdout = parseStdio(request.stdout);
    const stderr = parseStdio(request.stderr);
    const pipes = makePipes(folder, { stdin: stdin.kind === 'attach', terminal });
    const relay = new Relay({ namespace: this.#namespace, container, exec_id, terminal, stdin, stdout, stderr, pipes });
    this.#by_process.set(key, relay);
    return relay;
  }

  /** Waits for the rest of the output; nothing to do for a process whose streams are not held here. */
  async finish(container: string, exec_id: string): Promise<void> {
    await this.find(container, exec_id)?.finish();
    this.#by_process.delete(keyOf(container, exec_id));
  }
}

/** What the daemon asks of them. */
export function relayService(relays: Relays): ServiceHandlers<typeof shim.Relay> {
  const held = (container: string, exec_id: string): Relay => {
    const relay = relays.find(container, exec_id);
    if (relay !== null) return relay;
    throw new WherryError('NotFound', `the streams of ${keyOf(container, exec_id)} are not held here`);
  };
  return {
    async open(request) {
      const { stdin, stdout, stderr } = relays.open(request).pipes;
      return create(shim.OpenRelayResponseSchema, { stdin, stdout, stderr });
    },
    async connected({ container, execId, address, service }) {
      held(container, execId).connected({ address, service });
      return create(shim.RelayConnectedResponseSchema);
    },
    async finish({ container, execId }) {
      await relays.finish(container, execId);
      return create(shim.FinishRelayResponseSchema);
    },
  };
}

function keyOf(container: string, exec_id: string): string {
  return `${container}/${exec_id}`;
}
