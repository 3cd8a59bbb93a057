import type { Directory, DirectoryEntry } from '../files.ts';

const dirent_bytes = 24;
const encoder = new TextEncoder();
const header = new Uint8Array(dirent_bytes);
const header_view = new DataView(header.buffer);

/**
 * Fills `into` with the entries of `directory` after `cookie`; the last is cut off where the buffer ends, which tells
 * the guest that there are more. Gives how many bytes were filled.
 */
export function readDirectory(directory: Directory, into: Uint8Array, cookie: bigint): number {
  let filled = 0;
  while (filled < into.length) {
    const entries = directory.list(cookie);
    if (entries.length === 0) break;
    for (const entry of entries) {
      filled += writeEntry(entry, into.subarray(filled));
      cookie = entry.next;
      if (filled === into.length) break;
    }
  }
  return filled;
}

function writeEntry(entry: DirectoryEntry, into: Uint8Array): number {
  const name = encoder.encode(entry.name);
  header_view.setBigUint64(0, entry.next, true);
  header_view.setBigUint64(8, entry.ino, true);
  header_view.setUint32(16, name.length, true);
  header_view.setUint32(20, entry.type, true);
  return put(header, into) + put(name, into.subarray(Math.min(dirent_bytes, into.length)));
}

/** As much of `bytes` as there is room for. */
function put(bytes: Uint8Array, into: Uint8Array): number {
  const length = Math.min(bytes.length, into.length);
  into.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return length;
}
