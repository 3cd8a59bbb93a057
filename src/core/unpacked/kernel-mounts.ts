import { chmodSync, chownSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { userId } from '../../os/index.ts';
import type { Mount } from '../model.ts';
import type { Paths } from '../paths.ts';
import type { SnapshotRow } from '../store/rows.ts';
import { fromSystem } from '../system-error.ts';
import { directoryName, folderOf, isFolder } from './pieces.ts';
import type { UnpackedLayers } from './unpacked-layers.ts';

/** Whether this process may mount. */
export function canMount(): boolean {
  return userId() === 0;
}

/**
 * The mounts by which the kernel shows a snapshot: an overlay of what it lies on, with a directory of its own above
 * when it can be written; a bind mount where one directory is all of it. Layers are unpacked if they are not yet.
 * The directories' paths have all but a short name in common: clients shorten the options of long chains by that.
 *
 * @throws WherryError FailedPrecondition when the daemon is not root; what `UnpackedLayers.ensure` throws
 */
export async function kernelMounts(
  paths: Paths,
  unpacked: UnpackedLayers,
  row: SnapshotRow,
): Promise<readonly Mount[]> {
  if (!canMount()) {
    throw new WherryError(
      'FailedPrecondition',
      'Cannot mount the snapshot: only root can mount, and the daemon runs as another user. Run it as root.',
    );
  }
  const lowers = (await lowerNames(unpacked, row)).map((name) => join(paths.unpacked, name)).reverse();
  if (row.kind === 'view') return viewMounts(paths, row, lowers);
  const upper = ownDirectory(paths, row, lowers[0]);
  const [only] = lowers;
  if (only === undefined) return [bind(upper, 'rw')];
  const work = join(paths.work, row.folder);
  mkdirSync(work, { recursive: true, mode: 0o711 });
  const options = [`workdir=${work}`, `upperdir=${upper}`, `lowerdir=${lowers.join(':')}`];
  return [{ type: 'overlay', source: 'overlay', options: indexOption().concat(options) }];
}

function viewMounts(paths: Paths, row: SnapshotRow, lowers: readonly string[]): Mount[] {
  const [top, ...more] = lowers;
  if (top === undefined) return [bind(ownDirectory(paths, row, undefined), 'ro')];
  if (more.length === 0) return [bind(top, 'ro')];
  return [{ type: 'overlay', source: 'overlay', options: indexOption().concat(`lowerdir=${lowers.join(':')}`) }];
}

function bind(source: string, access: 'ro' | 'rw'): Mount {
  return { type: 'bind', source, options: [access, 'rbind'] };
}

/** The names of the directories below it, base first. */
async function lowerNames(unpacked: UnpackedLayers, row: SnapshotRow): Promise<string[]> {
  const pieces = row.pieces ?? row.diff_ids;
  // Layers above a committed directory are unpacked as if they were the lowest: they are few, and whole by themselves.
  const names: string[] = [];
  let run: string[] = [];
  const flush = async (): Promise<void> => {
    if (run.length > 0) names.push(...(await unpacked.ensure(run)));
    run = [];
  };
  for (const piece of pieces) {
    if (isFolder(piece)) {
      await flush();
      names.push(directoryName(folderOf(piece)));
    } else {
      run.push(piece);
    }
  }
  await flush();
  return names;
}

/** The directory of what the snapshot has itself; the root of a new one has the attributes of the root below it. */
function ownDirectory(paths: Paths, row: SnapshotRow, below: string | undefined): string {
  const path = join(paths.unpacked, directoryName(row.folder));
  try {
    if (existsSync(path)) return path;
    mkdirSync(path, { mode: 0o755 });
    const { mode, uid, gid } = below === undefined ? { mode: 0o755, uid: 0, gid: 0 } : statSync(below);
    chownSync(path, uid, gid);
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
