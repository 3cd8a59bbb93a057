import { entryType, type LayerIndex } from '../oci/index.ts';
import { type FileStat, S } from '../os/index.ts';
import { filetype, type Filetype, type Stat } from '../wasi/index.ts';

/** `st_dev` of everything that comes from an image: no device of the host has it. */
export const image_device = 0xffff_ffff_0000_0001n;

/** The type of preview 1 for the type bits of a mode; a pipe has none there. */
export function filetypeOfMode(mode: number): Filetype {
  switch (mode & S.IFMT) {
    case S.IFREG:
      return filetype.regular_file;
    case S.IFDIR:
      return filetype.directory;
    case S.IFLNK:
      return filetype.symbolic_link;
    case S.IFCHR:
      return filetype.character_device;
    case S.IFBLK:
      return filetype.block_device;
    case S.IFSOCK:
      return filetype.socket_stream;
    default:
      return filetype.unknown;
  }
}

/** The type of preview 1 for a `d_type` of a listing: the type bits of a mode, shifted. */
export function filetypeOfListing(type: number): Filetype {
  return filetypeOfMode(type << 12);
}

/** A stat of the host as a guest sees it. */
export function statOfHost(stat: FileStat): Stat {
  return {
    dev: stat.dev,
    ino: stat.ino,
    type: filetypeOfMode(stat.mode),
    nlink: BigInt(stat.nlink),
    size: stat.size,
    atim: stat.atime_ns,
    mtim: stat.mtime_ns,
    ctim: stat.ctime_ns,
  };
}

const entryFiletypes: { readonly [type: number]: Filetype } = {
  [entryType.directory]: filetype.directory,
  [entryType.file]: filetype.regular_file,
  [entryType.symlink]: filetype.symbolic_link,
  [entryType.characterDevice]: filetype.character_device,
  [entryType.blockDevice]: filetype.block_device,
};

export function filetypeOfEntry(index: LayerIndex, entry: number): Filetype {
  return entryFiletypes[index.type(entry)] ?? filetype.unknown;
}

/** stat of an entry of an image; an image knows one time only. */
export function statOfEntry(index: LayerIndex, entry: number): Stat {
  const type = filetypeOfEntry(index, entry);
  const time = index.mtime_ns(entry);
  const length = type === filetype.symbolic_link ? index.targetBytes(entry).length : index.size(entry);
  return {
    dev: image_device,
    ino: BigInt(index.ino(entry)),
    type,
    nlink: BigInt(index.nlink(entry)),
    size: BigInt(type === filetype.directory ? 4096 : length),
    atim: time,
    mtim: time,
    ctim: time,
  };
}

/**
 * The inode number of a directory that is there because something is mounted below it, or because it always is: the
 * same from broker and guest, above those of an image, which have 32 bits.
 */
export function impliedInode(path: string): bigint {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x0100_0193);
  return 0x1_0000_0000n + BigInt(hash >>> 0);
}

export function statOfImplied(path: string): Stat {
  const ino = impliedInode(path);
  return { dev: image_device, ino, type: filetype.directory, nlink: 1n, size: 4096n, atim: 0n, mtim: 0n, ctim: 0n };
}
