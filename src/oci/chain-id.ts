import { encodeUtf8 } from './bytes.ts';
import { digestOf } from './digest.ts';
import type { Digester } from './hasher.ts';

/**
 * The chainID of each layer in its place, base first: what the layers up to it make together. '' for no layers.
 * image-spec, config.md, "Layer ChainID".
 */
export function chainIDs(diffIDs: readonly string[], digester: Digester): string[] {
  const chain: string[] = [];
  for (const diffID of diffIDs) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffID : digestOf(encodeUtf8(`${below} ${diffID}`), digester));
  }
  return chain;
}

/** The chainID of all layers together; '' when there are none. */
export function chainID(diffIDs: readonly string[], digester: Digester): string {
  return chainIDs(diffIDs, digester).at(-1) ?? '';
}
