export type { DigestAlgorithm, Digester, Hasher } from './hasher.ts';
export { LayerError } from './layer-error.ts';
export type { LayerErrorClass, LayerPlace } from './layer-error.ts';
export { entryType } from './layer-index-format.ts';
export type { EntryType } from './layer-index-format.ts';
export { openIndex, verifyIndex } from './layer-index.ts';
export type { LayerIndex } from './layer-index.ts';
export { layerLimits } from './layer-tree.ts';
export type { LayerLimits } from './layer-tree.ts';
export { mergeIndexes } from './merge.ts';
export type { TarEntry } from './tar-entry.ts';
export { TarReader } from './tar-reader.ts';
export type { TarReaderOptions } from './tar-reader.ts';
export { indexLayer, LayerIndexer } from './layer-indexer.ts';
export type { IndexedLayer, LayerIndexerOptions } from './layer-indexer.ts';
export { compressionOf, isWasm } from './compression.ts';
export type { Compression } from './compression.ts';
export { bareModulePath } from './layer-indexer.ts';
export { algorithmOf, digestOf, hexOf, isDigest, parseDigest } from './digest.ts';
export {
  familiarName,
  familiarString,
  fullName,
  fullString,
  isId,
  parseAny,
  parseDockerReference,
  parseName,
  parseNamed,
  parseNormalized,
  parseReference,
  withDefaultTag,
  withDigest,
  withTag,
} from './reference.ts';
export type { Reference } from './reference.ts';
export { familiarMatch } from './reference-match.ts';
export {
  isImageConfigType,
  isIndexType,
  isManifestType,
  isModuleType,
  isTarLayerType,
  mediaType,
} from './media-types.ts';
export type { StringMap } from './json-fields.ts';
export type { Descriptor } from './descriptor.ts';
export {
  formatPlatform,
  isWasmPlatform,
  normalizePlatform,
  parsePlatform,
  platformMatch,
  wasmPlatform,
} from './platform.ts';
export type { Platform } from './platform.ts';
export { chooseManifest, defaultPlatforms, isAttestation, parseManifest } from './manifest.ts';
export type { Index, Manifest } from './manifest.ts';
export { parseImageConfig } from './image-config.ts';
export type { Healthcheck, History, ImageConfig, RunConfig } from './image-config.ts';
export { chainID, chainIDs } from './chain-id.ts';
export { isWasmImage, makeImage, makeModuleImage, runnableImage } from './image.ts';
export type { ImageLayer, MadeImage, ModuleImageOptions, RunnableImage } from './image.ts';
export { planArchive } from './archive.ts';
export type { ArchiveBlob, ArchiveDocument, ArchiveImage, ArchiveManifest } from './archive-image.ts';
export type { ArchivePlace, ArchiveSource } from './archive-source.ts';
export { inOrder, nameAnnotations, readArchiveIndex } from './archive-index.ts';
export type { ArchiveIndex } from './archive-index.ts';
export { tarEnd, tarHeader, tarPadding } from './tar-writer.ts';
export { tarEntryHeader } from './tar-entry-writer.ts';
export type { NewTarEntry } from './tar-entry-writer.ts';
export type { TarFile } from './tar-writer.ts';
export { RegistryClient } from './registry-client.ts';
export type { FetchBlobOptions, FetchedManifest, RegistryClientOptions } from './registry-client.ts';
export type { Fetch, FetchBody, FetchRequest, FetchResponse } from './registry-fetch.ts';
export type { Credentials, RegistryHost, TransportOptions } from './registry-transport.ts';
export { RegistryPusher } from './registry-push.ts';
export type { PushBlobOptions, PushResult } from './registry-push.ts';
export { parseLocator } from './registry-locator.ts';
export { containerdWords } from './registry-words.ts';
