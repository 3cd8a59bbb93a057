import { LayerError } from './layer-error.ts';
import { entry_bytes, entryFlag, entryType, type EntryType, field, setI64 } from './layer-index-format.ts';

/** What bounds a tree while it grows. */
export interface TreeLimits {
  readonly entries_max: number;
  readonly strings_bytes_max: number;
  readonly xattrs_bytes_max: number;
}

/** What an entry has besides its name and its children. */
export interface Attributes {
  readonly type: EntryType;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch, and nanoseconds 0 to 999,999,999 after them. */
  readonly mtime_s: number;
  readonly mtime_nsec: number;
  /** Where a file's data start in the tar; of a device its number, `major * 2^20 + minor`. */
  readonly offset: number;
  readonly link: Uint8Array;
  readonly xattrs?: ReadonlyMap<string, Uint8Array> | undefined;
}

// A node is an entry record of the index format with these behind it, so that most of it is copied as it stands.
const nextSibling = entry_bytes;
const owner = entry_bytes + 4;
const dead = entry_bytes + 8;
const node_bytes = entry_bytes + 12;
const grow_nodes = 4096;

export const rootNode = 0;

/**
 * The tree of a layer (or of an image) while it is put together. Nodes are numbers; their records lie in one growing
 * buffer, names and targets in another, and one hash table finds a child by (directory, name): about 100 bytes an
 * entry, no object an entry. A removed subtree is cut off and only skipped when the index is written.
 */
export class EntryTree {
  readonly #limits: TreeLimits;
  // Grows in place up to what the limit allows; views of it grow with it.
  readonly #buffer: ArrayBuffer;
  readonly #records: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  #count = 0;
  #strings: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #stringsUsed = 0;
  #xattrs: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #xattrsUsed = 0;
  #table: Int32Array<ArrayBuffer> = new Int32Array(256).fill(-1);
  #tableUsed = 0;
  // Layers choose their names: without a secret, whoever knows the hash could make every lookup a long probe.
  readonly #seed: number = crypto.getRandomValues(new Uint32Array(1))[0]!;

  constructor(limits: TreeLimits) {
    this.#limits = limits;
    const maxByteLength = limits.entries_max * node_bytes;
    this.#buffer = new ArrayBuffer(Math.min(grow_nodes * node_bytes, maxByteLength), { maxByteLength });
    this.#records = new Uint8Array(this.#buffer);
    this.#view = new DataView(this.#buffer);
    this.#append(0, entryType.directory);
    this.#setFlags(rootNode, entryFlag.synthesised);
    this.#view.setUint32(field.mode, 0o755, true);
  }

  /** Number of nodes ever made; some may have been removed since. */
  get nodeCount(): number {
    return this.#count;
  }

  get view(): DataView {
    return this.#view;
  }

  /** Where a node's record starts in `view`. */
  at(node: number): number {
    return node * node_bytes;
  }

  /** The child of `dir` named by `name[start..end)`, or -1. */
  child(dir: number, name: Uint8Array, start: number, end: number): number {
    const slot = this.#slot(dir, name, start, end);
    const node = this.#table[slot]!;
    return node >= 0 && this.#view.getUint8(this.at(node) + dead) === 0 ? node : -1;
  }

  /** Puts a new node of `type` under a name of `dir`, in place of what is there; data fields are zero. */
  put(dir: number, name: Uint8Array, start: number, end: number, type: EntryType): number {
    const slot = this.#slot(dir, name, start, end);
    const before = this.#table[slot]!;
    const node = this.#append(dir, type);
    const at = this.at(node);
    if (before >= 0) {
      this.#view.setUint8(this.at(before) + dead, 1);
      // The name's bytes are the same: share them.
      this.#view.setUint32(at + field.name, this.#view.getUint32(this.at(before) + field.name, true), true);
    } else {
      this.#view.setUint32(at + field.name, this.#addString(name, start, end), true);
    }
    this.#view.setUint16(at + field.nameBytes, end - start, true);
    this.#view.setUint32(at + nextSibling, this.#view.getUint32(this.at(dir) + field.firstChild, true), true);
    this.#view.setUint32(this.at(dir) + field.firstChild, node + 1, true);
    this.#table[slot] = node;
    if (before < 0 && ++this.#tableUsed * 2 > this.#table.length) this.#rehash();
    return node;
  }

  /** Takes a node and all below it out of the tree. Other names of a hard-linked file keep it. */
  remove(node: number): void {
    this.#view.setUint8(this.at(node) + dead, 1);
  }

  /** Takes everything out of a directory. */
  clear(dir: number): void {
    for (const node of this.children(dir)) this.remove(node);
    this.#view.setUint32(this.at(dir) + field.firstChild, 0, true);
  }

  /** The nodes in a directory, in no order. */
  *children(dir: number): Generator<number> {
    let next = this.#view.getUint32(this.at(dir) + field.firstChild, true);
    while (next !== 0) {
      const node = next - 1;
      next = this.#view.getUint32(this.at(node) + nextSibling, true);
      if (this.#view.getUint8(this.at(node) + dead) === 0) yield node;
    }
  }

  parent(node: number): number {
    return this.#view.getUint32(this.at(node) + field.parent, true);
  }

  type(node: number): EntryType {
    return this.#view.getUint8(this.at(node) + field.type) as EntryType;
  }

  flags(node: number): number {
    return this.#view.getUint8(this.at(node) + field.flags);
  }

  #setFlags(node: number, flags: number): void {
    this.#view.setUint8(this.at(node) + field.flags, flags);
  }

  addFlag(node: number, flag: number): void {
    this.#setFlags(node, this.flags(node) | flag);
  }

  dropFlag(node: number, flag: number): void {
    this.#setFlags(node, this.flags(node) & ~flag);
  }

  /** Writes all data fields of a node. A hard-linked node becomes a file of its own. */
  setAttributes(node: number, attributes: Attributes): void {
    const at = this.at(node);
    const view = this.#view;
    view.setUint8(at + field.type, attributes.type);
    view.setUint32(at + field.mode, attributes.mode, true);
    view.setUint32(at + field.uid, attributes.uid, true);
    view.setUint32(at + field.gid, attributes.gid, true);
    view.setUint32(at + field.mtimeNanoseconds, attributes.mtime_nsec, true);
    setI64(view, at + field.mtimeSeconds, attributes.mtime_s);
    setI64(view, at + field.size, attributes.size);
    setI64(view, at + field.offset, attributes.offset);
    view.setUint32(at + owner, node, true);
    this.setTarget(node, attributes.link);
    const { xattrs } = attributes;
    view.setUint32(
      at + field.xattrs,
      xattrs === undefined || xattrs.size === 0 ? 0 : this.#addXattrs(xattrs) + 1,
      true,
    );
  }

  setTarget(node: number, target: Uint8Array): void {
    const offset = target.length === 0 ? 0 : this.#addString(target, 0, target.length);
    this.#view.setUint32(this.at(node) + field.target, offset, true);
    this.#view.setUint16(this.at(node) + field.targetBytes, target.length, true);
  }

  /** Copies the data fields of a record of an open index; target and attributes are copied from its sections. */
  copyRecord(
    node: number,
    record: Uint8Array,
    layer: number,
    target: Uint8Array,
    xattrs: ReadonlyMap<string, Uint8Array>,
  ): void {
    const at = this.at(node);
    // From the type up to the target: mode, owner, times, size and offset; the name and the tree stay this tree's.
    this.#records.set(record.subarray(field.type, field.target), at + field.type);
    this.dropFlag(node, entryFlag.opaque);
    this.#view.setUint16(at + field.layer, layer, true);
    this.#view.setUint32(at + owner, node, true);
    this.setTarget(node, target);
    this.#view.setUint32(at + field.xattrs, xattrs.size === 0 ? 0 : this.#addXattrs(xattrs) + 1, true);
  }

  /** Makes `node` another name of the file that `other` names. */
  link(node: number, other: number): void {
    this.#view.setUint32(this.at(node) + owner, this.owner(other), true);
    this.#view.setUint8(this.at(node) + field.type, this.type(other));
  }

  /** The node whose record has the data of this one: itself, or what it is a hard link to. */
  owner(node: number): number {
    return this.#view.getUint32(this.at(node) + owner, true);
  }

  target(node: number): Uint8Array {
    const at = this.at(this.owner(node));
    const start = this.#view.getUint32(at + field.target, true);
    return this.#strings.subarray(start, start + this.#view.getUint16(at + field.targetBytes, true));
  }

  name(node: number): Uint8Array {
    const at = this.at(node);
    const start = this.#view.getUint32(at + field.name, true);
    return this.#strings.subarray(start, start + this.#view.getUint16(at + field.nameBytes, true));
  }

  /** The order of two nodes' names by their bytes, as a number to sort by. */
  compareNames(a: number, b: number): number {
    const startA = this.#view.getUint32(this.at(a) + field.name, true);
    const startB = this.#view.getUint32(this.at(b) + field.name, true);
    const lengthA = this.nameLength(a);
    const lengthB = this.nameLength(b);
    const common = Math.min(lengthA, lengthB);
    for (let i = 0; i < common; i++) {
      const difference = this.#strings[startA + i]! - this.#strings[startB + i]!;
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  nameLength(node: number): number {
    return this.#view.getUint16(this.at(node) + field.nameBytes, true);
  }

  /** Bytes of the target, of the node itself or of what it is a hard link to. */
  targetLength(node: number): number {
    return this.#view.getUint16(this.at(this.owner(node)) + field.targetBytes, true);
  }

  record(node: number): Uint8Array {
    return this.#records.subarray(this.at(node), this.at(node) + entry_bytes);
  }

  get xattrBytes(): Uint8Array {
    return this.#xattrs.subarray(0, this.#xattrsUsed);
  }

  #append(parent: number, type: EntryType): number {
    if (this.#count >= this.#limits.entries_max) {
      throw new LayerError('ResourceExhausted', `it has more than ${this.#limits.entries_max} entries`);
    }
    const node = this.#count++;
    if (this.#count * node_bytes > this.#buffer.byteLength) {
      this.#buffer.resize(Math.min((this.#count + grow_nodes) * node_bytes, this.#buffer.maxByteLength));
    }
    const at = this.at(node);
    this.#view.setUint8(at + field.type, type);
    this.#view.setUint32(at + field.parent, parent, true);
    this.#view.setUint32(at + owner, node, true);
    return node;
  }

  #addString(bytes: Uint8Array, start: number, end: number): number {
    const offset = this.#stringsUsed;
    const used = offset + end - start;
    if (used > this.#limits.strings_bytes_max) {
      throw new LayerError('ResourceExhausted', `its names pass ${this.#limits.strings_bytes_max} bytes`);
    }
    if (used > this.#strings.length) this.#strings = grown(this.#strings, Math.max(used, this.#strings.length * 2));
    for (let i = start; i < end; i++) this.#strings[offset + i - start] = bytes[i]!;
    this.#stringsUsed = used;
    return offset;
  }

  #addXattrs(xattrs: ReadonlyMap<string, Uint8Array>): number {
    const encoder = new TextEncoder();
    const parts = [...xattrs].map(([name, value]) => ({ name: encoder.encode(name), value }));
    let length = 2;
    for (const { name, value } of parts) length += 6 + name.length + value.length;
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, parts.length, true);
    let at = 2;
    for (const { name, value } of parts) {
      view.setUint16(at, name.length, true);
      view.setUint32(at + 2, value.length, true);
      bytes.set(name, at + 6);
      bytes.set(value, at + 6 + name.length);
      at += 6 + name.length + value.length;
    }
    const offset = this.#xattrsUsed;
    const used = offset + bytes.length;
    if (used > this.#limits.xattrs_bytes_max) {
      throw new LayerError('ResourceExhausted', `its attributes pass ${this.#limits.xattrs_bytes_max} bytes`);
    }
    if (used > this.#xattrs.length) this.#xattrs = grown(this.#xattrs, Math.max(used, this.#xattrs.length * 2));
    this.#xattrs.set(bytes, offset);
    this.#xattrsUsed = used;
    return offset;
  }

  /** The slot of the hash table that holds the child, alive or removed, or the empty one where it would go. */
  #slot(dir: number, name: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let slot = hash(this.#seed ^ Math.imul(dir + 1, 0x9e37_79b1), name, start, end) & mask;
    for (;;) {
      const node = this.#table[slot]!;
      if (node < 0 || this.#isNamed(node, dir, name, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isNamed(node: number, dir: number, name: Uint8Array, start: number, end: number): boolean {
    const at = this.at(node);
    if (this.#view.getUint32(at + field.parent, true) !== dir) return false;
    if (this.#view.getUint16(at + field.nameBytes, true) !== end - start) return false;
    const own = this.#view.getUint32(at + field.name, true) - start;
    for (let i = start; i < end; i++) if (this.#strings[own + i] !== name[i]) return false;
    return true;
  }

  #rehash(): void {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2).fill(-1);
    const mask = this.#table.length - 1;
    for (const node of old) {
      if (node < 0) continue;
      const at = this.at(node);
      const start = this.#view.getUint32(at + field.name, true);
      const end = start + this.#view.getUint16(at + field.nameBytes, true);
      const seed = this.#seed ^ Math.imul(this.parent(node) + 1, 0x9e37_79b1);
      let slot = hash(seed, this.#strings, start, end) & mask;
      while (this.#table[slot]! >= 0) slot = (slot + 1) & mask;
      this.#table[slot] = node;
    }
  }
}

function grown(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes.buffer.transfer(length));
}

function hash(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let h = seed;
  for (let i = start; i < end; i++) {
    h = Math.imul(h ^ bytes[i]!, 0x5bd1_e995);
    h ^= h >>> 15;
  }
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
