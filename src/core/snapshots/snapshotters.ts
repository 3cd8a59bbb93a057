import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { checkLabels } from '../labels.ts';
import { chainIDs } from '../../oci/index.ts';
import { digester } from '../digester.ts';
import type { LayerStore } from '../layers/layer-store.ts';
import type {
  Labels,
  LeasesTx,
  Mount,
  Snapshot,
  SnapshotOptions,
  Snapshotter,
  SnapshotterName,
  SnapshotUsage,
} from '../model.ts';
import type { Paths } from '../paths.ts';
import { removeTree } from '../remove-tree.ts';
import { objectEvent } from '../store/object-events.ts';
import type { SnapshotRow } from '../store/rows.ts';
import type { Publish } from '../store/scope.ts';
import { snapshotSpace } from '../store/snapshot-space.ts';
import { toSnapshot } from '../store/snapshots.ts';
import type { Store } from '../store/store.ts';
import { no_namespace, type Tables } from '../store/tables.ts';
import { applyMounts, isExtractKey } from './apply-mounts.ts';
import type { FolderLayers } from './folder-layers.ts';
import { canMount, ownDirectory } from './kernel-mounts.ts';
import { directoryName, folderPiece, isDirectoryName, isFolder, ownPath, piecesOf } from './pieces.ts';
import { checkKey, exists, labelsAfter, onlyRoot, writtenTwice } from './snapshot-rules.ts';
import { directoryUsage, layerUsage, summed } from './usage.ts';
import { findSnapshot } from './wherry-mounts.ts';

export interface SnapshottersOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
  readonly layers: LayerStore;
  readonly folders: FolderLayers;
  /** Tells of a change once it is durable. */
  readonly publish: Publish;
  /** Tells at once. */
  readonly tell: Publish;
  /** How many snapshots each space has had, as far as that was asked. */
  readonly sequences: Map<string, number>;
  leases(namespace: string): LeasesTx;
  /** Sees to it that the namespace is there. */
  touch(namespace: string): void;
  kernelMounts(row: SnapshotRow): Promise<readonly Mount[]>;
  /** Called once a removal is durable, with the name of the snapshot's folder. */
  removed(folder: string): void;
}

/** The label by which a client asks for a committed snapshot, whatever makes it. */
const target_label = 'containerd.io/snapshot.ref';

/** containerd's snapshotters of one namespace, by name. */
export function createSnapshotter(namespace: string, name: SnapshotterName, options: SnapshottersOptions): Snapshotter {
  return new SnapshotterOfNamespace(namespace, name, options);
}

class SnapshotterOfNamespace implements Snapshotter {
  readonly name: SnapshotterName;
  readonly #namespace: string;
  readonly #space: string;
  readonly #options: SnapshottersOptions;

  constructor(namespace: string, name: SnapshotterName, options: SnapshottersOptions) {
    this.name = name;
    this.#namespace = namespace;
    this.#space = snapshotSpace(namespace, name);
    this.#options = options;
  }

  prepare(key: string, parent: string, options: SnapshotOptions = {}): Promise<readonly Mount[]> {
    return this.#create('active', key, parent, options);
  }

  view(key: string, parent: string, options: SnapshotOptions = {}): Promise<readonly Mount[]> {
    return this.#create('view', key, parent, options);
  }

  async mounts(key: string): Promise<readonly Mount[]> {
    const row = findSnapshot(this.#options.tables, this.#space, key);
    if (row.kind === 'committed') {
      throw new WherryError(
        'FailedPrecondition',
        `failed to get active mount: requested snapshot ${this.#inner(key, row)} not active or view: failed precondition`,
      );
    }
    return await this.#mountsOf(key, row);
  }

  async commit(name: string, key: string, options: SnapshotOptions & { readonly parent?: string } = {}): Promise<void> {
    checkKey(name);
    const labels = checkLabels('info.Labels', options.labels ?? {});
    const { store, tables, paths, publish } = this.#options;
    await this.#takeGuestFiles(key);
    const usage = await this.#ownUsage(key);
    await store.transact(() => {
      if (tables.snapshots.has(this.#space, name)) throw exists(name);
      const row = findSnapshot(tables, this.#space, key);
      if (row.kind !== 'active') {
        const inner = this.#inner(key, row);
        throw new WherryError(
          'FailedPrecondition',
          `failed to commit snapshot ${inner}: snapshot "${inner}" is not active: failed precondition`,
        );
      }
      const below = this.#below(row, options.parent ?? '');
      const sequence = this.#nextSequence();
      const { applied } = row;
      if (applied === undefined) ownDirectory(paths, row, undefined);
      const own = applied ?? [folderPiece(row.folder)];
      const now = new Date().toISOString();
      const { kind: _kind, applied: _applied, ...kept } = row;
      tables.snapshots.delete(this.#space, key);
      tables.snapshots.put(this.#space, name, {
        ...kept,
        kind: 'committed',
        parent_key: below.parent_key,
        pieces: [...below.pieces, ...own],
        labels,
        sequence,
        created_at: now,
        updated_at: now,
        ...(applied === undefined ? { usage } : {}),
      });
      this.#lease(options.lease, name);
      this.#release(options.lease, key);
      publish(this.#namespace, objectEvent.snapshotCommit(this.name, key, name));
    });
  }

  async adopt(diff_ids: readonly string[], { lease }: Pick<SnapshotOptions, 'lease'> = {}): Promise<string> {
    const { store, tables, publish } = this.#options;
    const chains = chainIDs(diff_ids, digester);
    await store.transact(() => {
      this.#options.touch(this.#namespace);
      for (const [i, chain] of chains.entries()) {
        this.#lease(lease, chain);
        if (tables.snapshots.has(this.#space, chain)) continue;
        tables.snapshots.put(this.#space, chain, {
          kind: 'committed',
          parent: '',
          diff_ids: [],
          parent_key: chains[i - 1] ?? '',
          pieces: diff_ids.slice(0, i + 1),
          folder: randomBytes(16).toString('hex'),
          labels: {},
          sequence: this.#nextSequence(),
          created_at: new Date().toISOString(),
        });
        publish(this.#namespace, objectEvent.snapshotCommit(this.name, chain, chain));
      }
    });
    return chains.at(-1) ?? '';
  }

  async remove(key: string, { lease }: Pick<SnapshotOptions, 'lease'> = {}): Promise<void> {
    const { store, tables, publish, removed } = this.#options;
    await store.transact(() => {
      const row = findSnapshot(tables, this.#space, key);
      if (tables.snapshots.list(this.#space).some(({ value }) => value.parent_key === key)) {
        throw new WherryError('FailedPrecondition', 'cannot remove snapshot with child: failed precondition');
      }
      tables.snapshots.delete(this.#space, key);
      tables.layers.delete(no_namespace, folderPiece(row.folder));
      this.#release(lease, key);
      store.after(() => removed(row.folder));
      publish(this.#namespace, objectEvent.snapshotRemove(this.name, key));
    });
  }

  async stat(key: string): Promise<Snapshot> {
    return this.#shown(key, findSnapshot(this.#options.tables, this.#space, key));
  }

  async update(key: string, labels: Labels, paths: readonly string[]): Promise<Snapshot> {
    if (key === '') throw new WherryError('InvalidArgument', 'invalid argument');
    const { store, tables } = this.#options;
    return await store.transact(() => {
      const row = findSnapshot(tables, this.#space, key);
      const changed = checkLabels('info.Labels', labelsAfter(key, row.labels, labels, paths));
      const made: SnapshotRow = { ...row, labels: changed, updated_at: new Date().toISOString() };
      tables.snapshots.put(this.#space, key, made);
      return this.#shown(key, made);
    });
  }

  async list(): Promise<readonly Snapshot[]> {
    return this.#options.tables.snapshots.list(this.#space).map(({ key, value }) => this.#shown(key, value));
  }

  async usage(key: string): Promise<SnapshotUsage> {
    const row = findSnapshot(this.#options.tables, this.#space, key);
    if (row.kind === 'view') return { size: 0, inodes: 0 };
    if (row.kind === 'active') return await this.#ownUsage(key);
    if (row.usage !== undefined) return row.usage;
    const below = row.parent_key === undefined || row.parent_key === '' ? 0 : this.#piecesBelow(row);
    return await this.#layersUsage(piecesOf(row).slice(below));
  }

  async cleanup(): Promise<void> {
    const { paths, tables } = this.#options;
    const there = await readdir(paths.unpacked);
    const folders = tables.snapshots.all().map(({ value }) => directoryName(value.folder));
    const own = new Set(folders);
    for (const name of there) {
      if (isDirectoryName(name) && !own.has(name)) await removeTree(join(paths.unpacked, name));
    }
  }

  async #create(
    kind: 'active' | 'view',
    key: string,
    parent: string,
    options: SnapshotOptions,
  ): Promise<readonly Mount[]> {
    checkKey(key);
    const { lease } = options;
    const labels = checkLabels('info.Labels', options.labels ?? {});
    // Who wants to see files at a path would be given an empty folder: nobody else names a view like that.
    if (kind === 'view' && key.startsWith('/') && !canMount()) throw onlyRoot(key);
    const { store, tables, tell } = this.#options;
    const act = (): SnapshotRow => {
      this.#refuseTaken(key, labels[target_label]);
      const below = this.#below({ diff_ids: [], parent: '' }, parent);
      const made: SnapshotRow = {
        kind,
        parent: '',
        diff_ids: [],
        ...below,
        folder: randomBytes(16).toString('hex'),
        labels,
        sequence: this.#nextSequence(),
        created_at: new Date().toISOString(),
      };
      this.#options.touch(this.#namespace);
      tables.snapshots.put(this.#space, key, made);
      this.#lease(lease, key);
      return made;
    };
    // Nobody comes back after a crash to one that was only made to apply a layer to.
    const row = isExtractKey(key) ? store.actNow(act) : await store.transact(act);
    try {
      const mounts = await this.#mountsOf(key, row);
      if (kind === 'active') tell(this.#namespace, objectEvent.snapshotPrepare(this.name, key, parent));
      return mounts;
    } catch (error) {
      await this.#forget(key, row);
      throw error;
    }
  }

  /** Makes a layer of what guests of ours wrote to a snapshot that is to be committed: they have no directory of it. */
  async #takeGuestFiles(key: string): Promise<void> {
    const { store, tables, paths, folders } = this.#options;
    const row = tables.snapshots.find(this.#space, key);
    if (row?.kind !== 'active' || row.applied !== undefined) return;
    if (!existsSync(join(paths.active, row.folder))) return;
    const own = ownPath(paths, row.folder);
    if (existsSync(own) && readdirSync(own).length > 0) throw writtenTwice(key);
    const applied = [await folders.layerOfGuests(row.folder)];
    store.actNow(() => {
      const now = tables.snapshots.find(this.#space, key);
      if (now?.folder === row.folder) tables.snapshots.put(this.#space, key, { ...now, applied });
    });
  }

  /** Takes back a snapshot that could not be mounted. */
  async #forget(key: string, { folder }: SnapshotRow): Promise<void> {
    const { store, tables, removed } = this.#options;
    await store.transact(() => {
      if (tables.snapshots.find(this.#space, key)?.folder !== folder) return;
      tables.snapshots.delete(this.#space, key);
      store.after(() => removed(folder));
    });
  }

  #refuseTaken(key: string, target: string | undefined): void {
    const { snapshots } = this.#options.tables;
    if (target !== undefined && target !== '' && snapshots.has(this.#space, target)) {
      throw new WherryError('AlreadyExists', `target snapshot "${target}": already exists`);
    }
    if (snapshots.has(this.#space, key)) throw exists(key);
  }

  /** What a snapshot lies on: what it was prepared on, or the committed `parent`. */
  #below(
    row: Pick<SnapshotRow, 'diff_ids' | 'parent' | 'parent_key' | 'pieces'>,
    parent: string,
  ): { readonly parent_key: string; readonly pieces: readonly string[] } {
    const { snapshots } = this.#options.tables;
    const before = row.parent_key ?? (snapshots.has(this.#space, row.parent) ? row.parent : '');
    const pieces = row.pieces ?? row.diff_ids;
    if (pieces.length > 0 || parent === '') return { parent_key: before, pieces };
    const found = snapshots.find(this.#space, parent);
    if (found === null) {
      throw new WherryError('NotFound', `parent snapshot ${parent} does not exist: not found`);
    }
    if (found.kind !== 'committed') {
      // As in containerd, whose messages have these numbers, one is used up by then.
      this.#nextSequence();
      throw new WherryError(
        'InvalidArgument',
        `failed to create snapshot: parent "${this.#inner(parent, found)}" is not committed snapshot: invalid argument`,
      );
    }
    return { parent_key: parent, pieces: piecesOf(found) };
  }

  async #mountsOf(key: string, row: SnapshotRow): Promise<readonly Mount[]> {
    const { paths, kernelMounts } = this.#options;
    if (isExtractKey(key) && row.kind === 'active' && !existsSync(ownPath(paths, row.folder))) {
      return applyMounts(this.name, key);
    }
    return canMount() ? await kernelMounts(row) : [];
  }

  /** What an active snapshot has itself: for the kernel, and as guests of ours wrote it. */
  async #ownUsage(key: string): Promise<SnapshotUsage> {
    const { paths, tables } = this.#options;
    const row = tables.snapshots.find(this.#space, key);
    if (row === null) return { size: 0, inodes: 0 };
    if (row.applied !== undefined) return await this.#layersUsage(row.applied);
    const own = ownPath(paths, row.folder);
    const guest = join(paths.active, row.folder);
    const usages: SnapshotUsage[] = [];
    for (const path of [own, guest]) if (existsSync(path)) usages.push(await directoryUsage(path));
    return usages.length === 0 ? { size: 4096, inodes: 1 } : summed(usages);
  }

  async #layersUsage(diff_ids: readonly string[]): Promise<SnapshotUsage> {
    const { layers } = this.#options;
    const usages: SnapshotUsage[] = [];
    for (const diff_id of diff_ids) {
      if (isFolder(diff_id)) continue;
      await layers.restoreLayers([diff_id]);
      const { index, close } = layers.openIndex(diff_id);
      usages.push(layerUsage(index));
      close();
    }
    return summed(usages);
  }

  /** How many pieces the parent of a committed snapshot has. */
  #piecesBelow(row: SnapshotRow): number {
    const parent = this.#options.tables.snapshots.find(this.#space, row.parent_key ?? '');
    return parent === null ? Math.max(0, piecesOf(row).length - 1) : piecesOf(parent).length;
  }

  /** As it is shown: the parent of one made on layers alone is named only where that is a snapshot here. */
  #shown(key: string, row: SnapshotRow): Snapshot {
    const shown = toSnapshot(key, row);
    if (row.parent_key !== undefined || row.parent === '') return shown;
    return this.#options.tables.snapshots.has(this.#space, row.parent) ? shown : { ...shown, parent: '' };
  }

  /** How containerd names a snapshot inside: some of its messages say that. */
  #inner(key: string, row: SnapshotRow): string {
    return `${this.#namespace}/${row.sequence ?? 0}/${key}`;
  }

  #nextSequence(): number {
    const { sequences, tables } = this.#options;
    const last =
      sequences.get(this.#space) ??
      tables.snapshots.list(this.#space).reduce((most, { value }) => Math.max(most, value.sequence ?? 0), 0);
    sequences.set(this.#space, last + 1);
    return last + 1;
  }

  #lease(lease: string | undefined, key: string): void {
    if (lease !== undefined) this.#options.leases(this.#namespace).add(lease, { type: this.#resource, id: key });
  }

  #release(lease: string | undefined, key: string): void {
    const leases = this.#options.leases(this.#namespace);
    if (lease !== undefined && leases.has(lease)) leases.remove(lease, { type: this.#resource, id: key });
  }

  get #resource(): string {
    return `snapshots/${this.name}`;
  }
}
