import { fromUnknown } from '../errors/index.ts';
import { config_bytes_max } from '../limits/index.ts';
import { chainID } from '../oci/index.ts';
import type { Blobs } from './content/blobs.ts';
import { digester } from './digester.ts';
import { chainName, hexName, type LayerStore } from './layers/layer-store.ts';
import type { Log } from './log.ts';
import type { Collected, Labels } from './model.ts';
import { no_references, readReferences, type References } from './references.ts';
import type { Aftermath } from './store/transaction.ts';
import type { Store } from './store/store.ts';
import { no_namespace, type Tables } from './store/tables.ts';
import { UnpackedLayers } from './unpacked/unpacked-layers.ts';

export interface CollectorOptions {
  readonly store: Store;
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly layers: LayerStore;
  readonly unpacked: UnpackedLayers;
  readonly aftermath: Aftermath;
  readonly log: Log;
}

const root_label = 'containerd.io/gc.root';
const content_label = 'containerd.io/gc.ref.content';
const snapshot_label = 'containerd.io/gc.ref.snapshot.';

/** Whatever can be reached from a root. */
interface Marked {
  readonly blobs: Set<string>;
  /** `namespace/key`. */
  readonly snapshots: Set<string>;
  /** By the names of their folders. */
  readonly layers: Set<string>;
  /** Unpacked layers, by the names of their directories. */
  readonly unpacked: Set<string>;
  readonly chains: Set<string>;
  /** Whether every document on the way could be read. */
  certain: boolean;
}

/**
 * Mark and sweep. Marking and sweeping are one synchronous act, so nothing can come to be between them; documents were
 * read before and are remembered, since what is under a digest never changes.
 */
export class Collector {
  readonly #store: Store;
  readonly #tables: Tables;
  readonly #blobs: Blobs;
  readonly #layers: LayerStore;
  readonly #unpacked: UnpackedLayers;
  readonly #aftermath: Aftermath;
  readonly #log: Log;
  readonly #references = new Map<string, References>();

  constructor({ store, tables, blobs, layers, unpacked, aftermath, log }: CollectorOptions) {
    this.#store = store;
    this.#tables = tables;
    this.#blobs = blobs;
    this.#layers = layers;
    this.#unpacked = unpacked;
    this.#aftermath = aftermath;
    this.#log = log;
  }

  async collect(): Promise<Collected> {
    await this.#readAhead();
    return this.#store.transact(() => {
      this.#dropExpired();
      return this.#sweep(this.#mark());
    });
  }

  /** Reads documents in pieces of time, so that the act itself finds them read. */
  async #readAhead(): Promise<void> {
    for (const { key: digest } of this.#tables.blobs.all()) {
      if (this.#references.has(digest)) continue;
      this.#referencesOf(digest);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (const digest of this.#references.keys()) if (!this.#blobs.has(digest)) this.#references.delete(digest);
  }

  #dropExpired(): void {
    const now = new Date().toISOString();
    for (const { namespace, key, value } of this.#tables.leases.all()) {
      if (value.expires_at !== null && value.expires_at <= now) this.#tables.leases.delete(namespace, key);
    }
  }

  #mark(): Marked {
    const { images, containers, snapshots, leases, blob_labels } = this.#tables;
    const marked: Marked = {
      blobs: new Set(),
      snapshots: new Set(),
      layers: new Set(),
      unpacked: new Set(),
      chains: new Set(),
      certain: true,
    };
    for (const { value } of images.all()) this.#markBlob(marked, value.target.digest);
    for (const { namespace, value } of containers.all()) {
      if (value.snapshot_key !== '') this.#markSnapshot(marked, namespace, value.snapshot_key);
      for (const digest of this.#markLabels(marked, namespace, value.labels)) this.#markBlob(marked, digest);
    }
    for (const { namespace, value } of leases.all()) {
      for (const { type, id } of value.resources) {
        if (type === 'content') this.#markBlob(marked, id);
        else if (type.startsWith('snapshots')) this.#markSnapshot(marked, namespace, id);
        else if (type === 'layers') marked.layers.add(hexName(id));
      }
    }
    for (const { key, value } of blob_labels.all()) if (root_label in value.labels) this.#markBlob(marked, key);
    for (const { namespace, key, value } of snapshots.all()) {
      if (root_label in value.labels) this.#markSnapshot(marked, namespace, key);
    }
    return marked;
  }

  #markBlob(marked: Marked, from: string): void {
    const todo = [from];
    for (let digest = todo.pop(); digest !== undefined; digest = todo.pop()) {
      if (marked.blobs.has(digest)) continue;
      marked.blobs.add(digest);
      const references = this.#referencesOf(digest);
      if (references === null) {
        marked.certain = false;
        continue;
      }
      const { blobs, layers, diff_ids } = references;
      todo.push(...blobs);
      // A bare module is its own layer.
      marked.layers.add(hexName(digest));
      const own = this.#tables.layers.find(no_namespace, digest);
      if (own !== null) marked.layers.add(hexName(own.diff_id));
      this.#markChain(marked, diff_ids);
      this.#markChain(
        marked,
        layers.map((layer) => this.#tables.layers.find(no_namespace, layer)?.diff_id ?? layer),
      );
      for (const namespace of this.#tables.blob_labels.namespaces()) {
        const labels = this.#tables.blob_labels.find(namespace, digest)?.labels ?? {};
        todo.push(...this.#markLabels(marked, namespace, labels));
      }
    }
  }

  /** Marks the snapshots that labels refer to; gives the blobs they do. */
  #markLabels(marked: Marked, namespace: string, labels: Labels): string[] {
    const blobs: string[] = [];
    for (const [name, value] of Object.entries(labels)) {
      if (name === content_label || name.startsWith(`${content_label}.`)) blobs.push(value);
      else if (name.startsWith(snapshot_label)) this.#markSnapshot(marked, namespace, value);
    }
    return blobs;
  }

  #markSnapshot(marked: Marked, namespace: string, key: string): void {
    const id = `${namespace}/${key}`;
    if (marked.snapshots.has(id)) return;
    marked.snapshots.add(id);
    const row = this.#tables.snapshots.find(namespace, key);
    if (row === null) return;
    this.#markChain(marked, row.diff_ids);
    if (row.diff_ids.length === 0) marked.chains.add(chainName(''));
    // A layer whose tar is evicted comes back from its blob, so that stays, too.
    const diff_ids = new Set(row.diff_ids);
    for (const { key: digest, value } of this.#tables.layers.all())
      if (diff_ids.has(value.diff_id)) this.#markBlob(marked, digest);
    for (const digest of this.#markLabels(marked, namespace, row.labels)) this.#markBlob(marked, digest);
  }

  #markChain(marked: Marked, diff_ids: readonly string[]): void {
    if (diff_ids.length === 0) return;
    for (const diff_id of diff_ids) marked.layers.add(hexName(diff_id));
    for (const name of UnpackedLayers.namesOf(diff_ids)) marked.unpacked.add(name);
    marked.chains.add(chainName(chainID(diff_ids, digester)));
  }

  #sweep(marked: Marked): Collected {
    const { blobs, snapshots } = this.#tables;
    const collected = { blobs: 0, bytes: 0, snapshots: 0, layers: 0 };
    for (const { namespace, key, value } of snapshots.all()) {
      if (marked.snapshots.has(`${namespace}/${key}`)) continue;
      snapshots.delete(namespace, key);
      this.#store.after(() => this.#aftermath.snapshotRemoved(value.folder));
      collected.snapshots++;
    }
    // While a layer or chain is made, what it is made of must stay.
    if (this.#layers.busy || this.#unpacked.busy || !marked.certain) return collected;
    for (const { key: digest, value } of blobs.all()) {
      if (marked.blobs.has(digest) || this.#blobs.isArriving(digest)) continue;
      this.#blobs.remove(digest);
      collected.blobs++;
      collected.bytes += value.size;
    }
    const present = this.#layers.present();
    const layers = present.layers.filter((name) => !marked.layers.has(name));
    const chains = present.chains.filter((name) => !marked.chains.has(name));
    collected.layers = layers.length;
    for (const name of layers) collected.bytes += this.#layers.bytesOf(name);
    const unpacked = this.#unpacked.present().filter((name) => !marked.unpacked.has(name));
    this.#store.after(() => {
      for (const name of unpacked) this.#unpacked.discard(name);
      for (const name of chains) this.#layers.discardChain(name);
      for (const name of layers) this.#layers.discardLayer(name);
    });
    return collected;
  }

  /** What a blob points to; null when it is damaged and nobody can know. */
  #referencesOf(digest: string): References | null {
    const known = this.#references.get(digest);
    if (known !== undefined) return known;
    if (!this.#blobs.has(digest)) return no_references;
    try {
      const bytes = this.#blobs.readDocument(digest, config_bytes_max);
      const references = bytes === null ? no_references : readReferences(bytes);
      this.#references.set(digest, references);
      return references;
    } catch (error) {
      this.#log.warn(`collection spares all content: ${fromUnknown(error).message}`);
      return null;
    }
  }
}
