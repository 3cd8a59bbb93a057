import { lstat, readdir } from 'node:fs/promises';

import { entryType, type LayerIndex } from '../../oci/index.ts';
import type { SnapshotUsage } from '../model.ts';
import { isCode } from '../system-error.ts';

const slash = Buffer.from('/');
const block_bytes = 4096;
/** A shorter target is kept in the inode itself. */
const inline_target_bytes_max = 60;

/**
 * What a directory takes of the disk, itself included: blocks that are allocated, each inode once. What goes away
 * meanwhile counts nothing.
 */
export async function directoryUsage(path: string): Promise<SnapshotUsage> {
  const seen = new Set<string>();
  let blocks = 0n;
  const count = async (at: Buffer): Promise<void> => {
    const stat = await lstat(at, { bigint: true }).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return null;
      throw error;
    });
    if (stat === null) return;
    const inode = `${stat.dev}:${stat.ino}`;
    if (seen.has(inode)) return;
    seen.add(inode);
    blocks += stat.blocks;
    if (!stat.isDirectory()) return;
    for (const name of await readdir(at, { encoding: 'buffer' })) {
      await count(Buffer.concat([at, slash, name]));
    }
  };
  await count(Buffer.from(path));
  return { size: Number(blocks * 512n), inodes: seen.size };
}

/** What a layer takes when it is unpacked on a filesystem with blocks of 4 KiB, which it need not be to be counted. */
export function layerUsage(index: LayerIndex): SnapshotUsage {
  const seen = new Set<number>();
  let size = 0;
  for (let e = 0; e < index.entryCount; e++) {
    const ino = index.ino(e);
    if (seen.has(ino)) continue;
    seen.add(ino);
    const type = index.type(e);
    if (type === entryType.directory) size += block_bytes;
    else if (type === entryType.file) size += Math.ceil(index.size(e) / block_bytes) * block_bytes;
    else if (type === entryType.symlink && index.targetBytes(e).length >= inline_target_bytes_max) size += block_bytes;
  }
  return { size, inodes: seen.size };
}

/** The sum of several. */
export function summed(usages: readonly SnapshotUsage[]): SnapshotUsage {
  return usages.reduce((sum, { size, inodes }) => ({ size: sum.size + size, inodes: sum.inodes + inodes }), {
    size: 0,
    inodes: 0,
  });
}
