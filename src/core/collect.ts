import { fromUnknown } from '../errors/index.ts';
import { config_bytes_max } from '../limits/index.ts';
import type { Blobs } from './content/blobs.ts';
import type { Ingests } from './content/ingests.ts';
import type { LayerStore } from './layers/layer-store.ts';
import type { Log } from './log.ts';
import { Marking } from './marking.ts';
import type { Collected } from './model.ts';
import { no_references, readReferences, type References } from './references.ts';
import { folderPiece } from './snapshots/pieces.ts';
import { objectEvent } from './store/object-events.ts';
import type { Publish } from './store/scope.ts';
import { partsOfSpace, snapshotPlace } from './store/snapshot-space.ts';
import type { Store } from './store/store.ts';
import { no_namespace, type Tables } from './store/tables.ts';
import type { Aftermath } from './store/transaction.ts';
import type { UnpackedLayers } from './unpacked/unpacked-layers.ts';

export interface CollectOptions {
  /** What came to be so short a time ago stays. */
  readonly spare_ms?: number;
}

export interface CollectorOptions {
  readonly store: Store;
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly ingests: Ingests;
  readonly layers: LayerStore;
  readonly unpacked: UnpackedLayers;
  readonly aftermath: Aftermath;
  readonly publish: Publish;
  readonly log: Log;
}

/**
 * Mark and sweep. Marking and sweeping are one synchronous act, so nothing can come to be between them; documents were
 * read before and are remembered, since what is under a digest never changes.
 */
export class Collector {
  readonly #store: Store;
  readonly #tables: Tables;
  readonly #blobs: Blobs;
  readonly #ingests: Ingests;
  readonly #layers: LayerStore;
  readonly #unpacked: UnpackedLayers;
  readonly #aftermath: Aftermath;
  readonly #publish: Publish;
  readonly #log: Log;
  readonly #complain = (error: Error): void => this.#log.warn(`cannot remove an ingest: ${error.message}`);
  readonly #references = new Map<string, References>();

  constructor({ store, tables, blobs, ingests, layers, unpacked, aftermath, publish, log }: CollectorOptions) {
    this.#store = store;
    this.#tables = tables;
    this.#blobs = blobs;
    this.#ingests = ingests;
    this.#layers = layers;
    this.#unpacked = unpacked;
    this.#aftermath = aftermath;
    this.#publish = publish;
    this.#log = log;
  }

  async collect({ spare_ms = 0 }: CollectOptions = {}): Promise<Collected> {
    await this.#readAhead();
    return this.#store.transact(() => {
      this.#dropExpired();
      const marking = new Marking({
        tables: this.#tables,
        ingests: this.#ingests,
        documentReferences: (digest) => this.#referencesOf(digest),
        spare_since: spare_ms === 0 ? null : new Date(Date.now() - spare_ms).toISOString(),
      });
      return this.#sweep(marking);
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

  #sweep(marking: Marking): Collected {
    const { images, contents, blobs, snapshots } = this.#tables;
    const collected = { blobs: 0, bytes: 0, snapshots: 0, layers: 0 };
    for (const { namespace, key, value } of snapshots.all()) {
      if (marking.snapshots.has(snapshotPlace(namespace, key))) continue;
      snapshots.delete(namespace, key);
      this.#tables.layers.delete(no_namespace, folderPiece(value.folder));
      this.#store.after(() => this.#aftermath.snapshotRemoved(value.folder));
      const { namespace: of, snapshotter } = partsOfSpace(namespace);
      this.#publish(of, objectEvent.snapshotRemove(snapshotter, key));
      collected.snapshots++;
    }
    for (const { namespace, key } of images.all()) {
      if (marking.images.has(`${namespace}/${key}`)) continue;
      images.delete(namespace, key);
      this.#store.after(() => this.#aftermath.imagesChanged());
      this.#publish(namespace, objectEvent.imageDelete(key));
    }
    this.#sweepIngests();
    // While a layer or chain is made, what it is made of must stay.
    if (this.#layers.busy || this.#unpacked.busy || !marking.certain) return collected;
    const seen = new Set<string>();
    for (const { namespace, key: digest } of contents.all()) {
      if (marking.content.has(`${namespace}/${digest}`) || this.#blobs.isArriving(digest)) seen.add(digest);
      else contents.delete(namespace, digest);
    }
    for (const { key: digest, value } of blobs.all()) {
      if (seen.has(digest) || marking.blobs.has(digest) || this.#blobs.isArriving(digest)) continue;
      this.#blobs.remove(digest);
      collected.blobs++;
      collected.bytes += value.size;
    }
    const present = this.#layers.present();
    const layers = present.layers.filter((name) => !marking.layers.has(name));
    const chains = present.chains.filter((name) => !marking.chains.has(name));
    const unpacked = this.#unpacked
      .present()
      .filter((name) => !marking.unpacked.has(name))
      .filter((name) => !marking.unpacked_spare.has(name) || this.#unpacked.isStale(name));
    collected.layers = layers.length;
    for (const name of layers) collected.bytes += this.#layers.bytesOf(name);
    this.#store.after(() => {
      for (const name of chains) this.#layers.discardChain(name);
      for (const name of layers) this.#layers.discardLayer(name);
      for (const name of unpacked) this.#unpacked.discard(name);
    });
    return collected;
  }

  /** Throws away ingests that nobody writes, no lease holds and whose time is up. */
  #sweepIngests(): void {
    const { leases } = this.#tables;
    const now = new Date();
    for (const known of this.#ingests.all()) {
      const { record, holder, expires_at } = known;
      if (holder !== null || (expires_at !== null && expires_at > now)) continue;
      const is_held = leases
        .list(record.namespace)
        .some(
          ({ key, value }) =>
            known.leases.has(key) || value.resources.some(({ type, id }) => type === 'ingests' && id === record.ref),
        );
      if (!is_held) this.#store.after(() => void this.#ingests.discard(known).catch(this.#complain));
    }
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
