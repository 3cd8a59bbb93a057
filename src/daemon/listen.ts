import { chmodSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';

import { WherryError } from '../errors/index.ts';
import { shareWithGroup } from './folders.ts';

/** An address that is served. */
export interface Listening {
  /** As a client names it; a port that was 0 is the one it became. */
  readonly name: string;
  /** Removes the socket's file. */
  forget(): void;
}

/**
 * Makes `server` listen at `unix:///path` or `tcp://host:port`.
 *
 * @throws WherryError InvalidArgument for an address that is none, AlreadyExists when a server answers there
 */
export async function listen(server: Server, host: string): Promise<Listening> {
  if (host.startsWith('unix://')) return listenUnix(server, host.slice('unix://'.length));
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]*):(\d{1,5})\/?$/.exec(host);
  if (tcp === null)
    throw new WherryError(
      'InvalidArgument',
      `invalid bind address (${host}): unix:///path or tcp://host:port is needed`,
    );
  const address = tcp[1]!.replace(/^\[|\]$/g, '') || '127.0.0.1';
  await bound(server, host, () => server.listen(Number(tcp[2]), address));
  const bound_to = server.address();
  const port = typeof bound_to === 'object' && bound_to !== null ? bound_to.port : Number(tcp[2]);
  return { name: `tcp://${tcp[1]}:${port}`, forget: () => {} };
}

async function listenUnix(server: Server, path: string): Promise<Listening> {
  if (Buffer.byteLength(path) > 107)
    throw new WherryError(
      'InvalidArgument',
      `Cannot listen at ${path}: a socket's path has at most 107 bytes. Name a shorter --exec-root.`,
    );
  if (await answers(path))
    throw new WherryError('AlreadyExists', `Cannot listen at ${path}: another daemon answers there.`);
  try {
    unlinkSync(path);
  } catch {
    // Nothing of a dead daemon is left there.
  }
  await bound(server, path, () => server.listen(path));
  chmodSync(path, 0o660);
  shareWithGroup(path);
  return {
    name: `unix://${path}`,
    forget: () => {
      try {
        unlinkSync(path);
      } catch {
        // The server removed it when it closed.
      }
    },
  };
}

function bound(server: Server, name: string, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(new WherryError('Unavailable', `Cannot listen at ${name}: ${cause.code ?? cause.message}`, { cause })),
    );
    server.once('listening', resolve);
    begin();
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
