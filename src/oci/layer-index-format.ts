/**
 * The layer index: what is in a layer's tar (or in a chain of layers, merged), as one file that is mapped and
 * searched where it lies. Little-endian throughout. Sections follow one another without gaps, in this order:
 *
 *     header    96 bytes
 *     entries   80 bytes each; entry 0 is the root directory
 *     strings   names and symlink targets, exact bytes, no terminators
 *     xattrs    per entry that has some: u16 count, then count times (u16 name length, u32 value length, name, value)
 *     chunks    32 bytes each: SHA-256 of every 64 KiB of the layer's tar, the last one shorter; none when merged
 *
 * Header:
 *
 *      0  8  magic "wherryix"          32  u32 strings, bytes       52  u32 length of the whole file
 *      8  u32 version                  36  u32 xattrs, offset       56  u64 length of the layer's tar, 0 when merged
 *     12  u32 flags (1: merged)        40  u32 xattrs, bytes        64  32  SHA-256 of the file without these 32 bytes
 *     16  u32 number of entries        44  u32 chunks, offset
 *     20  u32 number of layers         48  u32 number of chunks
 *     24  u32 entries, offset
 *     28  u32 strings, offset
 *
 * Entry:
 *
 *      0  u32 name, offset in strings  24  u32 inode, from 1        56  u32 target, offset in strings
 *      4  u16 name, bytes              28  u32 mtime, nanoseconds   60  u16 target, bytes
 *      6  u8  type                     32  i64 mtime, seconds       62  u16 layer, base first
 *      7  u8  flags                    40  u64 size                 64  u32 first child
 *      8  u32 mode, 12 bits            48  u64 data, offset in the  68  u32 number of children
 *     12  u32 uid                              layer's tar          72  u32 xattrs, offset + 1, 0 for none
 *     16  u32 gid                                                   76  u32 parent
 *     20  u32 nlink
 *
 * Of a device, offset 48 holds its number: major * 2^20 + minor.
 * The children of a directory are neighbours, sorted by the bytes of their names: a lookup is a binary search, a
 * listing is a slice. Names of one hard-linked file are entries with the same inode, size, offset and layer.
 * Directories have nlink 1, as in every union filesystem.
 */

export const index_magic: string = 'wherryix';
export const index_version: number = 1;
export const header_bytes: number = 96;
export const entry_bytes: number = 80;
export const hash_bytes: number = 32;

export const headerField = {
  version: 8,
  flags: 12,
  entries: 16,
  layers: 20,
  entriesOffset: 24,
  stringsOffset: 28,
  stringsBytes: 32,
  xattrsOffset: 36,
  xattrsBytes: 40,
  chunksOffset: 44,
  chunks: 48,
  fileBytes: 52,
  tarBytes: 56,
  checksum: 64,
} as const;

export const headerFlag = { merged: 1 } as const;

export const field = {
  name: 0,
  nameBytes: 4,
  type: 6,
  flags: 7,
  mode: 8,
  uid: 12,
  gid: 16,
  nlink: 20,
  ino: 24,
  mtimeNanoseconds: 28,
  mtimeSeconds: 32,
  size: 40,
  offset: 48,
  target: 56,
  targetBytes: 60,
  layer: 62,
  firstChild: 64,
  children: 68,
  xattrs: 72,
  parent: 76,
} as const;

/**
 * What an entry is. `whiteout` (removes a name of the layers below) and `hardlink` (to a file of a layer below, its
 * path is the target) stand only in the index of a single layer; merging turns them into what they mean.
 */
export const entryType = {
  directory: 1,
  file: 2,
  symlink: 3,
  characterDevice: 4,
  blockDevice: 5,
  fifo: 6,
  whiteout: 7,
  hardlink: 8,
} as const;

export type EntryType = (typeof entryType)[keyof typeof entryType];

export const entryFlag = {
  /** Hides everything that the layers below have under this name. */
  opaque: 1,
  /** No entry of the tar made this directory; it is only the way to others. */
  synthesised: 2,
} as const;

const two32 = 4_294_967_296;

/** Reads an unsigned 64-bit number; exact up to 2^53. */
export function getU64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * two32;
}

/** Writes a whole number, -2^53 to 2^53, as 64 bits in two's complement. */
export function setI64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / two32);
  view.setUint32(at, value - high * two32, true);
  view.setInt32(at + 4, high, true);
}
