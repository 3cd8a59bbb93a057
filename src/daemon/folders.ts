import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync } from 'node:fs';

import { WherryError } from '../errors/index.ts';
import { userId } from '../os/index.ts';

const group_name = 'wherry';

/**
 * Makes the data and the state folder, or checks that they are this user's own: data 0700, state 0750 and of the group
 * `wherry` where there is one.
 *
 * @throws WherryError PermissionDenied for a folder of somebody else, or a link
 */
export function makeFolders(root: string, state: string): void {
  make(root, 0o700);
  make(state, 0o750);
  shareWithGroup(state);
}

function make(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (cause) {
    throw new WherryError('PermissionDenied', `Cannot use ${path}: ${(cause as Error).message}`, { cause });
  }
  const stat = lstatSync(path);
  if (stat.isSymbolicLink() || !stat.isDirectory())
    throw new WherryError(
      'PermissionDenied',
      `Cannot use ${path}: it is no folder but a link or a file. Name another by --data-root or --exec-root.`,
    );
  if (stat.uid !== userId())
    throw new WherryError(
      'PermissionDenied',
      `Cannot use ${path}: it belongs to user ${stat.uid}, not to you. Name another by --data-root or --exec-root.`,
    );
  chmodSync(path, mode);
}

/** Gives a file or folder to the group whose members may use the daemon, where root has such a group. */
export function shareWithGroup(path: string): void {
  if (userId() !== 0) return;
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${group_name}:`));
  if (line !== undefined) chownSync(path, 0, Number(line.split(':')[2]));
}
