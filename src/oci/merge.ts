import {
  image_entries_max,
  layer_strings_bytes_max,
  layer_xattrs_bytes_max,
  layers_per_image_max,
} from '../limits/index.ts';
import { EntryTree, rootNode } from './entry-tree.ts';
import type { Digester } from './hasher.ts';
import { writeIndex } from './index-writer.ts';
import { noBytes } from './bytes.ts';
import { LayerError } from './layer-error.ts';
import { entry_bytes, entryFlag, entryType, header_bytes } from './layer-index-format.ts';
import type { LayerIndex } from './layer-index.ts';
import { resolveDirectory, splitPath } from './layer-tree.ts';

/**
 * Merges the indexes of a chain, base first, into the index of what a container sees: whiteouts and opaque
 * directories are applied, hard links to files of layers below are resolved, every entry keeps the number of its
 * layer and its offset there. Where a layer has files in a directory that it does not itself make, and the layers
 * below have a symlink to a directory under that name, they go where the link leads, as when layers are extracted
 * one over another. Throws `LayerError`.
 */
export function mergeIndexes(indexes: readonly LayerIndex[], digester: Digester): Uint8Array {
  if (indexes.length > layers_per_image_max) {
    throw new LayerError('ResourceExhausted', `the image has more than ${layers_per_image_max} layers`);
  }
  const tree = new EntryTree({
    entries_max: image_entries_max,
    strings_bytes_max: layer_strings_bytes_max * 2,
    xattrs_bytes_max: layer_xattrs_bytes_max * 2,
  });
  indexes.forEach((index, layer) => new LayerMerge(tree, index, layer).apply());
  return writeIndex(
    tree,
    { layers: Math.max(1, indexes.length), merged: true, tarSize: 0, chunkHashes: noBytes },
    digester,
  );
}

/** One layer going over what the layers below left. */
class LayerMerge {
  readonly #tree: EntryTree;
  readonly #index: LayerIndex;
  readonly #layer: number;
  /** The node of the first name of each inode of this layer: the others link to it. */
  readonly #inodes: Map<number, number> = new Map();
  /** Directories still to do: an entry of the index and the node it goes to. */
  readonly #todo: { readonly entry: number; readonly node: number; readonly behindLink: boolean }[] = [];
  /** Hard links into layers below, resolved when the whole layer is there. */
  readonly #links: { readonly entry: number; readonly node: number }[] = [];

  constructor(tree: EntryTree, index: LayerIndex, layer: number) {
    this.#tree = tree;
    this.#index = index;
    this.#layer = layer;
  }

  apply(): void {
    if (this.#index.merged) throw new LayerError('InvalidArgument', 'a merged index cannot be merged again');
    this.#directory(this.#index.root, rootNode, false);
    for (let next = this.#todo.pop(); next !== undefined; next = this.#todo.pop()) this.#children(next);
    for (const { entry, node } of this.#links) this.#resolveLink(entry, node);
  }

  #directory(entry: number, node: number, behindLink: boolean): void {
    const index = this.#index;
    const refused = behindLink && index.opaque(entry);
    if (refused) throw this.#refusal(entry, 'it is an opaque directory that lies behind a symlink of a layer below');
    if (index.opaque(entry)) this.#tree.clear(node);
    if (!index.synthesised(entry)) {
      this.#copy(entry, node);
      this.#tree.dropFlag(node, entryFlag.synthesised);
    }
    this.#todo.push({ entry, node, behindLink });
  }

  #children({ entry, node, behindLink }: { entry: number; node: number; behindLink: boolean }): void {
    const index = this.#index;
    const count = index.childCount(entry);
    for (let i = 0; i < count; i++) {
      const child = index.childAt(entry, i);
      const name = index.nameBytes(child);
      const before = this.#tree.child(node, name, 0, name.length);
      const type = index.type(child);
      if (type === entryType.whiteout) {
        if (behindLink) throw this.#refusal(child, 'it is a whiteout that lies behind a symlink of a layer below');
        if (before >= 0) this.#tree.remove(before);
      } else if (type === entryType.directory) {
        this.#mergeDirectory(child, node, name, before, behindLink);
      } else {
        this.#putFile(child, this.#tree.put(node, name, 0, name.length, type));
      }
    }
  }

  #mergeDirectory(entry: number, parent: number, name: Uint8Array, before: number, behindLink: boolean): void {
    const tree = this.#tree;
    if (before >= 0 && tree.type(before) === entryType.directory) {
      this.#directory(entry, before, behindLink);
      return;
    }
    if (before >= 0 && tree.type(before) === entryType.symlink && this.#index.synthesised(entry)) {
      const target = resolveDirectory(tree, [name], {}, parent);
      if (typeof target === 'number' && !this.#index.opaque(entry)) {
        this.#directory(entry, target, true);
        return;
      }
    }
    const node = tree.put(parent, name, 0, name.length, entryType.directory);
    this.#copy(entry, node);
    this.#todo.push({ entry, node, behindLink });
  }

  #putFile(entry: number, node: number): void {
    const index = this.#index;
    if (index.type(entry) === entryType.hardlink) this.#links.push({ entry, node });
    const first = index.nlink(entry) > 1 ? this.#inodes.get(index.ino(entry)) : undefined;
    if (first !== undefined) {
      this.#tree.link(node, first);
      return;
    }
    this.#inodes.set(index.ino(entry), node);
    this.#copy(entry, node);
  }

  #copy(entry: number, node: number): void {
    const start = header_bytes + entry * entry_bytes;
    const record = this.#index.bytes.subarray(start, start + entry_bytes);
    this.#tree.copyRecord(node, record, this.#layer, this.#index.targetBytes(entry), this.#index.xattrs(entry));
  }

  #resolveLink(entry: number, node: number): void {
    const names = splitPath(this.#index.targetBytes(entry));
    const last = names.pop();
    const dir = last === undefined ? undefined : resolveDirectory(this.#tree, names);
    const target = typeof dir === 'number' && last !== undefined ? this.#tree.child(dir, last, 0, last.length) : -1;
    const type = target < 0 ? entryType.hardlink : this.#tree.type(target);
    if (type === entryType.hardlink || type === entryType.directory) {
      throw this.#refusal(entry, `it is a hard link to ${JSON.stringify(this.#index.target(entry))}, which is no file`);
    }
    this.#tree.link(node, target);
  }

  #refusal(entry: number, problem: string): LayerError {
    return new LayerError('InvalidArgument', `${problem} (layer ${this.#layer + 1} of the image)`, {
      entry: this.#index.path(entry),
    });
  }
}
