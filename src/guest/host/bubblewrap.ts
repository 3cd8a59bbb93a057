import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { userId } from '../../os/index.ts';

/** Where `bwrap` is on this machine; null where there is none. */
export function findBubblewrap(path: string): string | null {
  for (const folder of path.split(':')) {
    if (!folder.startsWith('/')) continue;
    const candidate = join(folder, 'bwrap');
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** Folders a Node process loads its libraries from. */
const libraries = ['/usr/lib', '/usr/lib64', '/lib', '/lib64', '/usr/local/lib', '/etc/ld.so.cache'];

/**
 * The command line that puts a zygote into namespaces of its own: no network, nothing of the host's files but what Node
 * loads, no processes but its own, no rights but, under root, to become the unprivileged user of each guest.
 */
export function inBubblewrap(bwrap: string, node: string, script: string, native: string | null): readonly string[] {
  const root = userId() === 0;
  return [
    bwrap,
    ...['ipc', 'pid', 'net', 'uts'].map((namespace) => `--unshare-${namespace}`),
    '--unshare-cgroup-try',
    ...(root ? [] : ['--unshare-user']),
    '--die-with-parent',
    '--new-session',
    '--clearenv',
    ...libraries.filter((folder) => existsSync(folder)).flatMap((folder) => ['--ro-bind', folder, folder]),
    '--ro-bind',
    dirname(node),
    dirname(node),
    '--ro-bind',
    script,
    script,
    ...(native === null ? [] : ['--ro-bind', native, native]),
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    '--chdir',
    '/',
    '--cap-drop',
    'ALL',
    ...(root ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : []),
    node,
  ];
}
