import { bind, check, lastErrno, SystemError, sys, systemCall } from './library.ts';
import { errno } from './errno.ts';
import { O } from './descriptors.ts';

const c = bind({
  fchmod: { arguments: ['int32', 'uint32'], return: 'int32' },
  fchmodat: { arguments: ['int32', 'string', 'uint32', 'int32'], return: 'int32' },
  fchown: { arguments: ['int32', 'uint32', 'uint32'], return: 'int32' },
  fchownat: { arguments: ['int32', 'string', 'uint32', 'uint32', 'int32'], return: 'int32' },
  fsetxattr: { arguments: ['int32', 'string', 'buffer', 'uint64', 'int32'], return: 'int32' },
  fgetxattr: { arguments: ['int32', 'string', 'buffer', 'uint64'], return: 'int64' },
  fstatfs: { arguments: ['int32', 'buffer'], return: 'int32' },
  linkat: { arguments: ['int32', 'string', 'int32', 'string', 'int32'], return: 'int32' },
  mkdirat: { arguments: ['int32', 'string', 'uint32'], return: 'int32' },
  openat: { arguments: ['int32', 'string', 'int32', 'uint32'], return: 'int32' },
  readlinkat: { arguments: ['int32', 'string', 'buffer', 'uint64'], return: 'int64' },
  renameat2: { arguments: ['int32', 'string', 'int32', 'string', 'uint32'], return: 'int32' },
  statx: { arguments: ['int32', 'string', 'int32', 'uint32', 'buffer'], return: 'int32' },
  symlinkat: { arguments: ['string', 'int32', 'string'], return: 'int32' },
  unlinkat: { arguments: ['int32', 'string', 'int32'], return: 'int32' },
  utimensat: { arguments: ['int32', 'string', 'buffer', 'int32'], return: 'int32' },
  futimens: { arguments: ['int32', 'buffer'], return: 'int32' },
});

/** "The current directory" as a directory descriptor. */
export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;

function named(syscall: string, path: string): void {
  if (path.includes('\0')) throw new SystemError(syscall, errno.EINVAL, JSON.stringify(path));
}

/** What `statx` says of a file. Times are nanoseconds since the epoch. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  /** File type and permission bits, as in `st_mode`. */
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: bigint;
  readonly blocks: bigint;
  readonly atime_ns: bigint;
  readonly mtime_ns: bigint;
  readonly ctime_ns: bigint;
  readonly rdev: bigint;
}

/** The type bits of `mode`. */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
} as const;

const statx_buffer = Buffer.alloc(256);

function statOf(buffer: Buffer): FileStat {
  const time = (at: number): bigint => buffer.readBigInt64LE(at) * 1_000_000_000n + BigInt(buffer.readUInt32LE(at + 8));
  return {
    dev: (BigInt(buffer.readUInt32LE(136)) << 32n) | BigInt(buffer.readUInt32LE(140)),
    ino: buffer.readBigUInt64LE(32),
    mode: buffer.readUInt16LE(28),
    nlink: buffer.readUInt32LE(16),
    uid: buffer.readUInt32LE(20),
    gid: buffer.readUInt32LE(24),
    size: buffer.readBigUInt64LE(40),
    blocks: buffer.readBigUInt64LE(48),
    atime_ns: time(64),
    ctime_ns: time(96),
    mtime_ns: time(112),
    rdev: (BigInt(buffer.readUInt32LE(128)) << 32n) | BigInt(buffer.readUInt32LE(132)),
  };
}

const raw = bind({ syscall: { arguments: ['int64', 'int64', 'buffer'], return: 'int64' } });
const arm = process.arch === 'arm64';
const fstat_number = arm ? 80n : 5n;
const fstat_buffer = Buffer.alloc(144);

/** stat of a descriptor, by the one call that takes no path: guests' processes have no other. */
export function statDescriptor(fd: number): FileStat {
  check('fstat', Number(raw.syscall(fstat_number, BigInt(fd), fstat_buffer)));
  const time = (at: number): bigint =>
    fstat_buffer.readBigInt64LE(at) * 1_000_000_000n + fstat_buffer.readBigInt64LE(at + 8);
  return {
    dev: deviceOf(fstat_buffer.readBigUInt64LE(0)),
    ino: fstat_buffer.readBigUInt64LE(8),
    nlink: arm ? fstat_buffer.readUInt32LE(20) : Number(fstat_buffer.readBigUInt64LE(16)),
    mode: fstat_buffer.readUInt32LE(arm ? 16 : 24),
    uid: fstat_buffer.readUInt32LE(arm ? 24 : 28),
    gid: fstat_buffer.readUInt32LE(arm ? 28 : 32),
    rdev: deviceOf(fstat_buffer.readBigUInt64LE(arm ? 32 : 40)),
    size: fstat_buffer.readBigUInt64LE(48),
    blocks: fstat_buffer.readBigUInt64LE(64),
    atime_ns: time(72),
    mtime_ns: time(88),
    ctime_ns: time(104),
  };
}

/** A device number with major and minor apart, as `statx` gives them, from how `fstat` packs them. */
function deviceOf(packed: bigint): bigint {
  const major = ((packed >> 8n) & 0xfffn) | ((packed >> 32n) & ~0xfffn);
  const minor = (packed & 0xffn) | ((packed >> 12n) & ~0xffn & 0xffffffffn);
  return (major << 32n) | minor;
}

/** stat of `name` under `directory`, of a symlink itself. */
export function statAt(directory: number, name: string): FileStat {
  named('statx', name);
  check('statx', c.statx(directory, name, AT_SYMLINK_NOFOLLOW, 0x7ff, statx_buffer), name);
  return statOf(statx_buffer);
}

/** As `statAt`, but null where nothing stands. */
export function statAtOrNull(directory: number, name: string): FileStat | null {
  named('statx', name);
  if (c.statx(directory, name, AT_SYMLINK_NOFOLLOW, 0x7ff, statx_buffer) === 0) return statOf(statx_buffer);
  const e = lastErrno();
  if (e === errno.ENOENT) return null;
  throw new SystemError('statx', e, name);
}

/** `openat`, close-on-exec always; follows symlinks unless `flags` has `O.NOFOLLOW`. */
export function openAt(directory: number, path: string, flags: number, mode = 0): number {
  named('openat', path);
  return check('openat', c.openat(directory, path, flags | O.CLOEXEC, mode), path);
}

/** `resolve` flags of openat2. */
export const RESOLVE = { NO_XDEV: 1, NO_MAGICLINKS: 2, NO_SYMLINKS: 4, BENEATH: 8, IN_ROOT: 16 } as const;

const how = Buffer.alloc(24);
const path_buffer = Buffer.alloc(4097);

/** `openat2`: a path that the kernel itself keeps beneath `directory`. Throws ENOSYS where the kernel has none. */
export function openBeneath(directory: number, path: string, flags: number, mode: number, resolve: number): number {
  named('openat2', path);
  const length = Buffer.byteLength(path);
  if (length > 4096) throw new SystemError('openat2', errno.ENAMETOOLONG);
  path_buffer.write(path, 0);
  path_buffer[length] = 0;
  how.writeBigUInt64LE(BigInt(flags | O.CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  const fd = systemCall(sys.openat2, directory, path_buffer, how, 24);
  if (fd < 0) throw new SystemError('openat2', -fd, path);
  return fd;
}

export function makeDirectoryAt(directory: number, name: string, mode: number): void {
  named('mkdirat', name);
  check('mkdirat', c.mkdirat(directory, name, mode), name);
}

export function unlinkAt(directory: number, name: string): void {
  named('unlinkat', name);
  check('unlinkat', c.unlinkat(directory, name, 0), name);
}

export function removeDirectoryAt(directory: number, name: string): void {
  named('unlinkat', name);
  check('unlinkat', c.unlinkat(directory, name, AT_REMOVEDIR), name);
}

/** `replace: false` fails with EEXIST when the target is there. */
export function renameAt(from: number, name: string, to: number, to_name: string, replace = true): void {
  named('renameat2', name);
  named('renameat2', to_name);
  check('renameat2', c.renameat2(from, name, to, to_name, replace ? 0 : 1), `${name} to ${to_name}`);
}

/** A hard link; a symlink at `name` is linked itself. */
export function linkAt(from: number, name: string, to: number, to_name: string): void {
  named('linkat', name);
  named('linkat', to_name);
  check('linkat', c.linkat(from, name, to, to_name, 0), `${name} to ${to_name}`);
}

export function symlinkAt(target: string, directory: number, name: string): void {
  named('symlinkat', target);
  named('symlinkat', name);
  check('symlinkat', c.symlinkat(target, directory, name), name);
}

export function readlinkAt(directory: number, name: string): string {
  named('readlinkat', name);
  const n = check('readlinkat', Number(c.readlinkat(directory, name, path_buffer, 4096n)), name);
  return path_buffer.toString('utf8', 0, n);
}

const times_buffer = Buffer.alloc(32);
const UTIME_NOW = 0x3fffffffn;
const UTIME_OMIT = 0x3ffffffen;

function times(atime: bigint | 'now' | undefined, mtime: bigint | 'now' | undefined): Buffer {
  for (const [at, time] of [
    [0, atime],
    [16, mtime],
  ] as const) {
    if (typeof time === 'bigint') {
      let seconds = time / 1_000_000_000n;
      let rest = time % 1_000_000_000n;
      if (rest < 0n) {
        rest += 1_000_000_000n;
        seconds -= 1n;
      }
      times_buffer.writeBigInt64LE(seconds, at);
      times_buffer.writeBigInt64LE(rest, at + 8);
    } else {
      times_buffer.writeBigInt64LE(0n, at);
      times_buffer.writeBigInt64LE(time === 'now' ? UTIME_NOW : UTIME_OMIT, at + 8);
    }
  }
  return times_buffer;
}

/** Sets times in nanoseconds since the epoch, of a symlink itself; undefined leaves one as it is. */
export function setTimesAt(
  directory: number,
  name: string,
  atime: bigint | 'now' | undefined,
  mtime: bigint | 'now' | undefined,
): void {
  named('utimensat', name);
  check('utimensat', c.utimensat(directory, name, times(atime, mtime), AT_SYMLINK_NOFOLLOW), name);
}

export function setTimes(fd: number, atime: bigint | 'now' | undefined, mtime: bigint | 'now' | undefined): void {
  check('futimens', c.futimens(fd, times(atime, mtime)));
}

export function setMode(fd: number, mode: number): void {
  check('fchmod', c.fchmod(fd, mode));
}

export function setOwner(fd: number, uid: number, gid: number): void {
  check('fchown', c.fchown(fd, uid, gid));
}

/** Changes the owner of `name`, of a symlink itself. */
export function setOwnerAt(directory: number, name: string, uid: number, gid: number): void {
  named('fchownat', name);
  check('fchownat', c.fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW), name);
}

export function setAttribute(fd: number, name: string, value: Uint8Array): void {
  check('fsetxattr', c.fsetxattr(fd, name, value as Uint8Array<ArrayBuffer>, BigInt(value.length), 0), name);
}

const attribute_buffer = Buffer.alloc(4096);

/** An extended attribute of at most 4 KiB, or null when there is none (or the filesystem has none). */
export function attribute(fd: number, name: string): Buffer | null {
  const n = Number(c.fgetxattr(fd, name, attribute_buffer, 4096n));
  if (n >= 0) return Buffer.from(attribute_buffer.subarray(0, n));
  const e = lastErrno();
  if (e === errno.ENODATA || e === errno.EOPNOTSUPP) return null;
  throw new SystemError('fgetxattr', e, name);
}

const statfs_buffer = Buffer.alloc(128);

/** The magic number of the filesystem a descriptor is on (`f_type`). */
export function filesystemType(fd: number): number {
  check('fstatfs', c.fstatfs(fd, statfs_buffer));
  return Number(statfs_buffer.readBigUInt64LE(0));
}

export interface ListedEntry {
  readonly name: string;
  readonly ino: bigint;
  /** DT_*: 4 directory, 8 regular, 10 symlink, 0 unknown, and the rest. */
  readonly type: number;
  /** Where the next read goes on. */
  readonly next: bigint;
}

const list_buffer = Buffer.alloc(32 * 1024);

/** Reads a part of an open directory from its current offset; empty at the end. `.` and `..` are among the entries. */
export function listDirectory(fd: number): ListedEntry[] {
  const n = systemCall(sys.getdents64, fd, list_buffer, list_buffer.length);
  if (n < 0) throw new SystemError('getdents64', -n);
  const entries: ListedEntry[] = [];
  for (let at = 0; at < n;) {
    const length = list_buffer.readUInt16LE(at + 16);
    const end = list_buffer.indexOf(0, at + 19);
    entries.push({
      ino: list_buffer.readBigUInt64LE(at),
      next: list_buffer.readBigInt64LE(at + 8),
      type: list_buffer[at + 18]!,
      name: list_buffer.toString('utf8', at + 19, end),
    });
    at += length;
  }
  return entries;
}
