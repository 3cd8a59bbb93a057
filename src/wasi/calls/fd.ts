import {
  type Descriptor,
  fdflag,
  fdflags_all,
  type OpenFile,
  type OpenListener,
  type OpenSocket,
  typeOf,
} from '../descriptors.ts';
import { errno, fail } from '../errno.ts';
import type { File, Stat, Times } from '../files.ts';
import type { Layout } from '../layout.ts';
import { right, toRights } from '../rights.ts';
import { type Calls, settle, type State } from '../state.ts';
import { readDirectory } from './readdir.ts';

const advice_max = 5;
const i64_max = 0x7fff_ffff_ffff_ffffn;
const encoder = new TextEncoder();

/** Calls on descriptors. With `suspending` reads and writes may give promises. */
export function fdCalls(state: State, layout: Layout, suspending: boolean): Calls {
  const { memory, descriptors } = state;

  /** A file with a place in it, for an access at an offset; SPIPE without one. */
  function seekable(fd: number, needed: number): File {
    const { file } = descriptors.file(fd, needed);
    if (!file.seekable) throw fail('SPIPE');
    descriptors.file(fd, right.fd_seek);
    return file;
  }

  function setFlags(opened: Descriptor, flags: number): void {
    if (opened.kind !== 'directory')
      opened.file.setFlags({
        append: (flags & fdflag.append) !== 0,
        nonblock: (flags & fdflag.nonblock) !== 0,
        dsync: (flags & fdflag.dsync) !== 0,
        sync: (flags & (fdflag.sync | fdflag.rsync)) !== 0,
      });
    opened.flags = flags;
  }

  function stat(opened: Descriptor): Stat {
    return opened.kind === 'directory' ? opened.directory.stat() : opened.file.stat();
  }

  function tell(opened: OpenFile | OpenSocket | OpenListener): bigint {
    if (!opened.file.seekable) throw fail('SPIPE');
    return opened.file.seek(0n, 1);
  }

  return {
    fd_read(fd: number, iovecs: number, count: number, result: number) {
      const { file } = descriptors.file(fd, right.fd_read);
      memory.at(result >>> 0, 4);
      const read = file.read(memory.buffers(iovecs >>> 0, count >>> 0));
      if (typeof read === 'number') {
        memory.set32(result >>> 0, read);
        return errno.SUCCESS;
      }
      return settle(read, suspending, (bytes) => {
        memory.set32(result >>> 0, bytes);
        return errno.SUCCESS;
      });
    },

    fd_write(fd: number, iovecs: number, count: number, result: number) {
      const { file } = descriptors.file(fd, right.fd_write);
      memory.at(result >>> 0, 4);
      const written = file.write(memory.buffers(iovecs >>> 0, count >>> 0));
      if (typeof written === 'number') {
        memory.set32(result >>> 0, written);
        return errno.SUCCESS;
      }
      return settle(written, suspending, (bytes) => {
        memory.set32(result >>> 0, bytes);
        return errno.SUCCESS;
      });
    },

    fd_pread(fd: number, iovecs: number, count: number, offset: bigint, result: number) {
      const file = seekable(fd, right.fd_read);
      if (offset < 0n) throw fail('INVAL');
      memory.at(result >>> 0, 4);
      memory.set32(result >>> 0, file.pread(memory.buffers(iovecs >>> 0, count >>> 0), offset));
      return errno.SUCCESS;
    },

    fd_pwrite(fd: number, iovecs: number, count: number, offset: bigint, result: number) {
      const file = seekable(fd, right.fd_write);
      if (offset < 0n) throw fail('INVAL');
      memory.at(result >>> 0, 4);
      memory.set32(result >>> 0, file.pwrite(memory.buffers(iovecs >>> 0, count >>> 0), offset));
      return errno.SUCCESS;
    },

    fd_seek(fd: number, offset: bigint, whence_number: number, result: number) {
      const opened = descriptors.file(fd, 0);
      const whence = layout.whence[whence_number];
      if (whence === undefined) throw fail('INVAL');
      if (!opened.file.seekable) throw fail('SPIPE');
      // To ask where one is needs no more than the right to tell.
      const only_tell = whence === 1 && offset === 0n && (opened.rights & right.fd_tell) !== 0;
      if (!only_tell) descriptors.file(fd, right.fd_seek);
      memory.at(result >>> 0, 8);
      memory.set64(result >>> 0, opened.file.seek(offset, whence));
      return errno.SUCCESS;
    },

    fd_tell(fd: number, result: number) {
      memory.set64(result >>> 0, tell(descriptors.file(fd, right.fd_tell)));
      return errno.SUCCESS;
    },

    fd_close(fd: number) {
      descriptors.close(fd);
      return errno.SUCCESS;
    },

    fd_renumber(from: number, to: number) {
      descriptors.renumber(from, to);
      return errno.SUCCESS;
    },

    fd_advise(fd: number, offset: bigint, length: bigint, advice: number) {
      const { file } = descriptors.file(fd, right.fd_advise);
      if (advice < 0 || advice > advice_max || offset < 0n || length < 0n) throw fail('INVAL');
      if (!file.seekable) throw fail('SPIPE');
      return errno.SUCCESS;
    },

    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const { file } = descriptors.file(fd, right.fd_allocate);
      if (offset < 0n || length <= 0n) throw fail('INVAL');
      if (offset + length > i64_max) throw fail('FBIG');
      file.allocate(offset, length);
      return errno.SUCCESS;
    },

    fd_sync(fd: number) {
      const opened = descriptors.get(fd, right.fd_sync);
      if (opened.kind === 'directory') opened.directory.sync();
      else opened.file.sync();
      return errno.SUCCESS;
    },

    fd_datasync(fd: number) {
      const opened = descriptors.get(fd, 0);
      if (opened.kind === 'directory') opened.directory.sync();
      else descriptors.file(fd, right.fd_datasync).file.dataSync();
      return errno.SUCCESS;
    },

    fd_fdstat_get(fd: number, pointer: number) {
      const opened = descriptors.get(fd, 0);
      const view = memory.at(pointer >>> 0, 24);
      const at = pointer >>> 0;
      view.setUint16(at, typeOf(opened), true);
      view.setUint16(at + 2, opened.flags, true);
      view.setUint32(at + 4, 0, true);
      view.setUint32(at + 8, opened.rights, true);
      view.setUint32(at + 12, 0, true);
      view.setUint32(at + 16, opened.inheriting, true);
      view.setUint32(at + 20, 0, true);
      return errno.SUCCESS;
    },

    fd_fdstat_set_flags(fd: number, flags: number) {
      const opened = descriptors.get(fd, right.fd_fdstat_set_flags);
      if ((flags & ~fdflags_all) !== 0) throw fail('INVAL');
      setFlags(opened, flags);
      return errno.SUCCESS;
    },

    fd_fdstat_set_rights(fd: number, base: bigint, inheriting: bigint) {
      const opened = descriptors.get(fd, 0);
      const wanted = toRights(base);
      const wanted_inheriting = toRights(inheriting);
      if ((wanted & ~opened.rights) !== 0 || (wanted_inheriting & ~opened.inheriting) !== 0) throw fail('NOTCAPABLE');
      opened.rights = wanted;
      opened.inheriting = wanted_inheriting;
      return errno.SUCCESS;
    },

    fd_filestat_get(fd: number, pointer: number) {
      const opened = descriptors.get(fd, right.fd_filestat_get);
      const view = memory.at(pointer >>> 0, layout.filestat_bytes);
      layout.writeFilestat(view, pointer >>> 0, stat(opened));
      return errno.SUCCESS;
    },

    fd_filestat_set_size(fd: number, size: bigint) {
      const { file } = descriptors.file(fd, right.fd_filestat_set_size);
      if (size < 0n) throw fail('INVAL');
      file.setSize(size);
      return errno.SUCCESS;
    },

    fd_filestat_set_times(fd: number, atim: bigint, mtim: bigint, flags: number) {
      const opened = descriptors.get(fd, right.fd_filestat_set_times);
      const times = toTimes(atim, mtim, flags);
      if (!setsAny(times)) return errno.SUCCESS;
      if (opened.kind === 'directory') opened.directory.setTimes(times);
      else opened.file.setTimes(times);
      return errno.SUCCESS;
    },

    fd_prestat_get(fd: number, pointer: number) {
      const opened = descriptors.get(fd, 0);
      const name = preopenName(opened);
      const view = memory.at(pointer >>> 0, 8);
      view.setUint32(pointer >>> 0, opened.kind === 'listener' ? preopentype.other : preopentype.dir, true);
      view.setUint32((pointer >>> 0) + 4, name.length, true);
      return errno.SUCCESS;
    },

    fd_prestat_dir_name(fd: number, pointer: number, length: number) {
      const name = preopenName(descriptors.get(fd, 0));
      if (length >>> 0 < name.length) throw fail('NAMETOOLONG');
      memory.bytes(pointer >>> 0, name.length).set(name);
      return errno.SUCCESS;
    },

    fd_readdir(fd: number, buffer: number, length: number, cookie: bigint, result: number) {
      const { directory } = descriptors.directory(fd, right.fd_readdir);
      memory.at(result >>> 0, 4);
      const into = memory.bytes(buffer >>> 0, length >>> 0);
      memory.set32(result >>> 0, readDirectory(directory, into, BigInt.asUintN(64, cookie)));
      return errno.SUCCESS;
    },
  };
}

/**
 * `preopentype` of preview 1 has no number but that of a directory. A libc looks through the descriptors from 3 on until
 * it gets BADF and passes over those of another type: so it finds the directories behind the listening sockets.
 */
const preopentype = { dir: 0, other: 1 } as const;

const no_name = new Uint8Array(0);

function preopenName(opened: Descriptor): Uint8Array {
  if (opened.kind === 'listener') return no_name;
  if (opened.kind !== 'directory' || opened.preopen === null) throw fail('BADF');
  return encoder.encode(opened.preopen);
}

const fstflag = { atim: 1, atim_now: 2, mtim: 4, mtim_now: 8 } as const;

/** The times that `fstflags` tell to set; both a time and now, or a bit that means nothing, are INVAL. */
export function toTimes(atim: bigint, mtim: bigint, flags: number): Times {
  if ((flags & ~15) !== 0) throw fail('INVAL');
  return {
    atim: toTime(atim, flags, fstflag.atim, fstflag.atim_now),
    mtim: toTime(mtim, flags, fstflag.mtim, fstflag.mtim_now),
  };
}

/** Whether there is a time to set; to set none needs no right to. */
export function setsAny({ atim, mtim }: Times): boolean {
  return atim !== undefined || mtim !== undefined;
}

function toTime(time: bigint, flags: number, given: number, now: number): bigint | 'now' | undefined {
  if ((flags & now) !== 0) {
    if ((flags & given) !== 0) throw fail('INVAL');
    return 'now';
  }
  if ((flags & given) === 0) return undefined;
  if (time < 0n) throw fail('INVAL');
  return time;
}
