import { WherryError } from '../errors/index.ts';
import { symlinks_followed_max } from '../limits/index.ts';
import { encodeUtf8 } from './bytes.ts';
import type { Digester } from './hasher.ts';
import type { LayerIndex } from './layer-index.ts';
import { entryType } from './layer-index-format.ts';

/** An uncompressed image archive that lies somewhere and was indexed like a layer. */
export interface ArchiveSource {
  readonly index: LayerIndex;
  readonly digester: Digester;
  /** Gives `length` bytes of the archive from `offset`. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The digest (`sha256:<hex>`) of `length` bytes from `offset`. */
  digest(offset: number, length: number): Promise<string>;
}

/** Where a file's data lie in the archive, in bytes. */
export interface ArchivePlace {
  readonly offset: number;
  readonly size: number;
}

/** The place of the file at `path`, through symlinks inside the archive; undefined when there is none. */
export function findFile(index: LayerIndex, path: string): ArchivePlace | undefined {
  const todo = path.split('/').reverse();
  let links = symlinks_followed_max;
  let entry = index.root;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '' || name === '.') continue;
    if (index.type(entry) !== entryType.directory) return undefined;
    if (name === '..') {
      entry = index.parent(entry);
      continue;
    }
    const child = index.child(entry, encodeUtf8(name));
    if (child < 0) return undefined;
    if (index.type(child) !== entryType.symlink) {
      entry = child;
      continue;
    }
    if (links-- === 0) return undefined;
    const target = index.target(child);
    if (target.startsWith('/')) entry = index.root;
    todo.push(...target.split('/').reverse());
  }
  if (index.type(entry) !== entryType.file) return undefined;
  return { offset: index.offset(entry), size: index.size(entry) };
}

/** Reads a small file of the archive; undefined when there is none. Throws `ResourceExhausted` past `bytes_max`. */
export async function readDocument(
  source: ArchiveSource,
  path: string,
  bytes_max: number,
): Promise<Uint8Array | undefined> {
  const place = findFile(source.index, path);
  return place === undefined ? undefined : readPlace(source, place, path, bytes_max);
}

export async function readPlace(
  source: ArchiveSource,
  place: ArchivePlace,
  path: string,
  bytes_max: number,
): Promise<Uint8Array> {
  if (place.size > bytes_max) {
    const problem = `${JSON.stringify(path)} has ${place.size} bytes, more than ${bytes_max}`;
    throw new WherryError('ResourceExhausted', `cannot load the archive: ${problem}`);
  }
  const bytes = await source.read(place.offset, place.size);
  if (bytes.length !== place.size) {
    throw new WherryError('DataLoss', `cannot load the archive: ${JSON.stringify(path)} is cut off`);
  }
  return bytes;
}

export function badArchive(problem: string, cause?: unknown): WherryError<'InvalidArgument'> {
  return new WherryError('InvalidArgument', `cannot load the archive: ${problem}`, { cause });
}
