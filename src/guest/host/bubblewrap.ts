import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { userId } from '../../os/index.ts';
import { empty_folder } from '../control.ts';

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
 * loads, no processes but its own, no rights but to take a child's root away and, under root, to become the unprivileged user
 * of each guest. Each child gives these up.
 */
export function inBubblewrap(bwrap: string, node: string, script: string): readonly string[] {
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
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    // Where each guest's process goes for good.
    '--tmpfs',
    empty_folder,
    '--remount-ro',
    empty_folder,
    '--remount-ro',
    '/',
    '--chdir',
    '/',
    '--cap-drop',
    'ALL',
    '--cap-add',
    'CAP_SYS_CHROOT',
    ...(root ? ['--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID'] : []),
    node,
  ];
}
