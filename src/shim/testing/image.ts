import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bareModulePath, type Digester, LayerIndexer, mergeIndexes, openIndex } from '../../oci/index.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

/** An image of one layer, as the store keeps it. */
export interface TestImage {
  readonly chain: string;
  readonly layer: string;
}

/** The program of every `TestImage`. */
export const program: string = bareModulePath;

/** Makes an image of the module `bytes` in `folder`. */
export function moduleImage(folder: string, bytes: Uint8Array): TestImage {
  const indexer = new LayerIndexer({ digester, module: true });
  indexer.write(bytes);
  const { index, diffID } = indexer.finish();
  const hex = diffID.slice('sha256:'.length);
  const layer = join(folder, 'layers', hex);
  mkdirSync(layer, { recursive: true });
  writeFileSync(join(layer, 'tar'), bytes);
  writeFileSync(join(layer, 'index'), index);
  const chain = join(folder, `chain-${hex}`);
  writeFileSync(chain, mergeIndexes([openIndex(index)], digester));
  return { chain, layer };
}

/** The module of one of the examples. */
export function example(name: 'hello' | 'clock' | 'wordcount'): Uint8Array {
  return readFileSync(new URL(`../../../examples/${name}/${name}.wasm`, import.meta.url));
}
