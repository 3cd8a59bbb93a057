import {
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  linkSync,
  mkdirSync,
  openSync,
  read,
  renameSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants as zlib, createGunzip, createZstdDecompress } from 'node:zlib';
import { promisify } from 'node:util';

import { WherryError } from '../../errors/index.ts';
import { compressionOf, type Compression, isWasm, LayerIndexer, type IndexedLayer } from '../../oci/index.ts';
import { FileWriter } from '../content/file-writer.ts';
import { digester } from '../digester.ts';
import { syncFolder, temporaryName, writeDurably } from '../durable.ts';
import { fromSystem } from '../system-error.ts';

const readInto = promisify(read);
const piece_bytes = 256 * 1024;

export interface LayerSource {
  readonly digest: string;
  /** The blob's file and bytes. */
  readonly path: string;
  readonly size: number;
  /** The folder that layers lie in. */
  readonly layers: string;
  /** Told how many bytes of the uncompressed layer are done. */
  onProgress(bytes: number): void;
}

/** A layer that is whole and durable under a temporary name. */
export interface BuiltLayer {
  readonly folder: string;
  readonly diff_id: string;
  readonly size: number;
}

/**
 * Expands and indexes a blob into a folder with a temporary name. What needs no expanding is linked, not copied.
 *
 * @throws WherryError InvalidArgument or Unimplemented for what is no layer, ResourceExhausted past a limit, DataLoss
 *   when the blob is damaged
 */
export async function buildLayer(source: LayerSource): Promise<BuiltLayer> {
  const folder = join(source.layers, temporaryName());
  mkdirSync(folder, { mode: 0o700 });
  try {
    const { index, diffID, size } = await expand(source, join(folder, 'tar'));
    await writeDurably(join(folder, 'index'), index);
    await syncFolder(folder);
    return { folder, diff_id: diffID, size };
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true });
    throw fromSystem(thrown, `Cannot unpack layer ${source.digest}`);
  }
}

/** Gives a built layer its name; when one of that name is there already, that one stays. */
export async function placeLayer(built: BuiltLayer, layers: string, target: string): Promise<void> {
  try {
    renameSync(built.folder, target);
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code;
    await rm(built.folder, { recursive: true, force: true });
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw fromSystem(thrown, `Cannot unpack layer ${built.diff_id}`);
  }
  await syncFolder(layers);
}

async function expand(source: LayerSource, tar: string): Promise<IndexedLayer> {
  const first = await head(source.path);
  const compression = compressionOf(first);
  if (compression === 'none') return indexPlain(source, tar, isWasm(first));
  if (compression === 'gzip' || compression === 'zstd') return expandCompressed(source, tar, compression);
  throw new WherryError(
    'Unimplemented',
    `Cannot unpack layer ${source.digest}: ${compression} is not a compression of image layers. Use gzip or zstd.`,
  );
}

async function indexPlain(source: LayerSource, tar: string, module: boolean): Promise<IndexedLayer> {
  const indexer = new LayerIndexer({ digester, module });
  const fd = openSync(source.path, 'r');
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(source.size, piece_bytes)));
    for (;;) {
      const { bytesRead } = await readInto(fd, buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      indexer.write(buffer.subarray(0, bytesRead));
      source.onProgress(indexer.size);
    }
  } finally {
    closeSync(fd);
  }
  const layer = indexer.finish();
  if (source.digest.startsWith('sha256:') && layer.diffID !== source.digest) throw damaged(source.digest);
  try {
    linkSync(source.path, tar);
  } catch {
    // Not every filesystem has links, and a file can have too many.
    copyFileSync(source.path, tar, constants.COPYFILE_FICLONE);
  }
  return layer;
}

async function expandCompressed(source: LayerSource, tar: string, compression: 'gzip' | 'zstd'): Promise<IndexedLayer> {
  const indexer = new LayerIndexer({ digester, compressedSize: source.size });
  const compressed = digester(source.digest.startsWith('sha512:') ? 'sha512' : 'sha256');
  const fd = openSync(tar, 'wx', 0o600);
  try {
    const writer = new FileWriter(fd, 0, null);
    const blob = createReadStream(source.path, { highWaterMark: piece_bytes });
    blob.on('data', (piece) => compressed.update(piece as Buffer));
    await pipeline(blob, expander(compression), async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        indexer.write(piece);
        const behind = writer.append(piece);
        if (behind !== null) await behind;
        source.onProgress(indexer.size);
      }
    });
    await writer.finish();
  } catch (thrown) {
    throw damagedStream(source.digest, compression, thrown);
  } finally {
    closeSync(fd);
  }
  if (`${source.digest.split(':')[0]}:${compressed.digest()}` !== source.digest) throw damaged(source.digest);
  return indexer.finish();
}

function expander(compression: 'gzip' | 'zstd'): NodeJS.ReadWriteStream {
  if (compression === 'gzip') return createGunzip({ chunkSize: piece_bytes });
  // A window larger than 128 MiB is asked for by no tool's defaults, and it is memory.
  return createZstdDecompress({ chunkSize: piece_bytes, params: { [zlib.ZSTD_d_windowLogMax]: 27 } });
}

function damaged(digest: string): WherryError {
  return new WherryError(
    'DataLoss',
    `Cannot unpack layer ${digest}: the blob is damaged. Remove the image and pull it again.`,
  );
}

/** zlib's own errors have codes such as `Z_DATA_ERROR`; they speak of what came from outside. */
function damagedStream(digest: string, compression: Compression, thrown: unknown): unknown {
  const code = String((thrown as { code?: unknown } | null)?.code ?? '');
  if (!code.startsWith('Z_') && !code.startsWith('ZSTD_') && !code.startsWith('ERR_ZLIB')) return thrown;
  return new WherryError(
    'InvalidArgument',
    `Cannot unpack layer ${digest}: it is no sound ${compression} stream (${(thrown as Error).message}).`,
    { cause: thrown },
  );
}

async function head(path: string): Promise<Buffer> {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(8);
    const { bytesRead } = await readInto(fd, buffer, 0, 8, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    closeSync(fd);
  }
}
