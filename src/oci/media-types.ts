/** The media types of images, by the names OCI and Docker gave them. */
export const mediaType = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerLayerZstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  wasm: 'application/wasm',
  wasmConfig: 'application/vnd.wasm.config.v0+json',
  wasmConfigV1: 'application/vnd.wasm.config.v1+json',
  wasmContent: 'application/vnd.wasm.content.layer.v1+wasm',
  wasmComponent: 'application/vnd.bytecodealliance.wasm.component.layer.v0+wasm',
} as const;

const indexes: ReadonlySet<string> = new Set([mediaType.ociIndex, mediaType.dockerIndex]);
const manifests: ReadonlySet<string> = new Set([mediaType.ociManifest, mediaType.dockerManifest]);
const schema1: ReadonlySet<string> = new Set([mediaType.dockerSchema1, mediaType.dockerSchema1Signed]);
const imageConfigs: ReadonlySet<string> = new Set([mediaType.ociConfig, mediaType.dockerConfig]);
const wasmConfigs: ReadonlySet<string> = new Set([mediaType.wasmConfig, mediaType.wasmConfigV1]);
const modules: ReadonlySet<string> = new Set([mediaType.wasm, mediaType.wasmContent, mediaType.wasmComponent]);

/** An index or a manifest list: a document that points to manifests. */
export function isIndexType(type: string): boolean {
  return indexes.has(type);
}

export function isManifestType(type: string): boolean {
  return manifests.has(type);
}

/** Docker's manifests before schema 2, which are no longer read. */
export function isSchema1Type(type: string): boolean {
  return schema1.has(type);
}

/** The config of an ordinary image. */
export function isImageConfigType(type: string): boolean {
  return imageConfigs.has(type);
}

/** The config of a Wasm artifact. */
export function isWasmConfigType(type: string): boolean {
  return wasmConfigs.has(type);
}

/** A layer that is a bare module or component, not a tar. */
export function isModuleType(type: string): boolean {
  return modules.has(type);
}

/** A layer that is a tar, compressed or not; also those that a licence once forbade to distribute. */
export function isTarLayerType(type: string): boolean {
  return /^application\/vnd\.(oci\.image\.layer\.(nondistributable\.)?v1\.tar([+.](gzip|zstd))?|docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.(gzip|zstd))?)$/.test(
    type,
  );
}

/** What to ask a registry for when a manifest or an index is wanted. */
export const manifestAccept: readonly string[] = [
  mediaType.ociIndex,
  mediaType.dockerIndex,
  mediaType.ociManifest,
  mediaType.dockerManifest,
];
