import type { ImageDestination } from '../../../core/index.ts';
import { normalizePlatform, type Platform } from '../../../oci/index.ts';
import type { platformTypes, transferImagestore } from '../../../wire/services.ts';

/** containerd's platform as images have it. */
export function readPlatform({ os, architecture, variant, osVersion }: platformTypes.Platform): Platform {
  return normalizePlatform({
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(osVersion === '' ? {} : { 'os.version': osVersion }),
  });
}

/** An image store as the end of a transfer. */
export function readDestination(store: transferImagestore.ImageStore): ImageDestination {
  return {
    name: store.name,
    labels: { ...store.labels },
    choice: {
      platforms: store.platforms.map(readPlatform),
      all_metadata: store.allMetadata,
      manifest_limit: store.manifestLimit,
    },
    references: store.extraReferences.map((reference) => ({
      name: reference.name,
      is_prefix: reference.isPrefix,
      allow_overwrite: reference.allowOverwrite,
      add_digest: reference.addDigest,
      skip_named_digest: reference.skipNamedDigest,
    })),
    unpacks: store.unpacks.map(({ platform, snapshotter }) => ({
      platform: platform === undefined ? null : readPlatform(platform),
      snapshotter,
    })),
  };
}
