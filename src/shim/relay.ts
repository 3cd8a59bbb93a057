import { fromUnknown, isClass } from '../errors/index.ts';
import { relay_silence_ms_max, shim_call_ms_max } from '../limits/index.ts';
import { Task, TaskV2, TtrpcClient } from '../wire/index.ts';
import type { AttachOptions } from './attached-client.ts';
import { complain } from './complain.ts';
import type { RelayPipes } from './relay-pipes.ts';
import type { StdioAddress } from './stdio-address.ts';
import { createStreams, type Streams } from './streams.ts';

export interface RelayOptions {
  readonly namespace: string;
  readonly container: string;
  readonly exec_id: string;
  readonly terminal: boolean;
  readonly stdin: StdioAddress;
  readonly stdout: StdioAddress;
  readonly stderr: StdioAddress;
  readonly pipes: RelayPipes;
}

/** The shim whose process this is. */
interface OtherShim {
  readonly address: string;
  readonly service: string;
}

/**
 * The streams of a process that another shim runs. They need no daemon: their end is seen by that shim's letting go of
 * the pipes, and the end of stdin is told to it from here.
 */
export class Relay {
  readonly pipes: RelayPipes;
  readonly #options: RelayOptions;
  readonly #streams: Streams;
  #other: OtherShim | null = null;
  /** The other shim has opened its ends. */
  #taken = false;
  #input_ended = false;
  #finishing: Promise<void> | null = null;

  /** @throws WherryError Internal when the pipes, or the log, cannot be opened */
  constructor(options: RelayOptions) {
    this.#options = options;
    this.pipes = options.pipes;
    const { stdin, stdout, stderr, terminal, pipes } = options;
    this.#streams = createStreams(
      { stdin, stdout, stderr, terminal, pipes },
      { onInputEnd: () => void this.#inputEnded() },
    );
    // Whoever still watches has seen it all.
    void this.#streams.ended.then(() => this.finish());
  }

  /** Takes the client's descriptor. */
  attach(fd: number, head: Buffer, options: Omit<AttachOptions, 'terminal'>): void {
    this.#streams.attach(fd, head, options);
  }

  /** Nothing waits here for clients that are on their way: whoever starts the process does. */
  clientTaken(): void {}

  /** The other shim has opened its ends; '' is an address of nobody who can be told anything. */
  connected(other: OtherShim): void {
    this.#taken = true;
    this.#streams.release();
    if (other.address === '') return;
    this.#other = other;
    if (this.#input_ended) void this.#inputEnded();
  }

  /** Settles when the rest of the output is written and clients are let go. */
  finish(): Promise<void> {
    this.#finishing ??= this.#finish();
    return this.#finishing;
  }

  async #finish(): Promise<void> {
    await this.#streams.finish(relay_silence_ms_max);
    // Who handed over the clients of a process that never was may still say why.
    this.#streams.letGo(this.#taken);
  }

  /** That shim keeps an end of stdin open itself until it is told. */
  async #inputEnded(): Promise<void> {
    this.#input_ended = true;
    const other = this.#other;
    if (other === null) return;
    this.#other = null;
    const { namespace, container, exec_id } = this.#options;
    try {
      const client = await TtrpcClient.connect(other.address);
      try {
        const service = client.service(other.service === TaskV2.typeName ? TaskV2 : Task);
        const metadata = { 'containerd-namespace-ttrpc': namespace };
        const request = { id: container, execId: exec_id, stdin: true };
        await service.closeIO(request, { timeout_ms: shim_call_ms_max, metadata });
      } finally {
        client.close();
      }
    } catch (error) {
      // It has ended meanwhile, and its shim with it.
      if (isClass(error, 'NotFound') || isClass(error, 'Unavailable')) return;
      complain(`the end of stdin of container ${container} could not be told: ${fromUnknown(error).message}`);
    }
  }
}
