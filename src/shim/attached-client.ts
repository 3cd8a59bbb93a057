import { Socket } from 'node:net';

import { attached_client_buffer_bytes_max } from '../limits/index.ts';
import { POLL, poll } from '../os/index.ts';
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

export interface ClientEvents {
  /** What the client types, null at its end. False when it should wait until `resume` is called. */
  onInput(chunk: Buffer | null, resume: () => void): boolean;
  /** It reads again. */
  onDrain(): void;
  onGone(): void;
}

/** Clients whose connection is open, also those of containers that are deleted and that still read the last output. */
const open = new Set<AttachedClient>();

/** How many clients still have something to read, or may get something. */
export function openClients(): number {
  return open.size;
}

/** A client of the Docker API on the far end of a connection that the daemon handed over. */
export class AttachedClient {
  readonly options: AttachOptions;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #detach: DetachWatcher | null;
  /** No output goes to it any more. */
  #gone = false;
  #input_over: boolean;

  /** Takes `fd` over once it is known to be a stream; `head` are bytes that were read from it before. */
  constructor(fd: number, head: Buffer, options: AttachOptions, events: ClientEvents) {
    this.options = options;
    this.#detach = options.terminal ? new DetachWatcher(options.detach_keys) : null;
    this.#input_over = !options.stdin;
    this.#fd = fd;
    this.#socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true } as object);
    open.add(this);
    this.#socket.on('error', () => {});
    this.#socket.on('drain', () => events.onDrain());
    const input = (chunk: Buffer | null): void => {
      if (this.#input_over) return;
      if (chunk === null) {
        this.#input_over = true;
        events.onInput(null, () => {});
        return;
      }
      const { pass, detached } = this.#detach?.push(chunk) ?? { pass: chunk, detached: false };
      if (pass.length > 0 && !events.onInput(pass, () => this.#socket.resume())) this.#socket.pause();
      if (detached) this.end();
    };
    this.#socket.on('close', () => {
      // One that breaks off types no more either; one that was let go may come back.
      if (!this.#gone) input(null);
      this.#gone = true;
      open.delete(this);
      events.onGone();
    });
    if (head.length > 0) input(head);
    this.#socket.on('data', input);
    this.#socket.on('end', () => {
      input(null);
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
    return !this.behind;
  }

  get behind(): boolean {
    return !this.#gone && this.#socket.writableLength >= attached_client_buffer_bytes_max;
  }

  /**
   * Closes the connection of one that hung up and to which nothing was sent since, which would tell. Over TCP the end
   * of what a client types looks the same, so there only the next output does.
   */
  letGoIfHungUp(): void {
    if (this.#socket.destroyed) return;
    const connection = { fd: this.#fd, events: 0, found: 0 };
    poll([connection], 0n);
    if ((connection.found & POLL.HUP) !== 0) this.#socket.destroy();
  }

  /** Lets go of the connection without ending it: whoever handed it over may have kept a hold on it. */
  drop(): void {
    this.#gone = true;
    this.#input_over = true;
    this.#socket.destroy();
  }

  /** No more output: what waits is sent, then the connection ends. */
  end(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#input_over = true;
    this.#socket.end(() => this.#socket.destroy());
  }
}
