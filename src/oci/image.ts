import { WherryError } from '../errors/index.ts';
import { config_bytes_max } from '../limits/index.ts';
import { encodeUtf8 } from './bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';
import type { Digester } from './hasher.ts';
import { type ImageConfig, parseImageConfig } from './image-config.ts';
import { JsonFields } from './json-fields.ts';
import { bareModulePath } from './layer-indexer.ts';
import type { Manifest } from './manifest.ts';
import { isImageConfigType, isModuleType, isTarLayerType, isWasmConfigType, mediaType } from './media-types.ts';
import { isWasmPlatform, wasmPlatform } from './platform.ts';

/** A layer as its image uses it. */
export interface ImageLayer {
  readonly descriptor: Descriptor;
  /** The digest of the layer uncompressed. */
  readonly diffID: string;
  /** `module`: the blob is a bare module and its own uncompressed form; it has no tar. */
  readonly form: 'tar' | 'module';
}

/** An image that can be run: whatever form it came in, told in the terms of an ordinary one. */
export interface RunnableImage {
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
  /**
   * `image`: an ordinary one. `modules`: an image config over layers that are bare modules (runwasi, Spin).
   * `artifact`: a Wasm artifact (wkg, oras), whose config says nothing about running.
   */
  readonly form: 'image' | 'modules' | 'artifact';
}

/**
 * Makes sense of a manifest and the bytes of its config, in every form a Wasm image has. For artifacts and modules
 * without a usable entrypoint it is `bareModulePath`. Throws `InvalidArgument`; `name` says in messages whose it is.
 */
export function runnableImage(manifest: Manifest, configBytes: Uint8Array, name: string): RunnableImage {
  const configType = manifest.config.mediaType;
  const layers = manifest.layers.filter((layer) => isTarLayerType(layer.mediaType) || isModuleType(layer.mediaType));
  if (isImageConfigType(configType)) {
    const other = manifest.layers.find((layer) => !layers.includes(layer));
    if (other !== undefined) throw refused(name, `a layer has media type ${JSON.stringify(other.mediaType)}`);
    return ordinaryImage(parseImageConfig(configBytes, name), manifest.layers, name);
  }
  const isArtifact = isWasmConfigType(configType) || configType === mediaType.ociEmpty;
  const modules = layers.filter((layer) => isModuleType(layer.mediaType));
  if (!isArtifact || modules.length === 0) {
    throw refused(name, `its config has media type ${JSON.stringify(configType)}, which is not that of an image`);
  }
  if (modules.length > 1) throw refused(name, `it has ${modules.length} modules, and nothing says which one to run`);
  return artifact(configBytes, configType, modules[0]!, name);
}

function ordinaryImage(config: ImageConfig, descriptors: readonly Descriptor[], name: string): RunnableImage {
  const areModules = descriptors.length > 0 && descriptors.every((layer) => isModuleType(layer.mediaType));
  // Such images often leave the diffIDs out: a module is not compressed, so its digest is its diffID.
  const diffIDs = areModules && config.diffIDs.length === 0 ? descriptors.map((layer) => layer.digest) : config.diffIDs;
  if (diffIDs.length !== descriptors.length) {
    throw refused(name, `its config lists ${diffIDs.length} layers, its manifest ${descriptors.length}`);
  }
  const layers = descriptors.map((descriptor, i): ImageLayer => {
    const form = isModuleType(descriptor.mediaType) ? 'module' : 'tar';
    return { descriptor, diffID: diffIDs[i]!, form };
  });
  const wrong = layers.find((layer) => layer.form === 'module' && layer.diffID !== layer.descriptor.digest);
  if (wrong !== undefined) throw refused(name, `the diffID of module ${wrong.descriptor.digest} is not its digest`);
  if (!areModules) return { config: { ...config, diffIDs }, layers, form: 'image' };
  // The entrypoint names the file the module was made from, which no layer holds.
  const [, ...args] = config.config.Entrypoint ?? [];
  const run = { ...config.config, Entrypoint: [bareModulePath, ...args] };
  return { config: { ...config, diffIDs, config: run }, layers, form: 'modules' };
}

function artifact(configBytes: Uint8Array, configType: string, module: Descriptor, name: string): RunnableImage {
  const isEmpty = configType === mediaType.ociEmpty || configBytes.length === 0;
  const fields = isEmpty ? undefined : JsonFields.parse(configBytes, `the config of ${name}`, config_bytes_max);
  const created = fields?.optionalString('created');
  const author = fields?.optionalString('author');
  const os = fields?.optionalString('os') ?? '';
  const config: ImageConfig = {
    platform: { os: os === '' ? wasmPlatform.os : os, architecture: wasmPlatform.architecture },
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    config: { Entrypoint: [bareModulePath] },
    diffIDs: [module.digest],
    history: [],
  };
  return { config, layers: [{ descriptor: module, diffID: module.digest, form: 'module' }], form: 'artifact' };
}

function refused(name: string, problem: string): WherryError<'InvalidArgument'> {
  return new WherryError('InvalidArgument', `cannot use image ${name}: ${problem}`);
}

/** A manifest and config that were made here, ready to be stored. */
export interface MadeImage {
  /** Points to `manifest`, with the image's platform. */
  readonly target: Descriptor;
  readonly manifest: Uint8Array;
  readonly config: Uint8Array;
  readonly configDigest: string;
}

/**
 * Writes an ordinary OCI manifest and config for a runnable image: the same input gives the same bytes. What clients
 * see that know only ordinary images.
 */
export function makeImage(image: RunnableImage, digester: Digester): MadeImage {
  const { platform, created, author, config: run, diffIDs, history } = image.config;
  const config = json({
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    ...(platform['os.version'] === undefined ? {} : { 'os.version': platform['os.version'] }),
    config: {
      ...run,
      ...(run.ExposedPorts === undefined ? {} : { ExposedPorts: emptyObjects(run.ExposedPorts) }),
      ...(run.Volumes === undefined ? {} : { Volumes: emptyObjects(run.Volumes) }),
    },
    rootfs: { type: 'layers', diff_ids: diffIDs },
    ...(history.length === 0 ? {} : { history }),
  });
  const configDigest = digestOf(config, digester);
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: configDigest, size: config.length },
    layers: image.layers.map(({ descriptor, form }) => ({
      mediaType: form === 'module' ? mediaType.wasm : descriptor.mediaType,
      digest: descriptor.digest,
      size: descriptor.size,
    })),
  });
  const target: Descriptor = {
    mediaType: mediaType.ociManifest,
    digest: digestOf(manifest, digester),
    size: manifest.length,
    platform,
  };
  return { target, manifest, config, configDigest };
}

export interface ModuleImageOptions {
  /** Digest and size of the module, which is the image's only layer. */
  readonly digest: string;
  readonly size: number;
  /** RFC 3339; leave it out and the same module is always the same image. */
  readonly created?: string;
  /** What made the image, for its history. */
  readonly createdBy?: string;
}

/** Makes an image of one bare module: one layer, the module itself, run as `bareModulePath`. */
export function makeModuleImage(options: ModuleImageOptions, digester: Digester): MadeImage {
  const { digest, size, created, createdBy } = options;
  const descriptor: Descriptor = { mediaType: mediaType.wasm, digest, size };
  const createdField = created === undefined ? {} : { created };
  const image: RunnableImage = {
    config: {
      platform: wasmPlatform,
      ...createdField,
      config: { Entrypoint: [bareModulePath] },
      diffIDs: [digest],
      history: createdBy === undefined ? [] : [{ ...createdField, created_by: createdBy }],
    },
    layers: [{ descriptor, diffID: digest, form: 'module' }],
    form: 'modules',
  };
  return makeImage(image, digester);
}

/** Whether an image is WebAssembly by what its config says; one for Linux may still hold a module as its entrypoint. */
export function isWasmImage(image: RunnableImage): boolean {
  return image.form !== 'image' || isWasmPlatform(image.config.platform);
}

function emptyObjects(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

function json(value: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}
