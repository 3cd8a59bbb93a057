import { noBytes } from './bytes.ts';
import { type EntryTree, rootNode } from './entry-tree.ts';
import type { Digester } from './hasher.ts';
import { indexChecksum } from './layer-index.ts';
import { LayerError } from './layer-error.ts';
import {
  entry_bytes,
  entryType,
  field,
  hash_bytes,
  header_bytes,
  headerField,
  headerFlag,
  index_magic,
  index_version,
  setI64,
} from './layer-index-format.ts';

/** What stands in an index besides its entries. */
export interface IndexFrame {
  readonly layers: number;
  readonly merged: boolean;
  readonly tarSize: number;
  /** The SHA-256 of each chunk, one after another. */
  readonly chunkHashes: Uint8Array;
}

/** Writes a tree as an index file: breadth first, so that children are neighbours, each directory's sorted by name. */
export function writeIndex(tree: EntryTree, frame: IndexFrame, digester: Digester): Uint8Array {
  const { order, firstChild } = arrange(tree);
  const count = order.length;
  const position = new Uint32Array(tree.nodeCount);
  const inode = new Uint32Array(tree.nodeCount);
  const links = new Uint32Array(tree.nodeCount);
  let stringsBytes = 0;
  for (let e = 0; e < count; e++) {
    const node = order[e]!;
    const owner = tree.owner(node);
    position[node] = e;
    if (inode[owner] === 0) inode[owner] = e + 1;
    links[owner]!++;
    stringsBytes += tree.nameLength(node) + tree.targetLength(node);
  }

  const stringsOffset = header_bytes + count * entry_bytes;
  const xattrsOffset = stringsOffset + stringsBytes;
  const chunksOffset = xattrsOffset + tree.xattrBytes.length;
  const fileBytes = chunksOffset + frame.chunkHashes.length;
  if (fileBytes > 0xffff_ffff) throw new LayerError('ResourceExhausted', 'its index would pass 4 GiB');
  const bytes = new Uint8Array(fileBytes);
  const view = new DataView(bytes.buffer);

  let strings = stringsOffset;
  const addString = (text: Uint8Array): number => {
    bytes.set(text, strings);
    strings += text.length;
    return strings - text.length - stringsOffset;
  };
  for (let e = 0; e < count; e++) {
    const node = order[e]!;
    const owner = tree.owner(node);
    const at = header_bytes + e * entry_bytes;
    bytes.set(tree.record(owner), at);
    const name = tree.name(node);
    const target = tree.targetLength(node) === 0 ? noBytes : tree.target(node);
    const isDirectory = tree.type(node) === entryType.directory;
    view.setUint32(at + field.name, addString(name), true);
    view.setUint16(at + field.nameBytes, name.length, true);
    view.setUint8(at + field.flags, tree.flags(node));
    view.setUint32(at + field.ino, inode[owner]!, true);
    view.setUint32(at + field.nlink, isDirectory ? 1 : links[owner]!, true);
    view.setUint32(at + field.target, target.length === 0 ? 0 : addString(target), true);
    view.setUint32(at + field.firstChild, isDirectory ? firstChild[e]! : 0, true);
    view.setUint32(at + field.children, isDirectory ? firstChild[e + 1]! - firstChild[e]! : 0, true);
    view.setUint32(at + field.parent, e === 0 ? 0 : position[tree.parent(node)]!, true);
  }
  bytes.set(tree.xattrBytes, xattrsOffset);
  bytes.set(frame.chunkHashes, chunksOffset);

  for (let i = 0; i < index_magic.length; i++) bytes[i] = index_magic.charCodeAt(i);
  const header: [number, number][] = [
    [headerField.version, index_version],
    [headerField.flags, frame.merged ? headerFlag.merged : 0],
    [headerField.entries, count],
    [headerField.layers, frame.layers],
    [headerField.entriesOffset, header_bytes],
    [headerField.stringsOffset, stringsOffset],
    [headerField.stringsBytes, stringsBytes],
    [headerField.xattrsOffset, xattrsOffset],
    [headerField.xattrsBytes, tree.xattrBytes.length],
    [headerField.chunksOffset, chunksOffset],
    [headerField.chunks, frame.chunkHashes.length / hash_bytes],
    [headerField.fileBytes, fileBytes],
  ];
  for (const [at, value] of header) view.setUint32(at, value, true);
  setI64(view, headerField.tarBytes, frame.tarSize);
  bytes.set(indexChecksum(bytes, digester), headerField.checksum);
  return bytes;
}

/**
 * The nodes in the order of the file, and for each place the entry its children start at (one more at the end, so
 * that the next place's start is this one's end: breadth first, children come in the order of their parents).
 */
function arrange(tree: EntryTree): { order: Uint32Array; firstChild: Uint32Array } {
  const order = new Uint32Array(tree.nodeCount);
  const firstChild = new Uint32Array(tree.nodeCount + 1);
  order[0] = rootNode;
  let end = 1;
  for (let e = 0; e < end; e++) {
    firstChild[e] = end;
    const node = order[e]!;
    if (tree.type(node) !== entryType.directory) continue;
    const children = [...tree.children(node)].sort((a, b) => tree.compareNames(a, b));
    for (const child of children) order[end++] = child;
  }
  firstChild[end] = end;
  return { order: order.subarray(0, end), firstChild };
}
