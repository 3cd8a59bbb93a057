import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, read, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGunzip, createZstdDecompress } from 'node:zlib';

import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { archive_read_bytes, layer_expansion_ratio_max } from '../../limits/index.ts';
import {
  type ArchiveSource,
  compressionOf,
  type Digester,
  LayerError,
  LayerIndexer,
  openIndex,
} from '../../oci/index.ts';
import { peek } from './body.ts';
import { FileWriter } from '../content/file-writer.ts';
import { digester } from '../digester.ts';

const readInto = promisify(read);
/** So much may any archive expand to, however small it is. */
const ratio_free_bytes = 1024 * 1024;

/** What is said of a body that is no archive at all. */
export interface ArchiveTexts {
  readonly empty: string;
  readonly foreign: string;
  /** Of one that ends too early; left out where the tar reader's own words will do. */
  readonly cut?: string;
}

const load_texts: ArchiveTexts = {
  empty: 'cannot load the archive: it is empty',
  foreign: 'cannot load the archive: it is neither a tar archive nor a WebAssembly module',
};

/** An archive that lies in a file of its own until it is closed. */
export interface SpooledArchive extends ArchiveSource {
  /** Gives the bytes of a file of the archive from `offset` on. The pieces are only good until the next is asked for. */
  pieces(offset: number, length: number): AsyncIterable<Uint8Array>;
  close(): void;
}

/**
 * Takes an archive, plain or compressed with gzip or zstd, into a file in `folder` that has no name and so is gone
 * with the process, and indexes it on the way.
 *
 * @throws WherryError InvalidArgument for what is no tar, is cut off, or has paths that lead outside
 */
export async function spoolArchive(
  body: AsyncIterable<Uint8Array>,
  folder: string,
  texts: ArchiveTexts = load_texts,
): Promise<SpooledArchive> {
  const fd = openUnnamed(folder);
  try {
    const { first, whole } = await peek(body, 6);
    if (first.length === 0) throw new WherryError('InvalidArgument', texts.empty);
    const index = await spool(fd, expanded(whole, first));
    return {
      index: openIndex(index),
      digester,
      read: (offset, length) => readPlace(fd, offset, length),
      digest: async (offset, length) => {
        const hash = createHash('sha256');
        for await (const piece of pieces(fd, offset, length)) hash.update(piece);
        return `sha256:${hash.digest('hex')}`;
      },
      pieces: (offset, length) => pieces(fd, offset, length),
      close: () => closeSync(fd),
    };
  } catch (thrown) {
    closeSync(fd);
    throw archiveError(thrown, texts);
  }
}

function openUnnamed(folder: string): number {
  const path = join(folder, `spool-${randomUUID()}`);
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}

/** The archive is read once and then gone: nobody will check its bytes against the index. */
const unhashed: Digester = () => ({ update: () => {}, digest: () => '0'.repeat(64) });

async function spool(fd: number, tar: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const indexer = new LayerIndexer({ digester: unhashed });
  const writer = new FileWriter(fd, 0, null);
  for await (const piece of tar) {
    indexer.write(piece);
    const behind = writer.append(piece);
    if (behind !== null) await behind;
  }
  await writer.flush();
  return indexer.finish().index;
}

async function* expanded(whole: AsyncIterable<Uint8Array>, first: Uint8Array): AsyncGenerator<Uint8Array> {
  const compression = compressionOf(first);
  if (compression === 'none') {
    yield* whole;
    return;
  }
  if (compression !== 'gzip' && compression !== 'zstd') {
    throw refused(`it is compressed with ${compression}: unsupported archive compression`);
  }
  const expander =
    compression === 'gzip'
      ? createGunzip({ chunkSize: archive_read_bytes })
      : createZstdDecompress({ chunkSize: archive_read_bytes });
  let compressed_bytes = 0;
  const feed = async (): Promise<void> => {
    for await (const piece of whole) {
      compressed_bytes += piece.length;
      if (!expander.write(piece)) await new Promise((resolve) => expander.once('drain', resolve));
    }
    expander.end();
  };
  feed().catch((error: Error) => expander.destroy(error));
  let expanded_bytes = 0;
  for await (const piece of expander as AsyncIterable<Buffer>) {
    expanded_bytes += piece.length;
    if (expanded_bytes > Math.max(ratio_free_bytes, compressed_bytes * layer_expansion_ratio_max)) {
      throw new WherryError(
        'ResourceExhausted',
        `cannot load the archive: it expands to more than ${layer_expansion_ratio_max} times its compressed size`,
      );
    }
    yield piece;
  }
}

async function* pieces(fd: number, offset: number, length: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(length, archive_read_bytes)));
  for (let done = 0; done < length;) {
    const { bytesRead } = await readInto(fd, buffer, 0, Math.min(buffer.length, length - done), offset + done);
    if (bytesRead === 0) throw refused('it is cut off');
    done += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readPlace(fd: number, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await readInto(fd, bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** What is wrong with the tar or with its compression, told of the archive. */
function archiveError(thrown: unknown, texts: ArchiveTexts): WherryError {
  if (thrown instanceof LayerError && thrown.offset === 0 && thrown.entry === undefined) {
    return new WherryError('InvalidArgument', texts.foreign, { cause: thrown });
  }
  if (thrown instanceof LayerError && texts.cut !== undefined && thrown.message.endsWith('it is cut off')) {
    return new WherryError('InvalidArgument', texts.cut, { cause: thrown });
  }
  if (thrown instanceof LayerError) {
    const message = thrown.message.replace('cannot read the layer', 'cannot load the archive');
    return new WherryError(thrown.class, message, { cause: thrown });
  }
  const code = String((thrown as { code?: unknown } | null)?.code ?? '');
  if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('ERR_ZLIB')) {
    return refused(`its compression is damaged or cut off (${(thrown as Error).message})`, thrown);
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const problem = 'no space left on device; remove images that are not needed with `docker image prune`';
    return new WherryError('ResourceExhausted', `cannot load the archive: ${problem}`, { cause: thrown });
  }
  const error = fromUnknown(thrown);
  return isClass(error, 'Unknown')
    ? new WherryError('Unknown', `cannot load the archive: ${error.message}`, { cause: thrown })
    : error;
}

function refused(problem: string, cause?: unknown): WherryError<'InvalidArgument'> {
  return new WherryError('InvalidArgument', `cannot load the archive: ${problem}`, { cause });
}
