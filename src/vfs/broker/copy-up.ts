import { chunk_bytes } from '../../limits/index.ts';
import { entryType, type LayerIndex } from '../../oci/index.ts';
import {
  close,
  makeDirectoryAt,
  O,
  openAt,
  removeDirectoryAt,
  renameAt,
  setTimes,
  setTimesAt,
  statDescriptor,
  symlinkAt,
  SystemError,
  unlinkAt,
  write,
} from '../../os/index.ts';
import { fail } from '../../wasi/index.ts';
import type { Owned } from '../access.ts';
import type { LayerData } from '../layer-data.ts';
import { copyAttributes, setLinkOwner, setOwned } from './ownership.ts';
import { openDirectory } from './union-view.ts';
import { privateName } from './whiteout.ts';

/**
 * Copies one entry of the image into a directory of the writable layer, a directory without what is in it. It appears
 * under its name when it is whole; the directory's own times stay, since for the guest nothing changed there.
 * `with_data: false` leaves a file empty, for one that is about to be cut to nothing.
 */
export function copyUp(
  index: LayerIndex,
  entry: number,
  data: readonly LayerData[],
  upper: number,
  name: string,
  with_data: boolean,
): void {
  const before = statDescriptor(upper);
  const temporary = privateName();
  const type = index.type(entry);
  try {
    if (type === entryType.directory) copyDirectory(index, entry, upper, temporary);
    else if (type === entryType.file) copyFile(index, entry, data, upper, temporary, with_data);
    else if (type === entryType.symlink) copySymlink(index, entry, upper, temporary);
    // Devices and pipes of an image are inert.
    else throw fail('PERM');
    renameAt(upper, temporary, upper, name);
  } catch (error) {
    discard(upper, temporary, type === entryType.directory);
    throw error;
  }
  setTimes(upper, before.atime_ns, before.mtime_ns);
}

function ownedOf(index: LayerIndex, entry: number): Owned {
  return { uid: index.uid(entry), gid: index.gid(entry), mode: index.mode(entry) };
}

function copyDirectory(index: LayerIndex, entry: number, upper: number, name: string): void {
  makeDirectoryAt(upper, name, 0o700);
  const fd = openDirectory(upper, name);
  try {
    copyAttributes(fd, index.xattrs(entry));
    setOwned(fd, ownedOf(index, entry), true);
    setTimes(fd, index.mtime_ns(entry), index.mtime_ns(entry));
  } finally {
    close(fd);
  }
}

function copyFile(
  index: LayerIndex,
  entry: number,
  data: readonly LayerData[],
  upper: number,
  name: string,
  with_data: boolean,
): void {
  const fd = openAt(upper, name, O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, 0o600);
  try {
    if (with_data) copyData(index, entry, data, fd);
    copyAttributes(fd, index.xattrs(entry));
    setOwned(fd, ownedOf(index, entry), false);
    setTimes(fd, index.mtime_ns(entry), index.mtime_ns(entry));
  } finally {
    close(fd);
  }
}

const piece = new Uint8Array(chunk_bytes);

function copyData(index: LayerIndex, entry: number, data: readonly LayerData[], fd: number): void {
  const layer = data[index.layer(entry)];
  if (layer === undefined) throw fail('IO');
  const size = index.size(entry);
  const start = index.offset(entry);
  for (let done = 0; done < size;) {
    // Up to the end of a chunk of the tar, so that each chunk is verified once and copied from memory.
    const part = piece.subarray(0, Math.min(size - done, chunk_bytes - ((start + done) % chunk_bytes)));
    layer.read(part, start + done);
    for (let written = 0; written < part.length;) written += write(fd, part.subarray(written));
    done += part.length;
  }
}

function copySymlink(index: LayerIndex, entry: number, upper: number, name: string): void {
  symlinkAt(index.target(entry), upper, name);
  setLinkOwner(upper, name, index.uid(entry), index.gid(entry));
  setTimesAt(upper, name, index.mtime_ns(entry), index.mtime_ns(entry));
}

function discard(upper: number, name: string, isDirectory: boolean): void {
  try {
    if (isDirectory) removeDirectoryAt(upper, name);
    else unlinkAt(upper, name);
  } catch (error) {
    // It may never have come into being.
    if (!(error instanceof SystemError)) throw error;
  }
}
