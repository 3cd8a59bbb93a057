import { chmodSync, lstatSync, mkdirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { mount_data_bytes_max, mounts_per_rootfs_max, symlinks_followed_max } from '../../limits/index.ts';
import { MS, mount, unmount } from '../../os/index.ts';
import type { types } from '../../wire/index.ts';

/** Options of a mount that are flags of the kernel's, and whether they are set or taken away. */
const flags: Readonly<Record<string, readonly [set: boolean, flag: number]>> = {
  ro: [true, MS.RDONLY],
  rw: [false, MS.RDONLY],
  nosuid: [true, MS.NOSUID],
  suid: [false, MS.NOSUID],
  nodev: [true, MS.NODEV],
  dev: [false, MS.NODEV],
  noexec: [true, MS.NOEXEC],
  exec: [false, MS.NOEXEC],
  sync: [true, MS.SYNCHRONOUS],
  async: [false, MS.SYNCHRONOUS],
  dirsync: [true, MS.DIRSYNC],
  noatime: [true, MS.NOATIME],
  atime: [false, MS.NOATIME],
  nodiratime: [true, MS.NODIRATIME],
  diratime: [false, MS.NODIRATIME],
  relatime: [true, MS.RELATIME],
  norelatime: [false, MS.RELATIME],
  strictatime: [true, MS.STRICTATIME],
  bind: [true, MS.BIND],
  rbind: [true, MS.BIND | MS.REC],
  remount: [true, MS.REMOUNT],
  defaults: [true, 0],
};

/**
 * Mounts a root filesystem as a create request names it, one upon the other, at `target`.
 *
 * @throws WherryError InvalidArgument for a mount that is none for this kernel; then nothing is left mounted
 */
export function mountRootfs(mounts: readonly types.Mount[], target: string): void {
  if (mounts.length > mounts_per_rootfs_max)
    throw new WherryError('InvalidArgument', `Cannot mount the root filesystem: it has ${mounts.length} mounts.`);
  mkdirSync(target, { recursive: true, mode: 0o711 });
  try {
    for (const each of mounts) mountOne(each, target);
  } catch (cause) {
    try {
      unmountRootfs(target);
    } catch {
      // Who may not mount may not unmount either, and the first error tells more.
    }
    throw new WherryError('InvalidArgument', `failed to mount rootfs component: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Takes away all that is mounted at `target`. */
export function unmountRootfs(target: string): void {
  for (let i = 0; i < mounts_per_rootfs_max && unmount(target); i++);
}

function mountOne({ type, source, options, target: below }: types.Mount, target: string): void {
  let set = 0;
  const data: string[] = [];
  for (const option of options) {
    const known = flags[option];
    if (known === undefined) data.push(option);
    else set = known[0] ? set | known[1] : set & ~known[1];
  }
  const at = below === '' ? target : join(target, below);
  if ((set & MS.BIND) !== 0) {
    mount(source, at, type, set & (MS.BIND | MS.REC), '');
    // The kernel heeds the other flags only when a bind is mounted again.
    if ((set & ~(MS.BIND | MS.REC)) !== 0) mount('', at, '', (set & ~MS.REC) | MS.REMOUNT, '');
    return;
  }
  const text = data.join(',');
  if (Buffer.byteLength(text) < mount_data_bytes_max) mount(source, at, type, set, text);
  else mountFromNearby(source, at, type, set, data);
}

/** The kernel takes a page of options, and the paths of many layers are longer: they are told from the folder they share. */
function mountFromNearby(source: string, at: string, type: string, set: number, data: readonly string[]): void {
  const name = 'lowerdir=';
  const lower =
    data
      .find((option) => option.startsWith(name))
      ?.slice(name.length)
      .split(':') ?? [];
  let shared = dirname(lower[0] ?? '/');
  while (!lower.every((path) => path.startsWith(`${shared}/`)) && shared !== '/') shared = dirname(shared);
  const shorter = lower.map((path) => path.slice(shared === '/' ? 1 : shared.length + 1)).join(':');
  const text = data.map((option) => (option.startsWith(name) ? `${name}${shorter}` : option)).join(',');
  if (Buffer.byteLength(text) >= mount_data_bytes_max)
    throw new Error(`its options have ${Buffer.byteLength(text)} bytes, ${mount_data_bytes_max - 1} are allowed`);
  // No other thread of a shim has a path that is not absolute.
  process.chdir(shared);
  try {
    mount(source, at, type, set, text);
  } finally {
    process.chdir('/');
  }
}

/**
 * Where `path` of a container lies below `root`, its symlinks followed as if that were the root of all; what is not there
 * is taken as it stands.
 *
 * @throws WherryError InvalidArgument for links without end
 */
export function placeBelow(root: string, path: string): string {
  const todo = path.split('/').toReversed();
  let names: string[] = [];
  let links = symlinks_followed_max;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      names.pop();
      continue;
    }
    const target = linkAt(join(root, ...names, name));
    if (target === null) {
      names.push(name);
      continue;
    }
    // The kernel would go on from here, out of the root.
    if (links-- === 0)
      throw new WherryError('InvalidArgument', `Cannot use "${path}": too many levels of symbolic links`);
    if (target.startsWith('/')) names = [];
    todo.push(...target.split('/').toReversed());
  }
  return `/${names.join('/')}`;
}

function linkAt(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null;
  } catch {
    return null;
  }
}

/** Makes the folders that a container has whatever its image has, and those that its mounts lie in. False: it cannot be written. */
export function makeFolders(root: string, mounts: readonly string[]): boolean {
  try {
    const tmp = join(root, placeBelow(root, '/tmp'));
    if (lstatSync(tmp, { throwIfNoEntry: false }) === undefined) {
      mkdirSync(tmp, { recursive: true });
      chmodSync(tmp, 0o1777);
    }
    for (const each of mounts) mkdirSync(join(root, dirname(each)), { recursive: true, mode: 0o755 });
    return true;
  } catch {
    return false;
  }
}
