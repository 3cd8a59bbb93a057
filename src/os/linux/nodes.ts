/** Calls that make files under names of exact bytes, as a layer or a directory has them: not all are UTF-8. */
import { readdirSync, lstatSync, type BigIntStats } from 'node:fs';

import { O } from './descriptors.ts';
import { bind, check, lastErrno, SystemError } from './library.ts';
import { errno } from './errno.ts';

const c = bind({
  copy_file_range: {
    arguments: ['int32', 'buffer', 'int32', 'buffer', 'uint64', 'uint32'],
    return: 'int64',
  },
  fchmodat: { arguments: ['int32', 'buffer', 'uint32', 'int32'], return: 'int32' },
  fchownat: { arguments: ['int32', 'buffer', 'uint32', 'uint32', 'int32'], return: 'int32' },
  lgetxattr: { arguments: ['buffer', 'buffer', 'buffer', 'uint64'], return: 'int64' },
  linkat: { arguments: ['int32', 'buffer', 'int32', 'buffer', 'int32'], return: 'int32' },
  llistxattr: { arguments: ['buffer', 'buffer', 'uint64'], return: 'int64' },
  lsetxattr: { arguments: ['buffer', 'buffer', 'buffer', 'uint64', 'int32'], return: 'int32' },
  mkdirat: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
  mknodat: { arguments: ['int32', 'buffer', 'uint32', 'uint64'], return: 'int32' },
  openat: { arguments: ['int32', 'buffer', 'int32', 'uint32'], return: 'int32' },
  readlinkat: { arguments: ['int32', 'buffer', 'buffer', 'uint64'], return: 'int64' },
  symlinkat: { arguments: ['buffer', 'int32', 'buffer'], return: 'int32' },
  unlinkat: { arguments: ['int32', 'buffer', 'int32'], return: 'int32' },
  utimensat: { arguments: ['int32', 'buffer', 'buffer', 'int32'], return: 'int32' },
});

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;

/** A name with the NUL that ends it; it may have none inside. */
function terminated(syscall: string, name: Uint8Array): Uint8Array<ArrayBuffer> {
  if (name.includes(0)) throw new SystemError(syscall, errno.EINVAL, shown(name));
  const bytes = new Uint8Array(name.length + 1);
  bytes.set(name);
  return bytes;
}

function shown(name: Uint8Array): string {
  return JSON.stringify(Buffer.from(name).toString('utf8'));
}

/** `openat` that follows no symlink at its last name; close-on-exec always. */
export function openNode(directory: number, name: Uint8Array, flags: number, mode = 0): number {
  const path = terminated('openat', name);
  return check('openat', c.openat(directory, path, flags | O.NOFOLLOW | O.CLOEXEC, mode), shown(name));
}

export function makeDirectoryNode(directory: number, name: Uint8Array, mode: number): void {
  check('mkdirat', c.mkdirat(directory, terminated('mkdirat', name), mode), shown(name));
}

/** The number of a device as the kernel's calls take it. */
export function deviceNumber(major: number, minor: number): bigint {
  const high = BigInt(major);
  const low = BigInt(minor);
  return (low & 0xffn) | ((high & 0xfffn) << 8n) | ((low & ~0xffn) << 12n) | ((high & ~0xfffn) << 32n);
}

/** Makes a device, fifo or socket: `mode` has the type bits, `device` is from `deviceNumber`. */
export function makeNode(directory: number, name: Uint8Array, mode: number, device: bigint): void {
  check('mknodat', c.mknodat(directory, terminated('mknodat', name), mode, device), shown(name));
}

export function makeSymlinkNode(target: Uint8Array, directory: number, name: Uint8Array): void {
  const to = terminated('symlinkat', target);
  check('symlinkat', c.symlinkat(to, directory, terminated('symlinkat', name)), shown(name));
}

/** A hard link; a symlink at `name` is linked itself. */
export function linkNode(from: number, name: Uint8Array, to: number, to_name: Uint8Array): void {
  const source = terminated('linkat', name);
  check('linkat', c.linkat(from, source, to, terminated('linkat', to_name), 0), shown(to_name));
}

export function unlinkNode(directory: number, name: Uint8Array): void {
  check('unlinkat', c.unlinkat(directory, terminated('unlinkat', name), 0), shown(name));
}

export function removeDirectoryNode(directory: number, name: Uint8Array): void {
  check('unlinkat', c.unlinkat(directory, terminated('unlinkat', name), AT_REMOVEDIR), shown(name));
}

/** Changes the owner of `name`, of a symlink itself. */
export function setNodeOwner(directory: number, name: Uint8Array, uid: number, gid: number): void {
  const path = terminated('fchownat', name);
  check('fchownat', c.fchownat(directory, path, uid, gid, AT_SYMLINK_NOFOLLOW), shown(name));
}

/** Changes the mode of `name`, which must be no symlink: the call would follow it. */
export function setNodeMode(directory: number, name: Uint8Array, mode: number): void {
  check('fchmodat', c.fchmodat(directory, terminated('fchmodat', name), mode, 0), shown(name));
}

const times = Buffer.alloc(32);

/** Sets both times of `name`, of a symlink itself, to `time_ns` nanoseconds since the epoch. */
export function setNodeTime(directory: number, name: Uint8Array, time_ns: bigint): void {
  const nanoseconds = ((time_ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  for (const at of [0, 16]) {
    times.writeBigInt64LE((time_ns - nanoseconds) / 1_000_000_000n, at);
    times.writeBigInt64LE(nanoseconds, at + 8);
  }
  const path = terminated('utimensat', name);
  check('utimensat', c.utimensat(directory, path, times, AT_SYMLINK_NOFOLLOW), shown(name));
}

/** The path of `name` in an open directory, for calls that take a path only. */
function pathOf(directory: number, name: Uint8Array): Buffer<ArrayBuffer> {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name, Buffer.of(0)]);
}

/** The names in an open directory, in the order of their bytes. */
export function listNodes(directory: number): Buffer[] {
  return readdirSync(`/proc/self/fd/${directory}`, { encoding: 'buffer' }).sort((a, b) => Buffer.compare(a, b));
}

/** stat of `name`, of a symlink itself; null where nothing stands. */
export function statNode(directory: number, name: Uint8Array): BigIntStats | null {
  const path = pathOf(directory, name).subarray(0, -1);
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

/** Sets an extended attribute of `name`, of a symlink itself. */
export function setNodeAttribute(directory: number, name: Uint8Array, attribute: string, value: Uint8Array): void {
  const path = pathOf(directory, name);
  const key = terminated('lsetxattr', Buffer.from(attribute));
  const bytes = value as Uint8Array<ArrayBuffer>;
  check('lsetxattr', c.lsetxattr(path, key, bytes, BigInt(bytes.length), 0), `${attribute} of ${shown(name)}`);
}

const list_buffer = Buffer.alloc(64 * 1024);
const value_buffer = Buffer.alloc(64 * 1024);

/** The extended attributes of `name`, of a symlink itself; none where the filesystem has none. */
export function nodeAttributes(directory: number, name: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const path = pathOf(directory, name);
  const found = new Map<string, Uint8Array>();
  const length = Number(c.llistxattr(path, list_buffer, BigInt(list_buffer.length)));
  if (length < 0) {
    const e = lastErrno();
    if (e === errno.EOPNOTSUPP) return found;
    throw new SystemError('llistxattr', e, shown(name));
  }
  for (const attribute of list_buffer.toString('utf8', 0, length).split('\0')) {
    if (attribute === '') continue;
    const key = terminated('lgetxattr', Buffer.from(attribute));
    const n = Number(c.lgetxattr(path, key, value_buffer, BigInt(value_buffer.length)));
    if (n >= 0) found.set(attribute, Uint8Array.from(value_buffer.subarray(0, n)));
    else if (lastErrno() !== errno.ENODATA) throw new SystemError('lgetxattr', lastErrno(), attribute);
  }
  return found;
}

const target_buffer = Buffer.alloc(4096);

export function readNodeLink(directory: number, name: Uint8Array): Uint8Array {
  const path = terminated('readlinkat', name);
  const n = check('readlinkat', Number(c.readlinkat(directory, path, target_buffer, 4096n)), shown(name));
  return Uint8Array.from(target_buffer.subarray(0, n));
}

const from_offset = Buffer.alloc(8);
const to_offset = Buffer.alloc(8);

/** Copies up to `length` bytes inside the kernel; gives how many were, 0 at the end, -1 where it cannot. */
export function copyRange(from: number, from_at: number, to: number, to_at: number, length: number): number {
  from_offset.writeBigInt64LE(BigInt(from_at));
  to_offset.writeBigInt64LE(BigInt(to_at));
  const n = Number(c.copy_file_range(from, from_offset, to, to_offset, BigInt(length), 0));
  if (n >= 0) return n;
  const e = lastErrno();
  if (e === errno.EXDEV || e === errno.EINVAL || e === errno.ENOSYS || e === errno.EOPNOTSUPP) return -1;
  throw new SystemError('copy_file_range', e);
}
