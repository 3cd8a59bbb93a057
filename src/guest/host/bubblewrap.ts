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
 *
 * Where a guest has the user that owns the layers, they are there to read: see `readOnlyPath`.
 */
export function inBubblewrap(options: {
  readonly bwrap: string;
  readonly node: string;
  readonly script: string;
  readonly native: string | null;
  readonly layers: readonly string[];
}): readonly string[] {
  const { bwrap, node, script, native, layers } = options;
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
    ...layersToBind(layers).flatMap((folder) => ['--ro-bind', folder, folder]),
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

/** Under root a guest is somebody else than the owner of the layers, who alone can change a file's mode and times. */
function layersToBind(layers: readonly string[]): readonly string[] {
  return userId() === 0 ? [] : layers.filter((folder) => existsSync(folder));
}

/**
 * A path to the same file, through the root of the zygote with the number `pid`, where its mount is read-only: whoever
 * is handed a descriptor of it cannot change its mode and times either, though the file is its own. The path itself
 * for a file that is not below one of `layers`.
 */
export function readOnlyPath(pid: number, layers: readonly string[], path: string): string {
  const bound = layersToBind(layers).some((folder) => path.startsWith(`${folder}/`));
  return bound ? `/proc/${pid}/root${path}` : path;
}
