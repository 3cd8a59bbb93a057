import { chainID } from '../oci/index.ts';
import type { Ingests } from './content/ingests.ts';
import { digester } from './digester.ts';
import {
  backReferencesOf,
  expiryOf,
  gcLabel,
  type LabelReference,
  referencesOf,
  type ResourceType,
} from './gc-labels.ts';
import { chainName, hexName } from './layers/layer-store.ts';
import type { Labels } from './model.ts';
import type { References } from './references.ts';
import { isFolder, piecesOf } from './snapshots/pieces.ts';
import { snapshotterOf } from './store/containers.ts';
import type { LeaseRow } from './store/rows.ts';
import { knownSpace, partsOfSpace, snapshotPlace } from './store/snapshot-space.ts';
import { no_namespace, type Tables } from './store/tables.ts';
import { UnpackedLayers } from './unpacked/unpacked-layers.ts';

/** Something that stays, and with it what it refers to; of one that is flat only itself does. */
interface Node {
  readonly type: ResourceType;
  readonly namespace: string;
  /** Of a snapshot; '' for others. */
  readonly snapshotter: string;
  readonly key: string;
  readonly flat: boolean;
}

export interface MarkingOptions {
  readonly tables: Tables;
  readonly ingests: Ingests;
  /** What a blob points to; null when it is damaged and nobody can know. */
  documentReferences(digest: string): References | null;
  /** What came to be after that, as an ISO time, is a root; null for nothing. */
  readonly spare_since: string | null;
}

/** What can be reached from the roots: images, containers, leases and `containerd.io/gc.root`. */
export class Marking {
  /** `namespace/digest`. */
  readonly content: Set<string> = new Set();
  /** Digests of blobs that stay even if no namespace sees them. */
  readonly blobs: Set<string> = new Set();
  /** By `snapshotPlace`. */
  readonly snapshots: Set<string> = new Set();
  /** `namespace/name`. */
  readonly images: Set<string> = new Set();
  /** By the names of their folders. */
  readonly layers: Set<string> = new Set();
  readonly chains: Set<string> = new Set();
  /** Unpacked layers that a snapshot lies on, by the names of their directories. */
  readonly unpacked: Set<string> = new Set();
  /** Those that one may soon: their image is there. */
  readonly unpacked_spare: Set<string> = new Set();
  readonly #tables: Tables;
  readonly #ingests: Ingests;
  readonly #documentReferences: MarkingOptions['documentReferences'];
  readonly #visited = new Set<string>();
  readonly #todo: Node[] = [];
  /** Objects by what they refer back to: they stay with it. */
  readonly #followers = new Map<string, Node[]>();
  #certain = true;

  constructor({ tables, ingests, documentReferences, spare_since }: MarkingOptions) {
    this.#tables = tables;
    this.#ingests = ingests;
    this.#documentReferences = documentReferences;
    this.#findFollowers();
    this.#addRoots();
    if (spare_since !== null) this.#addYoung(spare_since);
    for (let node = this.#todo.pop(); node !== undefined; node = this.#todo.pop()) this.#visit(node);
  }

  /** Whether every document on the way could be read. */
  get certain(): boolean {
    return this.#certain;
  }

  #addRoots(): void {
    const { images, containers, sandboxes, leases, contents, snapshots } = this.#tables;
    const now = new Date();
    for (const { namespace, key, value } of images.all()) {
      const expiry = expiryOf(value.labels);
      if (expiry === null || expiry > now) this.#add('image', namespace, key);
    }
    for (const { namespace, key } of containers.all()) this.#add('container', namespace, key);
    for (const { namespace, value } of sandboxes.all()) this.#addAll(namespace, referencesOf(value.labels));
    for (const { namespace, value } of leases.all()) this.#addLease(namespace, value);
    for (const { namespace, key, value } of contents.all())
      if (gcLabel.root in value.labels) this.#add('content', namespace, key);
    for (const { namespace: space, key, value } of snapshots.all()) {
      const { namespace, snapshotter } = partsOfSpace(space);
      if (gcLabel.root in value.labels) this.#add('snapshot', namespace, key, { snapshotter });
    }
    for (const { record } of this.#ingests.all()) if (record.offered !== '') this.blobs.add(record.offered);
  }

  #addYoung(since: string): void {
    const { contents, snapshots } = this.#tables;
    for (const { namespace, key, value } of contents.all())
      if ((value.created_at ?? '') > since) this.#add('content', namespace, key);
    for (const { namespace: space, key, value } of snapshots.all()) {
      const { namespace, snapshotter } = partsOfSpace(space);
      if (value.created_at > since) this.#add('snapshot', namespace, key, { snapshotter });
    }
  }

  #addLease(namespace: string, { labels, resources }: LeaseRow): void {
    const flat = gcLabel.flat in labels;
    for (const { type, id } of resources) {
      if (type === 'content') this.#add('content', namespace, id, { flat });
      else if (type === 'images') this.#add('image', namespace, id, { flat });
      else if (type === 'layers') this.layers.add(hexName(id));
      else if (type.startsWith('snapshots'))
        this.#add('snapshot', namespace, id, { flat, snapshotter: type.slice('snapshots/'.length) });
    }
  }

  /** Labels that refer back, of all that may be collected and of containers. */
  #findFollowers(): void {
    const { images, containers, contents, snapshots } = this.#tables;
    const all = [
      { type: 'image', rows: images.all() },
      { type: 'container', rows: containers.all() },
      { type: 'content', rows: contents.all() },
      { type: 'snapshot', rows: snapshots.all() },
    ] as const;
    for (const { type, rows } of all) {
      for (const { namespace: space, key, value } of rows) {
        const { namespace, snapshotter } = partsOfSpace(space);
        for (const reference of backReferencesOf(value.labels)) {
          const leader = placeOf({ ...reference, namespace });
          const node: Node = { type, namespace, snapshotter, key, flat: false };
          const others = this.#followers.get(leader);
          if (others === undefined) this.#followers.set(leader, [node]);
          else others.push(node);
        }
      }
    }
  }

  #add(type: ResourceType, namespace: string, key: string, how: { flat?: boolean; snapshotter?: string } = {}): void {
    const { flat = false, snapshotter = '' } = how;
    this.#todo.push({ type, namespace, snapshotter, key, flat });
  }

  #addAll(namespace: string, references: readonly LabelReference[]): void {
    for (const { type, snapshotter, key } of references) this.#add(type, namespace, key, { snapshotter });
  }

  #visit(node: Node): void {
    const { type, flat } = node;
    const id = `${flat ? 'flat ' : ''}${placeOf(node)}`;
    if (this.#visited.has(id)) return;
    this.#visited.add(id);
    if (!flat) this.#todo.push(...(this.#followers.get(id) ?? []));
    if (type === 'content') this.#visitContent(node);
    else if (type === 'image') this.#visitImage(node);
    else if (type === 'snapshot') this.#visitSnapshot(node);
    else this.#visitContainer(node);
  }

  #visitImage({ namespace, key, flat }: Node): void {
    const image = this.#tables.images.find(namespace, key);
    if (image === null) return;
    this.images.add(`${namespace}/${key}`);
    this.#add('content', namespace, image.target.digest, { flat });
    if (!flat) this.#addAll(namespace, referencesOf(image.labels));
  }

  #visitContainer({ namespace, key }: Node): void {
    const container = this.#tables.containers.find(namespace, key);
    if (container === null) return;
    const { snapshot_key, labels } = container;
    if (snapshot_key !== '') this.#add('snapshot', namespace, snapshot_key, { snapshotter: snapshotterOf(container) });
    this.#addAll(namespace, referencesOf(labels));
  }

  #visitContent({ namespace, key: digest, flat }: Node): void {
    this.content.add(`${namespace}/${digest}`);
    this.blobs.add(digest);
    if (flat) return;
    const labelled = this.#labelled(namespace, digest);
    this.#addAll(namespace, labelled);
    const references = this.#documentReferences(digest);
    if (references === null) {
      this.#certain = false;
      return;
    }
    const { blobs, layers, diff_ids } = references;
    // Whoever labelled a document has said what of it is to stay. One without labels is taken at its word.
    if (!labelled.some(({ type }) => type === 'content'))
      for (const blob of blobs) this.#add('content', namespace, blob);
    // A bare module is its own layer.
    this.layers.add(hexName(digest));
    const own = this.#tables.layers.find(no_namespace, digest);
    if (own !== null) this.layers.add(hexName(own.diff_id));
    this.#markChain(diff_ids);
    this.#markChain(layers.map((layer) => this.#tables.layers.find(no_namespace, layer)?.diff_id ?? layer));
  }

  #labelled(namespace: string, digest: string): LabelReference[] {
    const labels: Labels = this.#tables.contents.find(namespace, digest)?.labels ?? {};
    return referencesOf(labels);
  }

  #visitSnapshot({ namespace, snapshotter, key, flat }: Node): void {
    const space = knownSpace(namespace, snapshotter);
    if (space === null) return;
    this.snapshots.add(snapshotPlace(space, key));
    const row = this.#tables.snapshots.find(space, key);
    if (row === null) return;
    this.#markPieces([...piecesOf(row), ...(row.applied ?? [])], row.kind !== 'committed');
    if (row.parent_key !== undefined && row.parent_key !== '') {
      this.#add('snapshot', namespace, row.parent_key, { flat, snapshotter });
    }
    if (!flat) this.#addAll(namespace, referencesOf(row.labels));
  }

  #markPieces(pieces: readonly string[], in_use: boolean): void {
    if (pieces.length === 0) this.chains.add(chainName(''));
    // A directory that was made a layer is one as long as it is there.
    const diff_ids = pieces.map((piece) =>
      isFolder(piece) ? (this.#tables.layers.find(no_namespace, piece)?.diff_id ?? '') : piece,
    );
    const whole = diff_ids.indexOf('');
    const layers = whole < 0 ? diff_ids : diff_ids.slice(0, whole);
    this.#markChain(layers);
    if (in_use) for (const name of UnpackedLayers.namesOf(layers)) this.unpacked.add(name);
    for (const diff_id of diff_ids) if (diff_id !== '') this.layers.add(hexName(diff_id));
    // A layer whose tar is evicted comes back from its blob, so that stays, too.
    const wanted = new Set(diff_ids);
    for (const { key: digest, value } of this.#tables.layers.all())
      if (wanted.has(value.diff_id) && !isFolder(digest)) this.blobs.add(digest);
  }

  #markChain(diff_ids: readonly string[]): void {
    if (diff_ids.length === 0) return;
    for (const diff_id of diff_ids) this.layers.add(hexName(diff_id));
    for (const name of UnpackedLayers.namesOf(diff_ids)) this.unpacked_spare.add(name);
    this.chains.add(chainName(chainID(diff_ids, digester)));
  }
}

function placeOf({ type, namespace, snapshotter, key }: Omit<Node, 'flat'>): string {
  if (type !== 'snapshot') return `${type} ${namespace}/${key}`;
  return `${type} ${snapshotPlace(knownSpace(namespace, snapshotter) ?? '', key)}`;
}
