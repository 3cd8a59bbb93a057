import { createHash } from 'node:crypto';

import { type Digester, LayerIndexer, mergeIndexes, openIndex } from '../../oci/index.ts';

/** `rehearsal.wat`, assembled: prints a line after it has asked for all that libc asks for at its start. */
const module_base64: readonly string[] = [
  'AGFzbQEAAAABLwdgBH9/f38Bf2ACf38Bf2ADf35/AX9gCX9/f39/fn5/fwF/YAF/AX9gAX8AYAAAAr0DDBZ3YXNpX3NuYXBzaG90',
  'X3ByZXZpZXcxCGZkX3dyaXRlAAAWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQ5hcmdzX3NpemVzX2dldAABFndhc2lfc25hcHNob3Rf',
  'cHJldmlldzEIYXJnc19nZXQAARZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxEWVudmlyb25fc2l6ZXNfZ2V0AAEWd2FzaV9zbmFwc2hv',
  'dF9wcmV2aWV3MQtlbnZpcm9uX2dldAABFndhc2lfc25hcHNob3RfcHJldmlldzEOZmRfcHJlc3RhdF9nZXQAARZ3YXNpX3NuYXBz',
  'aG90X3ByZXZpZXcxDWZkX2Zkc3RhdF9nZXQAARZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxDmNsb2NrX3RpbWVfZ2V0AAIWd2FzaV9z',
  'bmFwc2hvdF9wcmV2aWV3MQlwYXRoX29wZW4AAxZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxB2ZkX3JlYWQAABZ3YXNpX3NuYXBzaG90',
  'X3ByZXZpZXcxCGZkX2Nsb3NlAAQWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQlwcm9jX2V4aXQABQMCAQYFAwEAAgcTAgZtZW1vcnkC',
  'AAZfc3RhcnQADAqhAQGeAQBBAEEEEAEaQYAIQYAQEAIaQQBBBBADGkGACEGAEBAEGkEDQQgQBRpBBEEIEAUaQQFBgAgQBhpBAUIA',
  'QYAIEAcaQQNBAUHQAEELQQBCAkIAQQBBIBAIRQRAQRBBgCA2AgBBFEEQNgIAQSAoAgBBEEEBQRgQCRpBICgCABAKGgtBEEHAADYC',
  'AEEUQQo2AgBBAUEQQQFBGBAAGkEAEAsLCyICAEHAAAsKcmVoZWFyc2FsCgBB0AALC21vZHVsZS53YXNt',
];

export interface RehearsalImage {
  readonly module: Uint8Array;
  /** The index of its one layer, the module itself, and that of the chain. */
  readonly index: Uint8Array;
  readonly chain_index: Uint8Array;
  readonly diff_id: string;
}

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

let made: RehearsalImage | null = null;

/** An image of one layer that holds the rehearsal's guest. */
export function rehearsalImage(): RehearsalImage {
  if (made !== null) return made;
  const module = Buffer.from(module_base64.join(''), 'base64');
  const indexer = new LayerIndexer({ digester, module: true });
  indexer.write(module);
  const { index, diffID } = indexer.finish();
  made = { module, index, chain_index: mergeIndexes([openIndex(index)], digester), diff_id: diffID };
  return made;
}
