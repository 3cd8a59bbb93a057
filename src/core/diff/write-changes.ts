import type { BigIntStats } from 'node:fs';

import { WherryError } from '../../errors/index.ts';
import { unpack_piece_bytes } from '../../limits/index.ts';
import { entryType, type NewTarEntry, tarEnd, tarEntryHeader, tarPadding } from '../../oci/index.ts';
import { close, O, openNode, pread, readNodeLink } from '../../os/index.ts';
import { carriedAttributes, type Change } from './changes.ts';

export interface WriteChangesOptions {
  /** The latest time that anything may have, in seconds since the epoch; whiteouts have it, else 0. */
  readonly time_max_s: number | null;
  /** What is otherwise of a file than the filesystem says; nothing when left out. */
  attributesOf?(directory: number, name: Uint8Array): Partial<Pick<NewTarEntry, 'mode' | 'uid' | 'gid' | 'xattrs'>>;
  /** Takes the next bytes, which may be changed once it is done. */
  write(bytes: Uint8Array): Promise<void>;
}

const slash = Buffer.from('/');
const whiteout_prefix = Buffer.from('.wh.');
const opaque_marker = Buffer.from('.wh..wh..opq');

/**
 * Writes changes as a layer: a tar with `.wh.` entries for what is gone. The same changes give the same bytes, whenever
 * and wherever they are written. image-spec, layer.md.
 */
export async function writeChanges(changes: AsyncIterable<Change>, options: WriteChangesOptions): Promise<void> {
  const { time_max_s, write, attributesOf } = options;
  /** The first name of each file that has several. */
  const links = new Map<string, Uint8Array>();
  for await (const { path, directory, stat, opaque } of changes) {
    const name = path.at(-1) ?? Buffer.alloc(0);
    if (opaque) {
      await write(tarEntryHeader(marker(joined([...path, opaque_marker]), time_max_s)));
    } else if (stat === null) {
      const hidden = Buffer.concat([whiteout_prefix, name]);
      await write(tarEntryHeader(marker(joined([...path.slice(0, -1), hidden]), time_max_s)));
    } else {
      const found = entryOf(path, directory, stat, time_max_s);
      const entry = attributesOf === undefined ? found : { ...found, ...attributesOf(directory, name) };
      const inode = `${stat.dev}:${stat.ino}`;
      const first = stat.nlink > 1n && !stat.isDirectory() ? links.get(inode) : undefined;
      if (first !== undefined) {
        const { mode, uid, gid, mtime_s } = entry;
        await write(
          tarEntryHeader({ name: entry.name, type: entryType.hardlink, link: first, mode, uid, gid, mtime_s }),
        );
        continue;
      }
      if (stat.nlink > 1n && !stat.isDirectory()) links.set(inode, entry.name);
      await write(tarEntryHeader(entry));
      if (stat.isFile()) await copy(directory, name, entry.size ?? 0, write);
    }
  }
  await write(tarEnd);
}

function marker(name: Uint8Array, time_max_s: number | null): NewTarEntry {
  return { name, type: entryType.file, mode: 0, uid: 0, gid: 0, size: 0, mtime_s: time_max_s ?? 0 };
}

function entryOf(
  path: readonly Uint8Array[],
  directory: number,
  stat: BigIntStats,
  time_max_s: number | null,
): NewTarEntry {
  const name = path.at(-1)!;
  const mtime_s = Number(stat.mtimeNs / 1_000_000_000n);
  const type = typeOf(stat);
  return {
    name: type === entryType.directory ? Buffer.concat([joined(path), slash]) : joined(path),
    type,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    size: type === entryType.file ? Number(stat.size) : 0,
    mtime_s: time_max_s === null ? mtime_s : Math.min(mtime_s, time_max_s),
    ...(type === entryType.symlink ? { link: readNodeLink(directory, name) } : {}),
    ...(type === entryType.characterDevice || type === entryType.blockDevice ? { device: deviceOf(stat.rdev) } : {}),
    ...(type === entryType.symlink ? {} : { xattrs: carriedAttributes(directory, name) }),
  };
}

function typeOf(stat: BigIntStats): NewTarEntry['type'] {
  if (stat.isDirectory()) return entryType.directory;
  if (stat.isSymbolicLink()) return entryType.symlink;
  if (stat.isCharacterDevice()) return entryType.characterDevice;
  if (stat.isBlockDevice()) return entryType.blockDevice;
  if (stat.isFIFO()) return entryType.fifo;
  return entryType.file;
}

function deviceOf(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xfff00n)),
  };
}

async function copy(
  directory: number,
  name: Uint8Array,
  size: number,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const fd = openNode(directory, name, O.RDONLY | O.NONBLOCK);
  const buffer = Buffer.allocUnsafe(Math.min(Math.max(size, 1), unpack_piece_bytes));
  try {
    for (let done = 0; done < size;) {
      const n = pread(fd, buffer.subarray(0, Math.min(buffer.length, size - done)), BigInt(done));
      if (n === 0) {
        const path = Buffer.from(name).toString('utf8');
        throw new WherryError('Aborted', `Cannot write the difference: ${path} was changed while it was read.`);
      }
      await write(buffer.subarray(0, n));
      done += n;
    }
  } finally {
    close(fd);
  }
  await write(tarPadding(size));
}

function joined(path: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(path.flatMap((name, i) => (i === 0 ? [name] : [slash, name])));
}
