import {
  attribute,
  errno as linux,
  type FileStat,
  groupId,
  setAttribute,
  setMode,
  setOwner,
  setOwnerAt,
  SystemError,
  userId,
} from '../../os/index.ts';
import type { Owned } from '../access.ts';

/**
 * What of a file the host does not show as it is in the container, because this process cannot set it or would rather
 * not (no set-id bit of a guest is ever real): `user.wherry.owner` is `<uid>:<gid>` in decimal, `user.wherry.mode` the
 * 12 bits in octal, `user.wherry.xattr.<name>` another attribute's value.
 */
const owner_attribute = 'user.wherry.owner';
const mode_attribute = 'user.wherry.mode';
const xattr_prefix = 'user.wherry.xattr.';

/** Gives an open file or directory of the writable layer its owner and mode, or records them. */
export function setOwned(fd: number, owned: Owned, isDirectory: boolean): void {
  const privileged = userId() === 0;
  if (privileged) setOwner(fd, owned.uid, owned.gid);
  else if (owned.uid !== userId() || owned.gid !== groupId()) record(fd, owner_attribute, `${owned.uid}:${owned.gid}`);
  let mode = owned.mode & 0o777;
  // Its owner on the host is this process, which must get at it whatever the container's modes are.
  if (!privileged) mode |= isDirectory ? 0o700 : 0o600;
  setMode(fd, mode);
  if (mode !== owned.mode) record(fd, mode_attribute, owned.mode.toString(8));
}

/** A symlink's owner; it has no other attributes, and an unprivileged process cannot give it one. */
export function setLinkOwner(directory: number, name: string, uid: number, gid: number): void {
  if (userId() === 0) setOwnerAt(directory, name, uid, gid);
}

/** Owner and mode of an open file of the writable layer, as they are in the container. */
export function ownedBy(fd: number, stat: FileStat): Owned {
  const owner = /^(\d+):(\d+)$/.exec(attribute(fd, owner_attribute)?.toString() ?? '');
  const mode = /^[0-7]{1,4}$/.exec(attribute(fd, mode_attribute)?.toString() ?? '');
  return {
    uid: owner === null ? stat.uid : Number(owner[1]),
    gid: owner === null ? stat.gid : Number(owner[2]),
    mode: mode === null ? stat.mode & 0o7777 : Number.parseInt(mode[0], 8),
  };
}

/** Copies the extended attributes of an image's entry: `user.` ones as they are, the rest recorded. */
export function copyAttributes(fd: number, attributes: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, value] of attributes) {
    if (name.startsWith('user.wherry.')) continue;
    record(fd, name.startsWith('user.') ? name : xattr_prefix + name, value);
  }
}

/** A filesystem without attributes, or with little room for them, loses them; the file is worth more. */
function record(fd: number, name: string, value: string | Uint8Array): void {
  try {
    setAttribute(fd, name, typeof value === 'string' ? Buffer.from(value) : value);
  } catch (error) {
    const forgiven: number[] = [linux.EOPNOTSUPP, linux.ENOSPC, linux.ERANGE, linux.E2BIG, linux.EPERM];
    if (!(error instanceof SystemError) || !forgiven.includes(error.errno)) throw error;
  }
}
