import { join } from 'node:path';

import { fromUnknown } from '../../errors/index.ts';
import { config_bytes_max, index_depth_max, manifest_bytes_max } from '../../limits/index.ts';
import {
  chooseManifest,
  defaultPlatforms,
  type Descriptor,
  isWasm,
  isWasmImage,
  parseManifest,
  type RunnableImage,
  runnableImage,
} from '../../oci/index.ts';
import type { LayerStore } from '../layers/layer-store.ts';
import type { Log } from '../log.ts';
import type { Container, Content, Image, Mount } from '../model.ts';
import type { Paths } from '../paths.ts';
import type { SnapshotMounts } from '../snapshots/wherry-mounts.ts';
import { firstBytesOfProgram, type ProgramWords } from './program-in-layers.ts';

export interface WasmRootOptions {
  readonly paths: Paths;
  readonly layers: LayerStore;
  readonly log: Log;
  readonly mounts: SnapshotMounts;
  readonly findImage: (namespace: string, name: string) => Image | null;
  readonly content: (namespace: string) => Content;
}

/** The mounts by which our own shim runs a container; null when its program is no WebAssembly. */
export type WasmRoot = (namespace: string, container: Container) => Promise<readonly Mount[] | null>;

/**
 * Finds out whether a container's program is WebAssembly: by its first bytes in the layers, else by what its image says
 * of itself. Images whose layers are bare modules are unpacked by no client: their layers are taken as they are.
 */
export function createWasmRoot(options: WasmRootOptions): WasmRoot {
  return async (namespace, container) => {
    if (container.snapshot_key === '') return null;
    try {
      return await findRoot(options, namespace, container);
    } catch (error) {
      // Then it is whatever its runtime makes of it.
      options.log.warn(
        `cannot find out whether container ${container.id} is WebAssembly: ${fromUnknown(error).message}`,
      );
      return null;
    }
  };
}

async function findRoot(
  { paths, layers, mounts, findImage, content }: WasmRootOptions,
  namespace: string,
  container: Container,
): Promise<readonly Mount[] | null> {
  const root = await mounts(
    namespace,
    container.snapshot_key,
    container.snapshotter === '' ? undefined : container.snapshotter,
  );
  const first = firstBytesOfProgram(root, programWords(container));
  if (first !== null) return isWasm(first) ? root : null;
  const image = container.image === '' ? null : findImage(namespace, container.image);
  if (image === null) return null;
  const runnable = await read(content(namespace), image.target, index_depth_max);
  if (runnable === null || !isWasmImage(runnable)) return null;
  const [own] = root;
  if (own === undefined || own.options.some((option) => option.startsWith('layer='))) return root;
  const made: string[] = [];
  for (const { descriptor, diffID } of runnable.layers) {
    if (!layers.has(diffID)) await layers.fromBlob(descriptor.digest, descriptor.mediaType, diffID);
    made.push(diffID);
  }
  const chain = await layers.chain(made);
  const words = [`chain=${join(paths.chain(chain), 'index')}`, ...made.map((id) => `layer=${paths.layer(id)}`)];
  return [{ ...own, options: words }];
}

/** What a container's specification says of its program; nothing of one that cannot be read. */
function programWords({ spec }: Container): ProgramWords {
  let process: { args?: unknown; env?: unknown; cwd?: unknown } | undefined;
  try {
    ({ process } = JSON.parse(Buffer.from(spec.value).toString('utf8')) as { process?: typeof process });
  } catch {
    // Whoever runs it will say so.
  }
  const words = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  const cwd = process?.cwd;
  return { args: words(process?.args), env: words(process?.env), cwd: typeof cwd === 'string' ? cwd : '/' };
}

async function read(content: Content, { digest, mediaType }: Descriptor, depth: number): Promise<RunnableImage | null> {
  if (!content.has(digest)) return null;
  const document = parseManifest(await content.readAll(digest, manifest_bytes_max), mediaType, digest);
  if (document.kind === 'index') {
    return depth === 0
      ? null
      : await read(content, chooseManifest(document, defaultPlatforms(architecture)), depth - 1);
  }
  if (!content.has(document.config.digest)) return null;
  return runnableImage(document, await content.readAll(document.config.digest, config_bytes_max), digest);
}

/** As images name this machine's. */
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
