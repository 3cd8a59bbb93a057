import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { userId } from '../../../os/index.ts';

/** Where shims make their sockets, whoever starts them. */
const run_folder = '/run/containerd';

/**
 * Makes a `/run` in which the state folder is still where it was, and in which `/run/containerd` is a folder of it. What
 * is mounted so is seen by the shim and by what it starts alone.
 */
const enter = `set -e
state=$1; shift
mount -t tmpfs -o mode=755 tmpfs "$state/ns"
case $state in
  /run/*) mkdir -p "$state/ns/\${state#/run/}"; mount --bind "$state" "$state/ns/\${state#/run/}" ;;
esac
mkdir "$state/ns/containerd"
mount --bind "$state/c" "$state/ns/containerd"
mount --rbind "$state/ns" /run
exec "$@"`;

export interface Started {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * How a shim's program is started: by root as it is. By anybody else in namespaces of its own, in which it is root of
 * nothing but itself, may mount, and finds a folder for its socket. `address` is containerd's socket, in the state folder.
 */
export function throughNamespaces(address: string, program: string, args: readonly string[]): Started {
  if (userId() === 0) return { program, args };
  const state = dirname(address);
  // The last one shims would make as only root can enter it.
  for (const name of ['ns', 'c/s']) mkdirSync(join(state, name), { recursive: true, mode: 0o700 });
  const namespaces = ['--user', '--map-root-user', '--mount', '--propagation', 'slave'];
  return { program: 'unshare', args: [...namespaces, '--', '/bin/sh', '-c', enter, 'sh', state, program, ...args] };
}

/** Where a socket is for the daemon that a shim in such namespaces calls `shim_address`. */
export function addressFromOutside(address: string, shim_address: string): string {
  const path = shim_address.replace(/^unix:\/\//, '');
  if (userId() === 0 || !path.startsWith(`${run_folder}/`)) return shim_address;
  return `unix://${join(dirname(address), 'c', path.slice(run_folder.length))}`;
}
