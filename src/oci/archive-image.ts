import type { ArchivePlace } from './archive-source.ts';
import type { Descriptor } from './descriptor.ts';
import type { Manifest } from './manifest.ts';

/** A blob of an archive and where it lies. Documents are already checked against their digests, layers are not. */
export interface ArchiveBlob {
  readonly descriptor: Descriptor;
  readonly place: ArchivePlace;
}

/** A document to be stored under its digest: an index, a manifest or a config. */
export interface ArchiveDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** The image for one platform. */
export interface ArchiveManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ArchiveDocument;
  /** As the manifest lists them, base first; undefined where the archive does not have the blob. */
  readonly layers: readonly (ArchiveBlob | undefined)[];
}

/** One image of an archive. */
export interface ArchiveImage {
  /** Full references with a tag (`docker.io/library/hello:latest`); none for an image without a name. */
  readonly names: readonly string[];
  /** What the names point to: an index or a manifest. */
  readonly target: Descriptor;
  /** Every index, manifest and config of the image, each before whatever points to it. */
  readonly documents: readonly ArchiveDocument[];
  /** Those manifests of the image that the archive has, in the order of its index. */
  readonly manifests: readonly ArchiveManifest[];
}
