import type { Buffers, File } from './files.ts';

/** A stream socket among the guest's descriptors. */
export interface StreamSocket extends File {
  /** `peek` and `wait_all` are the flags of `sock_recv`; `truncated` is its result flag. */
  receive(into: Buffers, flags: { peek: boolean; wait_all: boolean }): Received | Promise<Received>;
  send(from: Buffers): number | Promise<number>;
  shutdown(how: { read: boolean; write: boolean }): void;
}

export interface Received {
  readonly bytes: number;
  readonly truncated: boolean;
}

/** A socket that accepts connections. */
export interface ListeningSocket extends File {
  accept(flags: { nonblock: boolean }): StreamSocket | Promise<StreamSocket>;
  /** Not reading any more ends the listening. */
  shutdown(how: { read: boolean; write: boolean }): void;
}

/** Sockets a guest was given beside its files, in the order of their descriptors from 3 on. */
export interface Sockets {
  readonly listening: readonly ListeningSocket[];
}
