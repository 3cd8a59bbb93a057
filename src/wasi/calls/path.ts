import { fdflag, fdflags_all, openedDirectory, type OpenDirectory } from '../descriptors.ts';
import { errno, fail } from '../errno.ts';
import { type File, filetype } from '../files.ts';
import type { Layout } from '../layout.ts';
import { isTooLong, type Path, readPath, readPathText } from '../path.ts';
import { exists, nothingAt, type Place } from '../resolver.ts';
import { right, rightsOf, toRights } from '../rights.ts';
import type { Calls, State } from '../state.ts';
import { setsAny, toTimes } from './fd.ts';

const oflag = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const;
const oflags_all = 15;
const lookup_follow = 1;

const read_rights: number = right.fd_read | right.fd_readdir;
const size_rights: number = right.fd_allocate | right.fd_filestat_set_size;

const encoder = new TextEncoder();

/** A name that a directory has, or may get; `busy` where the path ends in `.` or `..`. */
function named(place: Place, busy: 'BUSY' | 'INVAL' | 'EXIST' = 'BUSY'): string {
  if (place.name === null) throw fail(busy);
  if (isTooLong(place.name)) throw fail('NAMETOOLONG');
  return place.name;
}

/** NOENT unless something is there, NOTDIR when the path asks for a directory and it is none. */
function existing(place: Place): Place {
  if (!exists(place)) throw nothingAt(place);
  if (place.at === null && place.slash) throw fail('NOTDIR');
  return place;
}

/** A name under which nothing is yet: EXIST when there is, NOENT when a slash asks for a directory to be there. */
function free(place: Place): string {
  if (exists(place)) throw fail('EXIST');
  const name = named(place, 'EXIST');
  if (place.slash) throw fail('NOENT');
  return name;
}

/** Calls on paths. */
export function pathCalls(state: State, layout: Layout): Calls {
  const { memory, descriptors, finder } = state;

  /** A lookup as POSIX does it for `stat` and `open`: a slash at the end follows a symlink. */
  function lookUp(opened: OpenDirectory, path: Path, flags: number): Place {
    if ((flags & ~lookup_follow) !== 0) throw fail('INVAL');
    return finder.find(opened, path, flags === lookup_follow || path.slash);
  }

  return {
    path_open(
      fd: number,
      lookup_flags: number,
      path_pointer: number,
      path_length: number,
      oflags: number,
      base: bigint,
      inheriting: bigint,
      flags: number,
      result: number,
    ) {
      const opened = descriptors.directory(fd, right.path_open);
      if ((oflags & ~oflags_all) !== 0 || (flags & ~fdflags_all) !== 0) throw fail('INVAL');
      const create = (oflags & oflag.creat) !== 0;
      const exclusive = create && (oflags & oflag.excl) !== 0;
      const truncate = (oflags & oflag.trunc) !== 0;
      const only_directory = (oflags & oflag.directory) !== 0;
      if (only_directory && (create || truncate)) throw fail('INVAL');
      const rights = toRights(base);
      const rights_inheriting = toRights(inheriting);
      if (((rights | rights_inheriting) & ~opened.inheriting) !== 0) throw fail('NOTCAPABLE');
      if (truncate && (opened.rights & right.path_filestat_set_size) === 0) throw fail('NOTCAPABLE');
      memory.at(result >>> 0, 4);
      descriptors.ensureRoom();
      const path = readPath(memory, path_pointer >>> 0, path_length >>> 0);
      if (create && path.slash && path.last === 'name') {
        // No file comes into being behind a slash, whatever is there; only the way to it may be wrong before.
        finder.find(opened, { names: path.names.slice(0, -1), slash: true, last: 'dot' }, true);
        throw fail('ISDIR');
      }
      const place = lookUp(opened, path, exclusive ? lookup_flags & ~lookup_follow : lookup_flags);
      const read = (rights & read_rights) !== 0;
      // Programs that only read ask for the rights to set sizes, too: Go does.
      const write = (rights & right.fd_write) !== 0 || (!read && (rights & size_rights) !== 0);

      if (place.at !== null) {
        if (exclusive) throw fail('EXIST');
        if (create || truncate || (rights & right.fd_write) !== 0) throw fail('ISDIR');
        memory.set32(result >>> 0, descriptors.add(openedDirectory(place.at, rights, rights_inheriting)));
        return errno.SUCCESS;
      }
      if (place.node === null) {
        if (!create) throw nothingAt(place);
        if (place.slash) throw fail('ISDIR');
        if ((opened.rights & right.path_create_file) === 0) throw fail('NOTCAPABLE');
      } else {
        if (exclusive) throw fail('EXIST');
        if (place.slash) throw fail(create ? 'ISDIR' : 'NOTDIR');
        if (only_directory) throw fail('NOTDIR');
        if (place.node.type === filetype.symbolic_link) throw fail('LOOP');
      }
      const file = place.directory.open(named(place), {
        read,
        // Truncating writes, also for a guest that asks for no right to write through this descriptor.
        write: write || truncate,
        create,
        exclusive,
        truncate,
        append: (flags & fdflag.append) !== 0,
        nonblock: (flags & fdflag.nonblock) !== 0,
        dsync: (flags & fdflag.dsync) !== 0,
        sync: (flags & (fdflag.sync | fdflag.rsync)) !== 0,
      });
      memory.set32(result >>> 0, addFile(file, rights, flags));
      return errno.SUCCESS;
    },

    path_filestat_get(fd: number, flags: number, path_pointer: number, path_length: number, pointer: number) {
      const opened = descriptors.directory(fd, right.path_filestat_get);
      const view = memory.at(pointer >>> 0, layout.filestat_bytes);
      const path = readPath(memory, path_pointer >>> 0, path_length >>> 0);
      const place = existing(lookUp(opened, path, flags));
      const stat = place.at === null ? place.directory.statChild(named(place)) : place.at.stat();
      layout.writeFilestat(view, pointer >>> 0, stat);
      return errno.SUCCESS;
    },

    path_filestat_set_times(
      fd: number,
      flags: number,
      path_pointer: number,
      path_length: number,
      atim: bigint,
      mtim: bigint,
      fstflags: number,
    ) {
      const opened = descriptors.directory(fd, right.path_filestat_set_times);
      const times = toTimes(atim, mtim, fstflags);
      const path = readPath(memory, path_pointer >>> 0, path_length >>> 0);
      const place = existing(lookUp(opened, path, flags));
      if (!setsAny(times)) return errno.SUCCESS;
      if (place.at === null) place.directory.setChildTimes(named(place), times);
      else place.at.setTimes(times);
      return errno.SUCCESS;
    },

    path_create_directory(fd: number, path_pointer: number, path_length: number) {
      const opened = descriptors.directory(fd, right.path_create_directory);
      const place = finder.find(opened, readPath(memory, path_pointer >>> 0, path_length >>> 0), false);
      if (exists(place)) throw fail('EXIST');
      place.directory.makeDirectory(named(place, 'EXIST'));
      return errno.SUCCESS;
    },

    path_remove_directory(fd: number, path_pointer: number, path_length: number) {
      const opened = descriptors.directory(fd, right.path_remove_directory);
      const path = readPath(memory, path_pointer >>> 0, path_length >>> 0);
      const place = finder.find(opened, path, false);
      if (!exists(place)) throw nothingAt(place);
      if (path.last === 'dotdot') throw fail('NOTEMPTY');
      // That it is no directory is for its own directory to say, after who may remove anything there.
      place.directory.removeDirectory(named(place, 'INVAL'));
      return errno.SUCCESS;
    },

    path_unlink_file(fd: number, path_pointer: number, path_length: number) {
      const opened = descriptors.directory(fd, right.path_unlink_file);
      const path = readPath(memory, path_pointer >>> 0, path_length >>> 0);
      const place = existing(finder.find(opened, path, false));
      if (place.name === null || (place.at !== null && place.slash)) throw fail('ISDIR');
      place.directory.unlink(place.name);
      return errno.SUCCESS;
    },

    path_rename(
      fd: number,
      old_pointer: number,
      old_length: number,
      new_fd: number,
      new_pointer: number,
      new_length: number,
    ) {
      const from = descriptors.directory(fd, right.path_rename_source);
      const to = descriptors.directory(new_fd, right.path_rename_target);
      const old_path = readPath(memory, old_pointer >>> 0, old_length >>> 0);
      const new_path = readPath(memory, new_pointer >>> 0, new_length >>> 0);
      const old_place = finder.find(from, old_path, false);
      const new_place = finder.find(to, new_path, false);
      if (old_place.name === null || new_place.name === null) throw fail('BUSY');
      if (!exists(old_place)) throw nothingAt(old_place);
      const new_name = named(new_place);
      // A slash after either name needs a directory that goes or comes there.
      if (old_place.at === null && (old_place.slash || new_place.slash)) throw fail('NOTDIR');
      old_place.directory.rename(old_place.name, new_place.directory, new_name);
      return errno.SUCCESS;
    },

    path_link(
      fd: number,
      flags: number,
      old_pointer: number,
      old_length: number,
      new_fd: number,
      new_pointer: number,
      new_length: number,
    ) {
      const from = descriptors.directory(fd, right.path_link_source);
      const to = descriptors.directory(new_fd, right.path_link_target);
      const old_path = readPath(memory, old_pointer >>> 0, old_length >>> 0);
      const new_path = readPath(memory, new_pointer >>> 0, new_length >>> 0);
      const old_place = existing(lookUp(from, old_path, flags));
      const new_place = finder.find(to, new_path, false);
      const new_name = free(new_place);
      if (old_place.name === null) throw fail('PERM');
      old_place.directory.link(old_place.name, new_place.directory, new_name);
      return errno.SUCCESS;
    },

    path_symlink(target_pointer: number, target_length: number, fd: number, path_pointer: number, path_length: number) {
      const opened = descriptors.directory(fd, right.path_symlink);
      const target = readPathText(memory, target_pointer >>> 0, target_length >>> 0);
      const place = finder.find(opened, readPath(memory, path_pointer >>> 0, path_length >>> 0), false);
      place.directory.symlink(target, free(place));
      return errno.SUCCESS;
    },

    path_readlink(
      fd: number,
      path_pointer: number,
      path_length: number,
      buffer: number,
      buffer_length: number,
      result: number,
    ) {
      const opened = descriptors.directory(fd, right.path_readlink);
      const into = memory.bytes(buffer >>> 0, buffer_length >>> 0);
      memory.at(result >>> 0, 4);
      const path = readPath(memory, path_pointer >>> 0, path_length >>> 0);
      const place = existing(finder.find(opened, path, path.slash));
      if (place.node?.type !== filetype.symbolic_link) throw fail('INVAL');
      const target = encoder.encode(place.directory.readlink(named(place)));
      into.set(target.length > into.length ? target.subarray(0, into.length) : target);
      memory.set32(result >>> 0, Math.min(target.length, into.length));
      return errno.SUCCESS;
    },
  };

  function addFile(file: File, rights: number, flags: number): number {
    return descriptors.add({ kind: 'file', file, rights: rights & rightsOf(file), inheriting: 0, flags });
  }
}
