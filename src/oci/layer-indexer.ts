import { chunk_bytes, layer_expansion_ratio_max } from '../limits/index.ts';
import { encodeUtf8, fromHex, noBytes } from './bytes.ts';
import type { Digester, Hasher } from './hasher.ts';
import { LayerError } from './layer-error.ts';
import { entryType, hash_bytes } from './layer-index-format.ts';
import { type LayerLimits, LayerTree } from './layer-tree.ts';
import { TarReader } from './tar-reader.ts';

/** Where a layer that is a bare module has it. */
export const bareModulePath: string = '/module.wasm';

export interface LayerIndexerOptions {
  readonly digester: Digester;
  /** Bytes of the compressed blob the tar comes from: bounds how much it may expand. */
  readonly compressedSize?: number;
  /**
   * The layer is not a tar but a bare module: its index has one file, `bareModulePath`, whose data are the blob itself
   * from byte 0. The name is fixed because layers are kept by what they contain, not by what a file was called.
   */
  readonly module?: boolean;
  readonly limits?: LayerLimits;
}

/** What is known of a layer once all of it went by. */
export interface IndexedLayer {
  /** The index file. */
  readonly index: Uint8Array;
  /** SHA-256 of the uncompressed layer: `sha256:<hex>`. */
  readonly diffID: string;
  /** Bytes of the uncompressed layer. */
  readonly size: number;
}

/**
 * Indexes a layer while its uncompressed bytes go by: reads the tar, hashes the whole and each 64 KiB chunk.
 * `write` each piece, then `finish`; both throw `LayerError`.
 */
export class LayerIndexer {
  readonly #digester: Digester;
  readonly #tree: LayerTree;
  readonly #tar: TarReader | undefined;
  readonly #module: boolean;
  readonly #bytesMax: number;
  readonly #whole: Hasher;
  #chunk: Hasher | undefined;
  #chunkFilled = 0;
  #hashes: Uint8Array<ArrayBuffer> = new Uint8Array(64 * hash_bytes);
  #chunks = 0;
  #size = 0;

  constructor(options: LayerIndexerOptions) {
    this.#digester = options.digester;
    this.#tree = new LayerTree(options.limits);
    this.#module = options.module === true;
    this.#tar = this.#module ? undefined : new TarReader((entry) => this.#tree.add(entry));
    // A tar is at least padded to 10 KiB, mostly with zeros: small blobs may expand further.
    const ratio_free_bytes = 1024 * 1024;
    this.#bytesMax =
      options.compressedSize === undefined
        ? Infinity
        : Math.max(ratio_free_bytes, options.compressedSize * layer_expansion_ratio_max);
    this.#whole = options.digester('sha256');
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size;
  }

  write(piece: Uint8Array): void {
    if (this.#size + piece.length > this.#bytesMax) {
      throw new LayerError(
        'ResourceExhausted',
        `it expands to more than ${layer_expansion_ratio_max} times its compressed size`,
        { offset: this.#size },
      );
    }
    this.#tar?.write(piece);
    this.#whole.update(piece);
    this.#hashChunks(piece);
    this.#size += piece.length;
  }

  finish(): IndexedLayer {
    this.#tar?.end();
    if (this.#chunkFilled > 0) this.#endChunk();
    if (this.#module) this.#addModule();
    const hashes = this.#hashes.subarray(0, this.#chunks * hash_bytes);
    const index = this.#tree.write(this.#size, hashes, this.#digester);
    return { index, diffID: `sha256:${this.#whole.digest()}`, size: this.#size };
  }

  #addModule(): void {
    this.#tree.add({
      name: encodeUtf8(bareModulePath),
      link: noBytes,
      header: 0,
      type: entryType.file,
      mode: 0o755,
      uid: 0,
      gid: 0,
      size: this.#size,
      mtime_s: 0,
      mtime_nsec: 0,
      offset: 0,
    });
  }

  #hashChunks(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.length) {
      const part = Math.min(chunk_bytes - this.#chunkFilled, piece.length - at);
      this.#chunk ??= this.#digester('sha256');
      this.#chunk.update(piece.subarray(at, at + part));
      this.#chunkFilled += part;
      at += part;
      if (this.#chunkFilled === chunk_bytes) this.#endChunk();
    }
  }

  #endChunk(): void {
    const hash = this.#chunk === undefined ? undefined : fromHex(this.#chunk.digest(), hash_bytes);
    if (hash === undefined) throw new TypeError('the digester did not give 64 lower-case hex digits for sha256');
    const at = this.#chunks * hash_bytes;
    if (at === this.#hashes.length) this.#hashes = new Uint8Array(this.#hashes.buffer.transfer(at * 2));
    this.#hashes.set(hash, at);
    this.#chunks++;
    this.#chunk = undefined;
    this.#chunkFilled = 0;
  }
}

/** Indexes a whole layer from its uncompressed pieces. */
export async function indexLayer(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: LayerIndexerOptions,
): Promise<IndexedLayer> {
  const indexer = new LayerIndexer(options);
  for await (const piece of pieces) indexer.write(piece);
  return indexer.finish();
}
