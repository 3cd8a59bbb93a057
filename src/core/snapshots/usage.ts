import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { unpack_turn_ms } from '../../limits/index.ts';
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
  let turn_ends_ms = performance.now() + unpack_turn_ms;
  const todo: Buffer[] = [Buffer.from(path)];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (performance.now() > turn_ends_ms) {
      await nextTurn();
      turn_ends_ms = performance.now() + unpack_turn_ms;
    }
    const stat = statOf(at);
    if (stat === null) continue;
    const inode = `${stat.dev}:${stat.ino}`;
    if (seen.has(inode)) continue;
    seen.add(inode);
    blocks += stat.blocks;
    if (stat.isDirectory()) for (const name of namesIn(at)) todo.push(Buffer.concat([at, slash, name]));
  }
  return { size: Number(blocks * 512n), inodes: seen.size };
}

function statOf(path: Buffer): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (isPassedOver(error)) return null;
    throw error;
  }
}

function namesIn(path: Buffer): Buffer[] {
  try {
    return readdirSync(path, { encoding: 'buffer' });
  } catch (error) {
    if (isPassedOver(error)) return [];
    throw error;
  }
}

/** Whether it went away meanwhile, or lies deeper than a path reaches, as a guest can make it. */
function isPassedOver(error: unknown): boolean {
  return isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR') || isCode(error, 'ENAMETOOLONG');
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
