import { hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, read, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { Mount } from '../core/index.ts';
import { WherryError } from '../errors/index.ts';
import { chunk_bytes } from '../limits/index.ts';
import { type LayerIndex, openIndex } from '../oci/index.ts';
import { mapFile } from '../os/index.ts';

const readInto = promisify(read);

interface OpenLayer {
  readonly tar_fd: number;
  readonly index: LayerIndex;
  readonly folder: string;
}

/** The files of an image as the daemon reads them, each chunk checked against the layer's index. */
export class ImageFiles {
  /** All layers together. */
  readonly index: LayerIndex;
  readonly #folders: readonly string[];
  readonly #layers = new Map<number, OpenLayer>();
  readonly #releases: (() => void)[];

  /** Opens what the mounts of a snapshot speak of: one of the type `wherry`. */
  static open(mounts: readonly Mount[]): ImageFiles {
    const options = mounts.find(({ type }) => type === 'wherry')?.options ?? [];
    const valuesOf = (key: string): string[] =>
      options.flatMap((option) => (option.startsWith(`${key}=`) ? [option.slice(key.length + 1)] : []));
    const [chain] = valuesOf('chain');
    if (chain === undefined) throw new WherryError('InvalidArgument', 'the snapshot has no layers that can be read');
    const releases: (() => void)[] = [];
    return new ImageFiles(openIndex(mapWhole(chain, releases)), valuesOf('layer'), releases);
  }

  private constructor(index: LayerIndex, folders: readonly string[], releases: (() => void)[]) {
    this.index = index;
    this.#folders = folders;
    this.#releases = releases;
  }

  /**
   * Writes the data of a file to `fd`, from its start.
   *
   * @throws WherryError DataLoss when the layer is damaged
   */
  async copy(entry: number, fd: number): Promise<void> {
    const size = this.index.size(entry);
    if (size === 0) return;
    const layer = this.#layer(this.index.layer(entry));
    const start = this.index.offset(entry);
    const end = start + size;
    const buffer = Buffer.allocUnsafe(chunk_bytes);
    for (let chunk = Math.floor(start / chunk_bytes); chunk * chunk_bytes < end; chunk++) {
      const at = chunk * chunk_bytes;
      const bytes = await readChunk(layer, chunk, buffer);
      const wanted = bytes.subarray(Math.max(0, start - at), Math.min(bytes.length, end - at));
      for (let done = 0; done < wanted.length;) done += writeSync(fd, wanted, done);
    }
  }

  /**
   * The first bytes of a file, up to the end of a chunk.
   *
   * @throws WherryError DataLoss when the layer is damaged
   */
  async head(entry: number): Promise<Buffer> {
    const size = this.index.size(entry);
    if (size === 0) return Buffer.alloc(0);
    const offset = this.index.offset(entry);
    const chunk = Math.floor(offset / chunk_bytes);
    const bytes = await readChunk(this.#layer(this.index.layer(entry)), chunk, Buffer.allocUnsafe(chunk_bytes));
    const start = offset - chunk * chunk_bytes;
    return bytes.subarray(start, start + size);
  }

  close(): void {
    for (const release of this.#releases) release();
  }

  #layer(number: number): OpenLayer {
    let layer = this.#layers.get(number);
    if (layer === undefined) {
      const folder = this.#folders[number];
      if (folder === undefined) throw new WherryError('DataLoss', `the image has no layer ${number}`);
      const index = openIndex(mapWhole(join(folder, 'index'), this.#releases));
      const tar_fd = openSync(join(folder, 'tar'), 'r');
      this.#releases.push(() => closeSync(tar_fd));
      layer = { tar_fd, index, folder };
      this.#layers.set(number, layer);
    }
    return layer;
  }
}

async function readChunk({ tar_fd, index, folder }: OpenLayer, chunk: number, buffer: Buffer): Promise<Buffer> {
  const at = chunk * chunk_bytes;
  const length = Math.min(chunk_bytes, index.tarSize - at);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await readInto(tar_fd, buffer, done, length - done, at + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  const bytes = buffer.subarray(0, done);
  if (done === length && hash('sha256', bytes, 'buffer').equals(index.chunkHash(chunk))) return bytes;
  throw new WherryError('DataLoss', `layer ${folder} is damaged at byte ${at}; remove the image and pull it again`);
}

function mapWhole(path: string, releases: (() => void)[]): Uint8Array {
  const fd = openSync(path, 'r');
  try {
    const map = mapFile(fd, fstatSync(fd).size);
    releases.push(() => map.unmap());
    return map.bytes;
  } finally {
    closeSync(fd);
  }
}
