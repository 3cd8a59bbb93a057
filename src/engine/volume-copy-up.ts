import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  linkSync,
  lutimesSync,
  lchownSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  symlinkSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Mount } from '../core/index.ts';
import { fromUnknown, WherryError } from '../errors/index.ts';
import { entryType, type LayerIndex } from '../oci/index.ts';
import { ImageFiles } from './image-files.ts';
import { entryAt } from './image-paths.ts';

/**
 * Fills the directory `mountpoint`, if it is empty, with what the image has at `path`. Nothing is written below it
 * until all is ready beside it: a container that has the volume already cannot redirect what is written.
 *
 * @throws WherryError Unknown with Docker's text
 */
export async function populate(mountpoint: string, mounts: readonly Mount[], path: string): Promise<void> {
  if (readdirSync(mountpoint).length > 0) return;
  try {
    const image = ImageFiles.open(mounts);
    try {
      const entry = entryAt(image.index, path);
      if (entry >= 0 && image.index.type(entry) === entryType.directory) await fill(mountpoint, image, entry);
    } finally {
      image.close();
    }
  } catch (cause) {
    throw new WherryError('Unknown', `failed to populate volume: ${fromUnknown(cause).message}`, { cause });
  }
}

async function fill(mountpoint: string, image: ImageFiles, entry: number): Promise<void> {
  const beside = join(dirname(mountpoint), `.populating-${randomUUID()}`);
  await mkdir(beside, { mode: 0o700 });
  try {
    const links = new Map<number, Buffer>();
    await copyChildren(image, entry, Buffer.from(beside), links);
    for (const name of readdirSync(beside, { encoding: 'buffer' })) {
      renameSync(below(Buffer.from(beside), name), below(Buffer.from(mountpoint), name));
    }
    setAttributes(image.index, entry, Buffer.from(mountpoint));
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function copyChildren(image: ImageFiles, from: number, to: Buffer, links: Map<number, Buffer>): Promise<void> {
  const { index } = image;
  const todo = [{ from, to }];
  // Directories get their own attributes last: making what is in them needs write permission and changes their times.
  const directories: { entry: number; path: Buffer }[] = [];
  for (let each = todo.pop(); each !== undefined; each = todo.pop()) {
    for (let i = 0; i < index.childCount(each.from); i++) {
      const entry = index.childAt(each.from, i);
      const path = below(each.to, index.nameBytes(entry));
      const type = index.type(entry);
      if (type === entryType.directory) {
        mkdirSync(path, { mode: 0o700 });
        directories.push({ entry, path });
        todo.push({ from: entry, to: path });
      } else if (type === entryType.symlink) {
        symlinkSync(Buffer.from(index.targetBytes(entry)), path);
        setAttributes(index, entry, path);
      } else if (type === entryType.file) {
        await copyFile(image, entry, path, links);
      }
      // Devices and fifos mean nothing to a Wasm guest.
    }
  }
  for (const { entry, path } of directories.reverse()) setAttributes(index, entry, path);
}

async function copyFile(image: ImageFiles, entry: number, path: Buffer, links: Map<number, Buffer>): Promise<void> {
  const { index } = image;
  const ino = index.ino(entry);
  const other = index.nlink(entry) > 1 ? links.get(ino) : undefined;
  if (other !== undefined) {
    linkSync(other, path);
    return;
  }
  const fd = openSync(path, 'wx', 0o600);
  try {
    await image.copy(entry, fd);
  } finally {
    closeSync(fd);
  }
  setAttributes(index, entry, path);
  links.set(ino, path);
}

function setAttributes(index: LayerIndex, entry: number, path: Buffer): void {
  // Without rights of its own a daemon acts as its caller: files are theirs, as everywhere.
  if (process.getuid?.() === 0) lchownSync(path, index.uid(entry), index.gid(entry));
  if (index.type(entry) !== entryType.symlink) chmodSync(path, index.mode(entry) & 0o1777);
  const seconds = Number(index.mtime_ns(entry)) / 1e9;
  lutimesSync(path, seconds, seconds);
}

function below(directory: Buffer, name: Uint8Array): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), name]);
}
