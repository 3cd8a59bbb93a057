import { existsSync, statSync } from 'node:fs';

import { WherryError } from '../errors/index.ts';

/** Where a daemon listens: a unix socket's path, or host and port. */
export type Address =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

export interface Host {
  readonly address: Address;
  /** As a user writes it, for messages. */
  readonly name: string;
  /** Who said so. Only where nobody did may a daemon be started. */
  readonly from: 'flag' | 'WHERRY_HOST' | 'DOCKER_HOST' | 'default';
}

/** The folder of sockets: what `WHERRY_STATE` says, else root's or the user's own. */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  const said = env['WHERRY_STATE'];
  if (said !== undefined && said !== '') return said;
  const uid = process.getuid?.() ?? 0;
  if (uid === 0) return '/run/wherry';
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime !== '' && ownFolder(runtime, uid)) return `${runtime}/wherry`;
  return `/tmp/wherry-${uid}`;
}

function ownFolder(path: string, uid: number): boolean {
  return existsSync(path) && statSync(path).uid === uid;
}

/**
 * The daemon that a client is to speak to: the flag, then `WHERRY_HOST`, then `DOCKER_HOST`, then the user's own.
 *
 * @throws WherryError InvalidArgument for an address that is none
 */
export function chooseHost(flag: string | undefined, env: NodeJS.ProcessEnv): Host {
  for (const [from, name] of [
    ['flag', flag],
    ['WHERRY_HOST', env['WHERRY_HOST']],
    ['DOCKER_HOST', env['DOCKER_HOST']],
  ] as const)
    if (name !== undefined && name !== '') return { address: parseAddress(name), name, from };
  const path = `${stateFolder(env)}/docker.sock`;
  return { address: { kind: 'unix', path }, name: `unix://${path}`, from: 'default' };
}

function parseAddress(name: string): Address {
  if (name.startsWith('unix://')) return { kind: 'unix', path: name.slice('unix://'.length) };
  if (name.startsWith('/')) return { kind: 'unix', path: name };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^:/]+)(?::(\d{1,5}))?\/?$/.exec(name);
  if (tcp !== null) return { kind: 'tcp', host: tcp[1]!.replace(/^\[|\]$/g, ''), port: Number(tcp[2] ?? '2375') };
  throw new WherryError(
    'InvalidArgument',
    `Cannot use "${name}" as a daemon's address: unix:///path or tcp://host:port is needed.`,
  );
}
