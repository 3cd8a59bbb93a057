import { readdirSync, rmdirSync } from 'node:fs';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { temporaryName } from '../durable.ts';
import type { Mount } from '../model.ts';
import type { Paths } from '../paths.ts';
import { isCode } from '../system-error.ts';
import type { Tables } from '../store/tables.ts';
import { keptFolders } from './activations.ts';
import { canMount } from './kernel-mounts.ts';
import { mountHere, unmountAll } from './mount-here.ts';

/**
 * Runs `act` on a folder where these mounts are, which are taken away afterwards; without mounts it is empty.
 *
 * @throws WherryError FailedPrecondition when the daemon is not root, or the kernel refuses
 */
export async function withMounts<T>(
  paths: Paths,
  mounts: readonly Mount[],
  act: (root: string) => Promise<T>,
): Promise<T> {
  if (!canMount()) {
    throw new WherryError(
      'FailedPrecondition',
      'Cannot mount the snapshot: only root can mount, and the daemon runs as another user. Run it as root.',
    );
  }
  const target = join(paths.mounts, temporaryName());
  await mkdir(target, { mode: 0o700 });
  try {
    for (const mount of mounts) mountHere(mount, target);
    return await act(target);
  } finally {
    unmountAll(target);
    await rmdir(target);
  }
}

/** These mounts so that nothing can be written, and an active snapshot's directory not be in use twice. */
export function readOnly(mounts: readonly Mount[]): readonly Mount[] {
  return mounts.map((mount) => {
    if (mount.type !== 'overlay') {
      return { ...mount, options: ['ro', ...mount.options.filter((option) => option !== 'rw' && option !== 'ro')] };
    }
    const upper = mount.options.find((option) => option.startsWith('upperdir='))?.slice('upperdir='.length);
    if (upper === undefined) return mount;
    const options = mount.options.flatMap((option) => {
      if (option.startsWith('upperdir=') || option.startsWith('workdir=')) return [];
      return option.startsWith('lowerdir=') ? [`lowerdir=${upper}:${option.slice('lowerdir='.length)}`] : [option];
    });
    return { ...mount, options };
  });
}

/** Takes away what a dead daemon left mounted. What cannot be unmounted stays: it is never removed through a mount. */
export function reclaimMounts(paths: Paths, tables: Tables): void {
  const names = readdirSync(paths.mounts);
  const there = new Set(names);
  const kept = keptFolders(tables, (folder) => there.has(folder));
  for (const name of names) {
    if (kept.has(name)) continue;
    const target = join(paths.mounts, name);
    if (canMount()) for (const each of [...below(target), target]) unmountAll(each);
    try {
      for (const each of below(target)) rmdirSync(each);
      rmdirSync(target);
    } catch (thrown) {
      if (!isCode(thrown, 'EBUSY') && !isCode(thrown, 'ENOTEMPTY') && !isCode(thrown, 'ENOTDIR')) throw thrown;
    }
  }
}

/** The folders in one, if nothing is mounted on it: those of mounts that were kept under a name. */
function below(target: string): string[] {
  if (!target.includes('/kept-')) return [];
  return readdirSync(target).map((name) => join(target, name));
}
