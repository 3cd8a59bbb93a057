import { chunk_bytes } from '../limits/index.ts';
import { decodeUtf8, encodeUtf8, equalBytes, fromHex, noBytes } from './bytes.ts';
import type { Digester } from './hasher.ts';
import { LayerError } from './layer-error.ts';
import {
  entry_bytes,
  entryFlag,
  entryType,
  type EntryType,
  field,
  getU64,
  hash_bytes,
  header_bytes,
  headerField,
  headerFlag,
  index_magic,
  index_version,
} from './layer-index-format.ts';

/**
 * An open layer index. Entries are numbers, 0 is the root. Nothing is parsed ahead: each call reads the few bytes it
 * needs from the mapped file. An entry number out of range, or a damaged record, is a `LayerError` of `DataLoss`.
 */
export interface LayerIndex {
  readonly bytes: Uint8Array;
  /** The root directory's entry, always 0. */
  readonly root: number;
  readonly entryCount: number;
  /** Number of layers that entries refer to: 1, or the length of the chain. */
  readonly layerCount: number;
  /** Whether this is the merged view of a chain: no whiteouts, no chunk hashes. */
  readonly merged: boolean;
  /** Bytes of the layer's uncompressed tar; 0 when merged. */
  readonly tarSize: number;
  /** The entry named `name` (one component, exact bytes; a string means its UTF-8) in directory `dir`, or -1. */
  child(dir: number, name: string | Uint8Array): number;
  childCount(dir: number): number;
  /** The `i`-th child of `dir` in the order of name bytes. */
  childAt(dir: number, i: number): number;
  /** The directory that holds `e`; the root is its own. */
  parent(e: number): number;
  /** The name as text; bytes that are not UTF-8 become U+FFFD, and `nameBytes` has them as they are. */
  name(e: number): string;
  nameBytes(e: number): Uint8Array;
  /** The path from the root, starting with `/`, for messages. */
  path(e: number): string;
  type(e: number): EntryType;
  /** Permission bits, set-id and sticky bits as recorded: 12 bits. */
  mode(e: number): number;
  uid(e: number): number;
  gid(e: number): number;
  nlink(e: number): number;
  /** Unique in this index, from 1; equal for the names of one hard-linked file. */
  ino(e: number): number;
  size(e: number): number;
  /** Where the data of a file start in the uncompressed tar of its layer; of a device `major * 2^20 + minor`. */
  offset(e: number): number;
  /** Which layer of the chain the data lie in, base first, from 0. */
  layer(e: number): number;
  /** Modification time in nanoseconds since the epoch; may be negative. */
  mtime_ns(e: number): bigint;
  /** A symlink's target as text; empty for others. */
  target(e: number): string;
  targetBytes(e: number): Uint8Array;
  /** Whether the directory hides what layers below have under its name. */
  opaque(e: number): boolean;
  /** Whether no tar entry made this directory. */
  synthesised(e: number): boolean;
  /** Extended attributes, those of the allowlist; the values are views into the index. */
  xattrs(e: number): ReadonlyMap<string, Uint8Array>;
  /** Number of 64 KiB chunks of the layer's tar; 0 when merged. */
  readonly chunkCount: number;
  /** SHA-256 (32 bytes, a view) of chunk `i`: bytes `i * 65536` up to the next chunk or the end of the tar. */
  chunkHash(i: number): Uint8Array;
}

function damaged(problem: string, offset?: number): LayerError {
  return new LayerError('DataLoss', `its index is damaged: ${problem}; remove the index to have it rebuilt`, {
    offset,
  });
}

/**
 * Opens an index that lies in memory or is mapped. Checks magic, version and the bounds of the sections, in constant
 * time; whether bytes flipped is for `verifyIndex`. Throws `LayerError`: `FailedPrecondition` for another version,
 * `DataLoss` for anything that is no index.
 */
export function openIndex(bytes: Uint8Array): LayerIndex {
  return new MappedIndex(bytes);
}

/** Checks the SHA-256 over a whole index file; throws a `LayerError` of `DataLoss` when it does not match. */
export function verifyIndex(bytes: Uint8Array, digester: Digester): void {
  if (bytes.length < header_bytes) throw damaged('it is shorter than a header');
  const stored = bytes.subarray(headerField.checksum, headerField.checksum + hash_bytes);
  if (!equalBytes(stored, indexChecksum(bytes, digester))) throw damaged('its checksum does not match');
}

/** SHA-256 over an index without the 32 bytes that hold it. */
export function indexChecksum(bytes: Uint8Array, digester: Digester): Uint8Array {
  const hasher = digester('sha256');
  hasher.update(bytes.subarray(0, headerField.checksum));
  hasher.update(bytes.subarray(headerField.checksum + hash_bytes));
  const hash = fromHex(hasher.digest(), hash_bytes);
  if (hash === undefined) throw new TypeError('the digester did not give 64 lower-case hex digits for sha256');
  return hash;
}

class MappedIndex implements LayerIndex {
  readonly bytes: Uint8Array;
  readonly root: number = 0;
  readonly entryCount: number;
  readonly layerCount: number;
  readonly merged: boolean;
  readonly tarSize: number;
  readonly chunkCount: number;
  readonly #view: DataView;
  readonly #strings: number;
  readonly #stringsEnd: number;
  readonly #xattrs: number;
  readonly #xattrsEnd: number;
  readonly #chunks: number;

  constructor(bytes: Uint8Array) {
    if (bytes.length < header_bytes) throw damaged('it is shorter than a header');
    for (let i = 0; i < index_magic.length; i++) {
      if (bytes[i] !== index_magic.charCodeAt(i)) throw damaged('it does not start as an index does', 0);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const u32 = (at: number): number => view.getUint32(at, true);
    const version = u32(headerField.version);
    if (version !== index_version) {
      throw new LayerError(
        'FailedPrecondition',
        `its index has version ${version}, this program reads ${index_version}; remove the index to have it rebuilt`,
      );
    }
    this.bytes = bytes;
    this.#view = view;
    this.entryCount = u32(headerField.entries);
    this.layerCount = u32(headerField.layers);
    this.merged = (u32(headerField.flags) & headerFlag.merged) !== 0;
    this.tarSize = getU64(view, headerField.tarBytes);
    this.chunkCount = u32(headerField.chunks);
    this.#strings = u32(headerField.stringsOffset);
    this.#stringsEnd = this.#strings + u32(headerField.stringsBytes);
    this.#xattrs = u32(headerField.xattrsOffset);
    this.#xattrsEnd = this.#xattrs + u32(headerField.xattrsBytes);
    this.#chunks = u32(headerField.chunksOffset);
    const end = this.#chunks + this.chunkCount * hash_bytes;
    const inOrder =
      u32(headerField.entriesOffset) === header_bytes &&
      this.#strings === header_bytes + this.entryCount * entry_bytes &&
      this.#xattrs === this.#stringsEnd &&
      this.#chunks === this.#xattrsEnd &&
      end === u32(headerField.fileBytes) &&
      end === bytes.length;
    if (!inOrder) throw damaged('its sections do not fill the file', headerField.entriesOffset);
    const chunksNeeded = this.merged ? 0 : Math.ceil(this.tarSize / chunk_bytes);
    if (this.chunkCount !== chunksNeeded) throw damaged('its chunks do not cover the tar', headerField.chunks);
    if (this.entryCount === 0 || this.layerCount === 0) throw damaged('it has no root', headerField.entries);
    if (this.type(0) !== entryType.directory) throw damaged('its root is not a directory', header_bytes);
  }

  #at(e: number): number {
    if (!(e >= 0 && e < this.entryCount) || !Number.isInteger(e)) throw damaged(`there is no entry ${e}`);
    return header_bytes + e * entry_bytes;
  }

  #u32(e: number, offset: number): number {
    return this.#view.getUint32(this.#at(e) + offset, true);
  }

  #string(e: number, offsetField: number, bytesField: number): Uint8Array {
    const at = this.#at(e);
    const length = this.#view.getUint16(at + bytesField, true);
    if (length === 0) return noBytes;
    const start = this.#strings + this.#view.getUint32(at + offsetField, true);
    if (start + length > this.#stringsEnd) throw damaged('a name lies outside of it', at);
    return this.bytes.subarray(start, start + length);
  }

  child(dir: number, name: string | Uint8Array): number {
    let low = this.#firstChild(dir);
    let high = low + this.childCount(dir) - 1;
    const wanted = typeof name === 'string' && !isAscii(name) ? encodeUtf8(name) : name;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#compareName(middle, wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Compares without allocating: negative when the entry's name comes before `name`. */
  #compareName(e: number, name: string | Uint8Array): number {
    const at = this.#at(e);
    const start = this.#strings + this.#view.getUint32(at + field.name, true);
    const length = this.#view.getUint16(at + field.nameBytes, true);
    if (start + length > this.#stringsEnd) throw damaged('a name lies outside of it', at);
    const common = Math.min(length, name.length);
    for (let i = 0; i < common; i++) {
      const wanted = typeof name === 'string' ? name.charCodeAt(i) : name[i]!;
      const difference = this.bytes[start + i]! - wanted;
      if (difference !== 0) return difference;
    }
    return length - name.length;
  }

  #firstChild(dir: number): number {
    return this.#u32(dir, field.firstChild);
  }

  childCount(dir: number): number {
    const count = this.#u32(dir, field.children);
    if (count === 0) return 0;
    const first = this.#firstChild(dir);
    // Children always stand after their directory: a walk down a damaged index ends.
    if (first <= dir || first + count > this.entryCount) throw damaged('children lie outside of it', this.#at(dir));
    return count;
  }

  childAt(dir: number, i: number): number {
    if (!(i >= 0 && i < this.childCount(dir))) throw damaged(`entry ${dir} has no child ${i}`);
    return this.#firstChild(dir) + i;
  }

  parent(e: number): number {
    const parent = this.#u32(e, field.parent);
    if (parent >= e && e !== 0) throw damaged('a directory stands after its child', this.#at(e));
    return e === 0 ? 0 : parent;
  }

  name(e: number): string {
    return decodeUtf8(this.nameBytes(e));
  }

  nameBytes(e: number): Uint8Array {
    return this.#string(e, field.name, field.nameBytes);
  }

  path(e: number): string {
    const names: string[] = [];
    for (let at = e; at !== 0; at = this.parent(at)) names.push(this.name(at));
    return `/${names.reverse().join('/')}`;
  }

  type(e: number): EntryType {
    const at = this.#at(e);
    const type = this.#view.getUint8(at + field.type);
    if (type < entryType.directory || type > entryType.hardlink) throw damaged(`an entry has type ${type}`, at);
    return type as EntryType;
  }

  mode(e: number): number {
    return this.#u32(e, field.mode) & 0o7777;
  }

  uid(e: number): number {
    return this.#u32(e, field.uid);
  }

  gid(e: number): number {
    return this.#u32(e, field.gid);
  }

  nlink(e: number): number {
    return this.#u32(e, field.nlink);
  }

  ino(e: number): number {
    return this.#u32(e, field.ino);
  }

  size(e: number): number {
    return getU64(this.#view, this.#at(e) + field.size);
  }

  offset(e: number): number {
    return getU64(this.#view, this.#at(e) + field.offset);
  }

  layer(e: number): number {
    const at = this.#at(e);
    const layer = this.#view.getUint16(at + field.layer, true);
    if (layer >= this.layerCount) throw damaged(`an entry lies in layer ${layer}`, at);
    return layer;
  }

  mtime_ns(e: number): bigint {
    const at = this.#at(e);
    const seconds = this.#view.getBigInt64(at + field.mtimeSeconds, true);
    return seconds * 1_000_000_000n + BigInt(this.#view.getUint32(at + field.mtimeNanoseconds, true));
  }

  target(e: number): string {
    return decodeUtf8(this.targetBytes(e));
  }

  targetBytes(e: number): Uint8Array {
    return this.#string(e, field.target, field.targetBytes);
  }

  #flags(e: number): number {
    return this.#view.getUint8(this.#at(e) + field.flags);
  }

  opaque(e: number): boolean {
    return (this.#flags(e) & entryFlag.opaque) !== 0;
  }

  synthesised(e: number): boolean {
    return (this.#flags(e) & entryFlag.synthesised) !== 0;
  }

  xattrs(e: number): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const offset = this.#u32(e, field.xattrs);
    if (offset === 0) return found;
    let at = this.#xattrs + offset - 1;
    const take = (length: number): number => {
      const start = at;
      at += length;
      if (at > this.#xattrsEnd) throw damaged('an attribute lies outside of it', start);
      return start;
    };
    let left = this.#view.getUint16(take(2), true);
    for (; left > 0; left--) {
      const lengths = take(6);
      const name = take(this.#view.getUint16(lengths, true));
      const value = take(this.#view.getUint32(lengths + 2, true));
      found.set(decodeUtf8(this.bytes.subarray(name, value)), this.bytes.subarray(value, at));
    }
    return found;
  }

  chunkHash(i: number): Uint8Array {
    if (!(i >= 0 && i < this.chunkCount) || !Number.isInteger(i)) throw damaged(`there is no chunk ${i}`);
    const start = this.#chunks + i * hash_bytes;
    return this.bytes.subarray(start, start + hash_bytes);
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
