import { createHash } from 'node:crypto';

import { type Digester, LayerIndexer, mergeIndexes, openIndex } from '../../oci/index.ts';

/** `rehearsal.wat`, assembled: prints a line after it has asked for all that libc asks for at its start. */
const module_base64: readonly string[] = [
  'AGFzbQEAAAABLwdgAX8AYAR/f39/AX9gAn9/AX9gA39+fwF/YAl/f39/f35+f38Bf2ABfwF/YAAAAr0DDBZ3YXNpX3NuYXBzaG90X3By',
  'ZXZpZXcxCGZkX3dyaXRlAAEWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQ5hcmdzX3NpemVzX2dldAACFndhc2lfc25hcHNob3RfcHJldmll',
  'dzEIYXJnc19nZXQAAhZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxEWVudmlyb25fc2l6ZXNfZ2V0AAIWd2FzaV9zbmFwc2hvdF9wcmV2aWV3',
  'MQtlbnZpcm9uX2dldAACFndhc2lfc25hcHNob3RfcHJldmlldzEOZmRfcHJlc3RhdF9nZXQAAhZ3YXNpX3NuYXBzaG90X3ByZXZpZXcx',
  'DWZkX2Zkc3RhdF9nZXQAAhZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxDmNsb2NrX3RpbWVfZ2V0AAMWd2FzaV9zbmFwc2hvdF9wcmV2aWV3',
  'MQlwYXRoX29wZW4ABBZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxB2ZkX3JlYWQAARZ3YXNpX3NuYXBzaG90X3ByZXZpZXcxCGZkX2Nsb3Nl',
  'AAUWd2FzaV9zbmFwc2hvdF9wcmV2aWV3MQlwcm9jX2V4aXQAAAMDAgAGBAUBcAEBAQUDAQACBggBfwFBgIAECwcTAgZtZW1vcnkCAAZf',
  'c3RhcnQADQkHAQBBAAsBDAqyAQINACMAQRBrJAAgABALC6EBAEEAQQQQARpBgAhBgBAQAhpBAEEEEAMaQYAIQYAQEAQaQQNBCBAFGkEE',
  'QQgQBRpBAUGACBAGGkEBQgBBgAgQBxpBA0EBQdAAQQtBAEICQgBBAEEgEAhFBEBBEEGAIDYCAEEUQRA2AgBBICgCAEEQQQFBGBAJGkEg',
  'KAIAEAoaC0EQQcAANgIAQRRBCjYCAEEBQRBBAUEYEAAaQQBBABEAAAsLIgIAQcAACwpyZWhlYXJzYWwKAEHQAAsLbW9kdWxlLndhc20A',
  '6AEEbmFtZQGrAQ4ACGZkX3dyaXRlAQ5hcmdzX3NpemVzX2dldAIIYXJnc19nZXQDEWVudmlyb25fc2l6ZXNfZ2V0BAtlbnZpcm9uX2dl',
  'dAUOZmRfcHJlc3RhdF9nZXQGDWZkX2Zkc3RhdF9nZXQHDmNsb2NrX3RpbWVfZ2V0CAlwYXRoX29wZW4JB2ZkX3JlYWQKCGZkX2Nsb3Nl',
  'Cwlwcm9jX2V4aXQMBGV4aXQNBl9zdGFydAIdDgAAAQACAAMABAAFAAYABwAIAAkACgALAAwADQAECgEAB3BvaW50ZWQHCAEABXN0YWNr',
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
