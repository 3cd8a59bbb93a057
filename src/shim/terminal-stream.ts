import { Socket } from 'node:net';

import { close, duplicateOnto, O, setStatusFlags, socketPair, statusFlags } from '../os/index.ts';

/**
 * The master side of a pseudo terminal as a stream; takes the descriptor and answers the number it has from now on.
 * Its end shows as an error (EIO) followed by 'close'.
 *
 * Node's own `tty.ReadStream` writes to a master without asking whether there is room: a program that does not read
 * what is typed would stop this whole process. So the stream is made for a socket, whose place the terminal takes
 * before anything was read or written; below that, both are descriptors that can be polled.
 */
export function terminalStream(master: number): { readonly stream: Socket; readonly fd: number } {
  const [fd, other] = socketPair();
  const stream = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true } as object);
  duplicateOnto(master, fd, true);
  close(other);
  close(master);
  setStatusFlags(fd, statusFlags(fd) | O.NONBLOCK);
  return { stream, fd };
}
