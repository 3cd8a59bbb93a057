import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { entryType, type LayerIndex, openIndex } from '../../oci/index.ts';
import { mapFile } from '../../os/index.ts';
import type { Mount } from '../model.ts';

/** What of a container's specification says which program it is. */
export interface ProgramWords {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
}

/** How many symbolic links a path may lead through. */
const links_max = 40;

/**
 * The first bytes of the program that a container would run, as its layers have it; null when they have none, or it is
 * no file. `mounts` are those of its snapshot for our own shim.
 */
export function firstBytesOfProgram(mounts: readonly Mount[], words: ProgramWords): Uint8Array | null {
  const options = mounts.find(({ type }) => type === 'wherry')?.options ?? [];
  const values = (key: string): string[] =>
    options.flatMap((option) => (option.startsWith(`${key}=`) ? [option.slice(key.length + 1)] : []));
  const [chain] = values('chain');
  if (chain === undefined) return null;
  const fd = openSync(chain, 'r');
  try {
    const map = mapFile(fd, fstatSync(fd).size);
    try {
      const index = openIndex(map.bytes);
      const entry = candidates(words)
        .map((path) => find(index, path))
        .find((found) => found !== null);
      return entry === undefined || entry === null ? null : readFirst(index, entry, values('layer'));
    } finally {
      map.unmap();
    }
  } finally {
    closeSync(fd);
  }
}

/** Where a runtime looks for it: as our own shim does, `.wasm` left out or not. */
function candidates({ args, env, cwd }: ProgramWords): string[] {
  const [entry = ''] = args;
  const hash = entry.lastIndexOf('#');
  const name = hash > 0 ? entry.slice(0, hash) : entry;
  if (name === '') return [];
  const path = env.find((each) => each.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const folders = name.includes('/') ? [cwd] : [cwd, ...path.split(':')];
  const found = name.startsWith('/') ? [name] : folders.map((folder) => `${folder}/${name}`);
  return found.flatMap((each) => (each.endsWith('.wasm') ? [each] : [each, `${each}.wasm`]));
}

/** The regular file at `path`, through symbolic links; null for none. */
function find(index: LayerIndex, path: string): number | null {
  const rest = path.split('/').reverse();
  let at = index.root;
  let links = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      at = index.parent(at);
      continue;
    }
    if (index.type(at) !== entryType.directory) return null;
    const child = index.child(at, name);
    if (child < 0) return null;
    if (index.type(child) !== entryType.symlink) {
      at = child;
      continue;
    }
    if (++links > links_max) return null;
    const target = index.target(child);
    if (target.startsWith('/')) at = index.root;
    rest.push(...target.split('/').reverse());
  }
  return index.type(at) === entryType.file ? at : null;
}

function readFirst(index: LayerIndex, entry: number, layers: readonly string[]): Uint8Array | null {
  const folder = layers[index.layer(entry)];
  if (folder === undefined) return null;
  const bytes = new Uint8Array(Math.min(4, index.size(entry)));
  const fd = openSync(join(folder, 'tar'), 'r');
  try {
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, index.offset(entry)));
  } finally {
    closeSync(fd);
  }
}
