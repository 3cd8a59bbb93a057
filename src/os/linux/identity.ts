import { bind, check, SystemError, sys, systemCall } from './library.ts';

const c = bind({
  geteuid: { arguments: [], return: 'uint32' },
  getegid: { arguments: [], return: 'uint32' },
  setresgid: { arguments: ['uint32', 'uint32', 'uint32'], return: 'int32' },
  setgroups: { arguments: ['uint64', 'uint64'], return: 'int32' },
  setresuid: { arguments: ['uint32', 'uint32', 'uint32'], return: 'int32' },
  umask: { arguments: ['uint32'], return: 'uint32' },
});

export function userId(): number {
  return c.geteuid();
}

export function groupId(): number {
  return c.getegid();
}

/** Sets the file mode mask of this process; gives the old one. */
export function setUmask(mask: number): number {
  return c.umask(mask);
}

/** Becomes another user for good, with every thread and without supplementary groups. Needs root. */
export function becomeUser(uid: number, gid: number): void {
  check('setgroups', c.setgroups(0n, 0n));
  check('setresgid', c.setresgid(gid, gid, gid));
  check('setresuid', c.setresuid(uid, uid, uid));
}

const groups_buffer = Buffer.alloc(4 * 1024);

function setGroups(groups: readonly number[]): void {
  for (const [i, group] of groups.entries()) groups_buffer.writeUInt32LE(group, i * 4);
  const result = systemCall(sys.setgroups, groups.length, groups_buffer);
  if (result < 0) throw new SystemError('setgroups', -result);
}

/** A user as the kernel judges file access. */
export interface FilesystemUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/**
 * Runs `act` with this thread's filesystem rights those of `user`, by raw system calls (libc would change every
 * thread). `act` must be synchronous: across an await the rights would leak to others. Only root can change; an
 * unprivileged process always acts as itself.
 */
export function actingAs<T>(user: FilesystemUser, act: () => T): T {
  if (c.geteuid() !== 0 || (user.uid === 0 && user.gid === 0)) return act();
  setGroups(user.groups);
  systemCall(sys.setfsgid, user.gid);
  systemCall(sys.setfsuid, user.uid);
  try {
    return act();
  } finally {
    systemCall(sys.setfsuid, 0);
    systemCall(sys.setfsgid, 0);
    setGroups([]);
  }
}
