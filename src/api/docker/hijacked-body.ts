import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import { WherryError } from '../../errors/index.ts';
import { request_body_bytes_max } from '../../limits/index.ts';
import type { Upgraded } from './reply.ts';

/**
 * The body of a request whose connection may be taken over. To Node such a request ends with its head, and what follows
 * is the connection's; what of that is behind the body stays there.
 *
 * @throws WherryError InvalidArgument for a body without a length, or one that is too long, or ends early
 */
export async function bodyOf({ headers }: IncomingMessage, upgraded: Upgraded): Promise<Readable> {
  const length = Number(headers['content-length'] ?? 0);
  if (headers['transfer-encoding'] !== undefined)
    throw new WherryError('InvalidArgument', 'invalid request: its body has no Content-Length');
  if (length > request_body_bytes_max)
    throw new WherryError('InvalidArgument', `invalid JSON: the body is larger than ${request_body_bytes_max} bytes`);
  const { socket } = upgraded;
  const pieces: Buffer[] = [upgraded.head];
  let have = upgraded.head.length;
  while (have < length) {
    const piece = await nextPiece(socket);
    pieces.push(piece);
    have += piece.length;
  }
  const all = Buffer.concat(pieces);
  upgraded.head = all.subarray(length);
  return Readable.from(length === 0 ? [] : [all.subarray(0, length)]);
}

function nextPiece(socket: Upgraded['socket']): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void): void => {
      socket.pause();
      socket.off('data', onData).off('close', onEnd).off('end', onEnd);
      act();
    };
    const onData = (piece: Buffer): void => done(() => resolve(piece));
    const onEnd = (): void =>
      done(() => reject(new WherryError('InvalidArgument', 'invalid request: its body ended early')));
    socket.on('data', onData).on('close', onEnd).on('end', onEnd);
    socket.resume();
  });
}
