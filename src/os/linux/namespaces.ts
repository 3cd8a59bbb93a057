import { close, O } from './descriptors.ts';
import { bind, check } from './library.ts';
import { AT_FDCWD, openAt } from './paths.ts';

const c = bind({
  chdir: { arguments: ['string'], return: 'int32' },
  chroot: { arguments: ['string'], return: 'int32' },
  mount: { arguments: ['string', 'string', 'string', 'uint64', 'string'], return: 'int32' },
  setns: { arguments: ['int32', 'int32'], return: 'int32' },
  umount2: { arguments: ['string', 'int32'], return: 'int32' },
  unshare: { arguments: ['int32'], return: 'int32' },
});

/** `CLONE_NEW*` flags. */
export const NAMESPACE = {
  MOUNT: 0x20000,
  CGROUP: 0x2000000,
  UTS: 0x4000000,
  IPC: 0x8000000,
  USER: 0x10000000,
  NETWORK: 0x40000000,
} as const;

/** Leaves the namespaces in `flags` for new ones. Those of users and mounts need a process with one thread. */
export function unshare(flags: number): void {
  check('unshare', c.unshare(flags));
}

/**
 * Does something, which may not wait, with this thread in the network namespace at `path`: what it opens stays there.
 * Needs CAP_SYS_ADMIN.
 */
export function inNetworkNamespace<T>(path: string, act: () => T): T {
  const own = openAt(AT_FDCWD, '/proc/thread-self/ns/net', O.RDONLY);
  let other: number | null = null;
  try {
    other = openAt(AT_FDCWD, path, O.RDONLY);
    check('setns', c.setns(other, NAMESPACE.NETWORK), path);
    try {
      return act();
    } finally {
      check('setns', c.setns(own, NAMESPACE.NETWORK), 'back');
    }
  } finally {
    if (other !== null) close(other);
    close(own);
  }
}

/** Makes `path` the root of this process and its working directory. Needs CAP_SYS_CHROOT. */
export function changeRoot(path: string): void {
  check('chroot', c.chroot(path), path);
  check('chdir', c.chdir('/'));
}

const MS_RDONLY = 1n;
const MS_NOSUID = 2n;
const MS_NODEV = 4n;
const MS_NOEXEC = 8n;
const MS_REC = 0x4000n;
const MS_PRIVATE = 0x40000n;
const MNT_DETACH = 2;

const pivot = bind({ syscall: { arguments: ['int64', 'string', 'string'], return: 'int64' } });
const pivot_root = process.arch === 'arm64' ? 41n : 155n;

/**
 * Puts an empty folder that cannot be written in the place of everything this process sees of files, in a mount
 * namespace of its own. `over` is any folder that exists.
 */
export function enterEmptyRoot(over: string): void {
  check('mount', c.mount('none', '/', 'none', MS_REC | MS_PRIVATE, ''), 'private');
  const flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  check('mount', c.mount('none', over, 'tmpfs', flags, 'size=4k,nr_inodes=1,mode=0555'), 'tmpfs');
  check('chdir', c.chdir(over), over);
  // The old root lies on top of the new one, and is taken away from there.
  check('pivot_root', Number(pivot.syscall(pivot_root, '.', '.')));
  check('umount2', c.umount2('.', MNT_DETACH));
  check('chdir', c.chdir('/'));
}
