import type { Socket } from 'node:net';

import { WherryError } from '../../errors/index.ts';
import { duplicate } from '../../os/index.ts';
import type { Upgraded } from './reply.ts';
import type { HijackedConnection } from './route.ts';

/** The part of Node's handle of a socket that is needed to take its descriptor. */
interface Handle {
  readonly fd: number;
  readStop(): number;
}

/**
 * Ends HTTP on a connection and gives it as a plain one. Nothing is read from it any more by Node, so that whoever
 * gets the descriptor misses nothing.
 */
export async function hijackSocket(
  { socket, head }: Upgraded,
  upgrade: boolean,
  content_type: string,
): Promise<HijackedConnection> {
  const handle = (socket as unknown as { _handle: Handle | null | undefined })._handle;
  if (handle === null || handle === undefined) throw gone();
  handle.readStop();
  socket.pause();
  socket.setTimeout(0);
  // Whoever waits for a write learns of a lost client there.
  socket.on('error', () => {});
  const answer = upgrade
    ? `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${content_type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`
    : `HTTP/1.1 200 OK\r\nContent-Type: ${content_type}\r\n\r\n`;
  await write(socket, Buffer.from(answer));
  return {
    write: (chunk) => write(socket, chunk),
    release: () => {
      const rest: Buffer[] = [head];
      for (let piece = socket.read() as Buffer | null; piece !== null; piece = socket.read() as Buffer | null) {
        rest.push(piece);
      }
      if (socket.destroyed) throw gone();
      const fd = duplicate(handle.fd);
      socket.destroy();
      return { fd, head: Buffer.concat(rest) };
    },
    end: () => void socket.end(() => socket.destroy()),
  };
}

function write(socket: Socket, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(gone(error))));
  });
}

function gone(cause?: Error): WherryError {
  return new WherryError('Cancelled', 'the client is gone', { cause });
}
