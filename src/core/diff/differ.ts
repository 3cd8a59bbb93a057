import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { createGzip, createZstdCompress } from 'node:zlib';

import { isClass, WherryError } from '../../errors/index.ts';
import { type Descriptor, isModuleType, isTarLayerType, mediaType } from '../../oci/index.ts';
import { syncFilesystem } from '../../os/index.ts';
import type { LayerStore } from '../layers/layer-store.ts';
import type { ApplyOptions, Content, ContentWriter, Differ, DiffOptions, Labels, Mount } from '../model.ts';
import type { Paths } from '../paths.ts';
import { snapshotOfMounts } from '../snapshots/apply-mounts.ts';
import { readOnly, withMounts } from '../snapshots/temporary-mount.ts';
import { knownSpace } from '../store/snapshot-space.ts';
import type { Store } from '../store/store.ts';
import type { Tables } from '../store/tables.ts';
import { fromSystem } from '../system-error.ts';
import { extractOver } from '../unpacked/tree-writer.ts';
import { changesOf } from './changes.ts';
import { writeChanges } from './write-changes.ts';

export interface DifferOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
  readonly layers: LayerStore;
  readonly content: Content;
}

const uncompressed_label = 'containerd.io/uncompressed';

/** containerd's differ, as one namespace has it. */
export function createDiffer(namespace: string, options: DifferOptions): Differ {
  return {
    apply: (layer, mounts, how = {}) => apply(namespace, options, layer, mounts, how),
    diff: (left, right, how = {}) => diff(options, left, right, how),
  };
}

async function apply(
  namespace: string,
  options: DifferOptions,
  { mediaType: media_type, digest }: Descriptor,
  mounts: readonly Mount[],
  { sync = false }: ApplyOptions,
): Promise<Descriptor> {
  const { layers, content, paths } = options;
  if (!isTarLayerType(media_type) && !isModuleType(media_type)) {
    throw new WherryError('Unknown', `failed to get stream processor for ${media_type}: no processor for media-type`);
  }
  await readable(content, digest);
  const { diff_id, size } = await layers.fromBlob(digest, media_type, null);
  const made = { mediaType: mediaType.ociLayer, digest: diff_id, size };
  const target = snapshotOfMounts(mounts);
  if (target !== null) {
    applyInPlace(namespace, options, target, diff_id);
    return made;
  }
  await withMounts(paths, mounts, async (path) => {
    const root = openSync(path, 'r');
    const tar = openSync(layers.tarPath(diff_id), 'r');
    const { index, close } = layers.openIndex(diff_id);
    try {
      await extractOver({ index, wanted: () => true, removed: () => [], tar: () => tar }, root);
      if (sync) await syncFilesystem(root);
    } catch (thrown) {
      throw fromSystem(thrown, `Cannot extract ${digest}`);
    } finally {
      close();
      closeSync(tar);
      closeSync(root);
    }
  });
  return made;
}

async function readable(content: Content, digest: string): Promise<void> {
  try {
    await content.info(digest);
  } catch (error) {
    if (!isClass(error, 'NotFound')) throw error;
    throw new WherryError('NotFound', `failed to get reader from content store: ${error.message}`, { cause: error });
  }
}

/** Notes on a snapshot that it has a layer more; when it is committed, that is durable. */
function applyInPlace(
  namespace: string,
  { store, tables }: DifferOptions,
  { snapshotter, key }: { readonly snapshotter: string; readonly key: string },
  diff_id: string,
): void {
  store.actNow(() => {
    const space = knownSpace(namespace, snapshotter);
    const row = space === null ? null : tables.snapshots.find(space, key);
    if (space === null || row === null) {
      throw new WherryError('NotFound', `snapshot ${key} does not exist: not found`);
    }
    if (row.kind !== 'active') {
      throw new WherryError('FailedPrecondition', `snapshot "${key}" is not active: failed precondition`);
    }
    tables.snapshots.put(space, key, { ...row, applied: [...(row.applied ?? []), diff_id] });
  });
}

type Compression = 'none' | 'gzip' | 'zstd';

const compressions: ReadonlyMap<string, Compression> = new Map([
  [mediaType.ociLayer, 'none'],
  [mediaType.ociLayerGzip, 'gzip'],
  [mediaType.ociLayerZstd, 'zstd'],
]);

async function diff(
  { paths, content }: DifferOptions,
  left: readonly Mount[],
  right: readonly Mount[],
  how: DiffOptions,
): Promise<Descriptor> {
  const { ref, labels = {}, time_max_s = null, lease } = how;
  const media_type = how.media_type || mediaType.ociLayerGzip;
  const compression = compressions.get(media_type);
  if (compression === undefined) {
    throw new WherryError('Unimplemented', `unsupported diff media type: ${media_type}: not implemented`);
  }
  return await withMounts(paths, readOnly(left), (lower_path) =>
    withMounts(paths, readOnly(right), async (upper_path) => {
      const writer = await openWriter(content, ref, lease);
      const lower = openSync(lower_path, 'r');
      const upper = openSync(upper_path, 'r');
      try {
        const sink = new LayerSink(writer, compression);
        await writeChanges(changesOf(upper, { kind: 'tree', lower }), {
          time_max_s,
          write: (bytes) => sink.write(bytes),
        });
        const { digest, size, diff_id } = await sink.finish();
        await commit(content, writer, { digest, size }, { ...labels, [uncompressed_label]: diff_id });
        return { mediaType: media_type, digest, size };
      } catch (thrown) {
        await writer.abort();
        throw fromSystem(thrown, 'Cannot write the difference');
      } finally {
        closeSync(lower);
        closeSync(upper);
      }
    }),
  );
}

/** A writer from the start: what an ingest of this name had before is thrown away. */
async function openWriter(
  content: Content,
  ref: string | undefined,
  lease: string | undefined,
): Promise<ContentWriter> {
  const name = ref || `diff-${randomBytes(16).toString('hex')}`;
  const options = lease === undefined ? {} : { lease };
  const writer = await content.writer(name, {}, options);
  if (writer.offset === 0) return writer;
  await writer.abort();
  return await content.writer(name, {}, options);
}

async function commit(
  content: Content,
  writer: ContentWriter,
  { digest, size }: { readonly digest: string; readonly size: number },
  labels: Labels,
): Promise<void> {
  try {
    await writer.commit(size, digest, labels);
  } catch (error) {
    if (!isClass(error, 'AlreadyExists')) throw error;
    const { labels: before } = await content.info(digest);
    if (before[uncompressed_label] !== undefined) return;
    await content.setLabels(digest, { ...before, [uncompressed_label]: labels[uncompressed_label]! });
  }
}

/** Takes the uncompressed layer; hashes it, compresses it, writes it. */
class LayerSink {
  readonly #writer: ContentWriter;
  readonly #compressor: Transform | null;
  readonly #plain = createHash('sha256');
  readonly #written = createHash('sha256');
  #size = 0;
  /** What is being written of what the compressor gave. */
  readonly #pumping: Promise<void>;

  constructor(writer: ContentWriter, compression: Compression) {
    this.#writer = writer;
    this.#compressor = compression === 'none' ? null : compression === 'gzip' ? createGzip() : createZstdCompress();
    this.#pumping = this.#compressor === null ? Promise.resolve() : this.#pump(this.#compressor);
    // It is waited for at the end, and may fail before.
    this.#pumping.catch(() => {});
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#plain.update(bytes);
    if (this.#compressor === null) {
      await this.#put(bytes);
      return;
    }
    // The caller's buffer is its own again when this is done.
    const taken = this.#compressor.write(Uint8Array.from(bytes));
    if (!taken) await Promise.race([once(this.#compressor, 'drain'), this.#pumping]);
  }

  async finish(): Promise<{ readonly digest: string; readonly size: number; readonly diff_id: string }> {
    this.#compressor?.end();
    await this.#pumping;
    return {
      digest: `sha256:${this.#written.digest('hex')}`,
      size: this.#size,
      diff_id: `sha256:${this.#plain.digest('hex')}`,
    };
  }

  async #pump(compressor: Transform): Promise<void> {
    for await (const piece of compressor) await this.#put(piece as Buffer);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#written.update(bytes);
    this.#size += bytes.length;
    await this.#writer.write(bytes);
  }
}
