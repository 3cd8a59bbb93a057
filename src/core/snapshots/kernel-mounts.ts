import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { userId } from '../../os/index.ts';
import type { Mount } from '../model.ts';
import type { Paths } from '../paths.ts';
import type { SnapshotRow } from '../store/rows.ts';
import { fromSystem } from '../system-error.ts';
import type { UnpackedLayers } from '../unpacked/unpacked-layers.ts';
import type { FolderLayers } from './folder-layers.ts';
import { directoryName, folderOf, isFolder, ownPath, piecesOf } from './pieces.ts';

/** Whether this process may mount. */
export function canMount(): boolean {
  return userId() === 0;
}

export interface KernelMountsOptions {
  readonly paths: Paths;
  readonly unpacked: UnpackedLayers;
  readonly folders: FolderLayers;
}

/**
 * The mounts by which the kernel shows a snapshot: an overlay of what it lies on, with a directory of its own above
 * when it can be written; a bind mount where one directory is all of it. Layers are unpacked if they are not yet.
 * The directories' paths have all but a short name in common: clients shorten the options of long chains by that.
 *
 * `in_namespace`: whoever mounts them is root of a user namespace, which the daemon's own user is enough for.
 *
 * @throws WherryError FailedPrecondition when the daemon is not root and nobody else is, either; what `UnpackedLayers.ensure` throws
 */
export async function kernelMounts(
  options: KernelMountsOptions,
  row: SnapshotRow,
  in_namespace = false,
): Promise<readonly Mount[]> {
  const { paths } = options;
  if (!canMount() && !in_namespace) {
    throw new WherryError(
      'FailedPrecondition',
      'Cannot mount the snapshot: only root can mount, and the daemon runs as another user. Run it as root.',
    );
  }
  const lowers = (await lowerNames(options, row)).map((name) => join(paths.unpacked, name)).reverse();
  if (row.kind === 'view') return viewMounts(paths, row, lowers);
  const upper = ownDirectory(paths, row, lowers[0]);
  const [only] = lowers;
  if (only === undefined) return [bind(upper, 'rw')];
  const work = join(paths.work, row.folder);
  mkdirSync(work, { recursive: true, mode: 0o711 });
  return [overlay([`workdir=${work}`, `upperdir=${upper}`, `lowerdir=${lowers.join(':')}`, ...ownAttributes()])];
}

function viewMounts(paths: Paths, row: SnapshotRow, lowers: readonly string[]): Mount[] {
  const [top, ...more] = lowers;
  if (top === undefined) return [bind(ownDirectory(paths, row, undefined), 'ro')];
  if (more.length === 0) return [bind(top, 'ro')];
  return [overlay([`lowerdir=${lowers.join(':')}`, ...ownAttributes()])];
}

/** What marks a folder as covering what lies below it is in attributes that only root may write, or in a user's. */
function ownAttributes(): readonly string[] {
  return canMount() ? [] : ['userxattr'];
}

function overlay(options: readonly string[]): Mount {
  return { type: 'overlay', source: 'overlay', options: [...options, ...indexOption()] };
}

function bind(source: string, access: 'ro' | 'rw'): Mount {
  return { type: 'bind', source, options: [access, 'rbind'] };
}

/** The names of the directories below it, base first: layers, and above them directories of committed snapshots. */
async function lowerNames({ unpacked, folders }: KernelMountsOptions, row: SnapshotRow): Promise<string[]> {
  const pieces = piecesOf(row);
  // A layer may depend on what lies below it, so what lies below has to be layers.
  const last = pieces.findLastIndex((piece) => !isFolder(piece)) + 1;
  const diff_ids = await folders.layersOf(pieces.slice(0, last));
  const names = diff_ids.length === 0 ? [] : await unpacked.ensure(diff_ids);
  return [...names, ...pieces.slice(last).map((piece) => directoryName(folderOf(piece)))];
}

/** The directory of what the snapshot has itself; the root of a new one has the attributes of the root below it. */
export function ownDirectory(paths: Paths, row: SnapshotRow, below: string | undefined): string {
  const path = ownPath(paths, row.folder);
  try {
    if (existsSync(path)) return path;
    mkdirSync(path, { mode: 0o755 });
    const { mode, uid, gid } = below === undefined ? { mode: 0o755, uid: 0, gid: 0 } : statSync(below);
    if (canMount()) chownSync(path, uid, gid);
    chmodSync(path, mode & 0o7777);
    return path;
  } catch (thrown) {
    throw fromSystem(thrown, 'Cannot make the directory of the snapshot');
  }
}

let has_index: boolean | null = null;

/** An inode index would refuse layers that are in use by several mounts; kernels without the option have none. */
function indexOption(): string[] {
  has_index ??= existsSync('/sys/module/overlay/parameters/index');
  return has_index ? ['index=off'] : [];
}
