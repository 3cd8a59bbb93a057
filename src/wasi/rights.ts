import { type File, filetype } from './files.ts';

/** `rights` of preview 1. They end at bit 29, so a number holds them; `toRights` makes one of a guest's u64. */
export const right = {
  fd_datasync: 0x1,
  fd_read: 0x2,
  fd_seek: 0x4,
  fd_fdstat_set_flags: 0x8,
  fd_sync: 0x10,
  fd_tell: 0x20,
  fd_write: 0x40,
  fd_advise: 0x80,
  fd_allocate: 0x100,
  path_create_directory: 0x200,
  path_create_file: 0x400,
  path_link_source: 0x800,
  path_link_target: 0x1000,
  path_open: 0x2000,
  fd_readdir: 0x4000,
  path_readlink: 0x8000,
  path_rename_source: 0x10000,
  path_rename_target: 0x20000,
  path_filestat_get: 0x40000,
  path_filestat_set_size: 0x80000,
  path_filestat_set_times: 0x100000,
  fd_filestat_get: 0x200000,
  fd_filestat_set_size: 0x400000,
  fd_filestat_set_times: 0x800000,
  path_symlink: 0x1000000,
  path_remove_directory: 0x2000000,
  path_unlink_file: 0x4000000,
  poll_fd_readwrite: 0x8000000,
  sock_shutdown: 0x10000000,
  sock_accept: 0x20000000,
} as const;

export const all_rights: number = 0x3fff_ffff;

/** What can be done with a regular file. */
const file_rights: number =
  right.fd_datasync |
  right.fd_read |
  right.fd_seek |
  right.fd_fdstat_set_flags |
  right.fd_sync |
  right.fd_tell |
  right.fd_write |
  right.fd_advise |
  right.fd_allocate |
  right.fd_filestat_get |
  right.fd_filestat_set_size |
  right.fd_filestat_set_times |
  right.poll_fd_readwrite;

/** What can be done with a directory: it has no place in it to seek to. */
export const directory_rights: number =
  right.fd_fdstat_set_flags |
  right.fd_sync |
  right.path_create_directory |
  right.path_create_file |
  right.path_link_source |
  right.path_link_target |
  right.path_open |
  right.fd_readdir |
  right.path_readlink |
  right.path_rename_source |
  right.path_rename_target |
  right.path_filestat_get |
  right.path_filestat_set_size |
  right.path_filestat_set_times |
  right.fd_filestat_get |
  right.fd_filestat_set_times |
  right.path_symlink |
  right.path_remove_directory |
  right.path_unlink_file |
  right.poll_fd_readwrite;

const stream_rights: number =
  right.fd_read | right.fd_write | right.fd_fdstat_set_flags | right.fd_filestat_get | right.poll_fd_readwrite;

export const socket_rights: number = stream_rights | right.sock_shutdown;
export const listening_rights: number =
  right.fd_fdstat_set_flags | right.fd_filestat_get | right.poll_fd_readwrite | right.sock_accept | socket_rights;

/** The rights that apply to `file`. libc holds a character device without the rights to seek for a terminal. */
export function rightsOf(file: File): number {
  switch (file.type) {
    case filetype.regular_file:
      return file_rights;
    case filetype.character_device:
    case filetype.block_device:
      return file.terminal ? file_rights & ~(right.fd_seek | right.fd_tell) : file_rights;
    case filetype.socket_stream:
    case filetype.socket_dgram:
      return socket_rights;
    default:
      return file.seekable ? file_rights : stream_rights | right.fd_sync | right.fd_datasync;
  }
}

/** A guest's u64 of rights; bits that mean nothing are dropped. */
export function toRights(bits: bigint): number {
  return Number(BigInt.asUintN(30, bits));
}
