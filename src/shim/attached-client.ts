import { Socket } from 'node:net';

import { attached_client_buffer_bytes_max } from '../limits/index.ts';
import { DetachWatcher } from './detach-keys.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** The task has a terminal: bytes go raw, and detach keys are looked for. */
  readonly terminal: boolean;
  readonly detach_keys: readonly number[];
}

export type StreamName = 'stdout' | 'stderr';

/** A client of the Docker API on the far end of a connection that the daemon handed over. */
export class AttachedClient {
  readonly options: AttachOptions;
  readonly #socket: Socket;
  readonly #detach: DetachWatcher | null;
  #gone = false;

  /** Takes `fd` over. `onInput` gets what the client types, null at its end; `onDrain` is called when it reads again. */
  constructor(
    fd: number,
    head: Buffer,
    options: AttachOptions,
    events: { onInput(chunk: Buffer | null, resume: () => void): boolean; onDrain(): void; onGone(): void },
  ) {
    this.options = options;
    this.#detach = options.terminal ? new DetachWatcher(options.detach_keys) : null;
    this.#socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true } as object);
    this.#socket.on('error', () => {});
    this.#socket.on('drain', () => events.onDrain());
    this.#socket.on('close', () => {
      this.#gone = true;
      events.onGone();
    });
    const input = (chunk: Buffer): void => {
      if (!options.stdin) return;
      const { pass, detached } = this.#detach?.push(chunk) ?? { pass: chunk, detached: false };
      if (pass.length > 0 && !events.onInput(pass, () => this.#socket.resume())) this.#socket.pause();
      if (detached) this.end();
    };
    if (head.length > 0) input(head);
    this.#socket.on('data', input);
    this.#socket.on('end', () => {
      if (options.stdin && !this.#gone) events.onInput(null, () => {});
      // Docker's CLI shuts its side down when it has no stdin and still wants all output; one that wants none has left.
      if (!options.stdout && !options.stderr) this.#socket.destroy();
    });
  }

  /** Sends a piece of output; false when the client does not keep up and the guest should be held. */
  write(stream: StreamName, chunk: Buffer): boolean {
    if (this.#gone || !(stream === 'stdout' ? this.options.stdout : this.options.stderr)) return true;
    if (!this.options.terminal) {
      const header = Buffer.alloc(8);
      header[0] = stream === 'stdout' ? 1 : 2;
      header.writeUInt32BE(chunk.length, 4);
      this.#socket.cork();
      this.#socket.write(header);
      this.#socket.write(chunk);
      this.#socket.uncork();
    } else this.#socket.write(chunk);
    return this.#socket.writableLength < attached_client_buffer_bytes_max;
  }

  get behind(): boolean {
    return !this.#gone && this.#socket.writableLength >= attached_client_buffer_bytes_max;
  }

  /** No more output: what waits is sent, then the connection ends. */
  end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#socket.end(() => this.#socket.destroy());
  }
}
