import { createHash } from 'node:crypto';

import type { Digester } from '../../oci/index.ts';

/** Node's hashes, as `oci/` takes them. */
export const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};
