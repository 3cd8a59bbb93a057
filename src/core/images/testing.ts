import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';

import type { Descriptor } from '../../oci/index.ts';
import { sha256, tarOf } from '../testing/fixtures.ts';
import { openCore } from '../testing/open-core.ts';
import type { TestRegistry } from '../testing/registry.ts';
import { coreFolders } from '../testing/temporary.ts';
import type { ImageDestination } from './image-destination.ts';
import { everyPlatform } from './platform-choice.ts';
import type { ImageScope } from './scope.ts';

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/** An empty store, and the namespace that its images are in. */
export async function imageScope(t: TestContext): Promise<ImageScope> {
  const core = await openCore(coreFolders(t));
  return { core, space: core.namespace('test') };
}

/** Documents and layers by digest, and what leads to them. */
export interface MadeTree {
  readonly target: Descriptor;
  readonly blobs: ReadonlyMap<string, Buffer>;
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: sha256(bytes), size: bytes.length };
}

function tree(target: Descriptor, parts: readonly (Buffer | ReadonlyMap<string, Buffer>)[]): MadeTree {
  const blobs = parts.flatMap((part): [string, Buffer][] =>
    part instanceof Map ? [...part] : [[sha256(part as Buffer), part as Buffer]],
  );
  return { target, blobs: new Map(blobs) };
}

/** An image of gzipped layers. */
export async function makeImage(
  platform: { readonly os: string; readonly architecture: string },
  files: readonly Readonly<Record<string, string>>[] = [{ 'hello.txt': 'hello' }],
): Promise<MadeTree> {
  const tars = await Promise.all(files.map((each) => tarOf(each)));
  const layers = tars.map((tar) => gzipSync(tar));
  const config = Buffer.from(
    JSON.stringify({ ...platform, config: {}, rootfs: { type: 'layers', diff_ids: tars.map(sha256) } }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: describe(types.config, config),
      layers: layers.map((layer) => describe(types.layer, layer)),
    }),
  );
  return tree({ ...describe(types.manifest, manifest), platform }, [manifest, config, ...layers]);
}

/** A Wasm artifact: a config of its own kind, and one bare module. */
export function makeArtifact(): MadeTree {
  const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const config = Buffer.from(JSON.stringify({ architecture: 'wasm', os: 'wasip1', layerDigests: [sha256(module)] }));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: describe('application/vnd.wasm.config.v0+json', config),
      layers: [describe('application/wasm', module)],
    }),
  );
  return tree(describe(types.manifest, manifest), [manifest, config, module]);
}

export function makeIndex(images: readonly MadeTree[]): MadeTree {
  const manifests = images.map(({ target }) => target);
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests }));
  return tree(describe(types.index, index), [index, ...images.map(({ blobs }) => blobs)]);
}

/** Puts a tree into a repository under a tag. */
export function serve(registry: TestRegistry, repository: string, tag: string, { target, blobs }: MadeTree): void {
  for (const [digest, bytes] of blobs) {
    const type = typeOf(bytes);
    if (type === null) registry.blobs.set(`${repository} ${digest}`, bytes);
    else registry.manifests.set(`${repository} ${digest}`, { type, bytes });
  }
  registry.manifests.set(`${repository} ${tag}`, { type: target.mediaType, bytes: blobs.get(target.digest)! });
}

function typeOf(bytes: Buffer): string | null {
  if (bytes[0] !== 0x7b) return null;
  return (JSON.parse(String(bytes)) as { mediaType?: string }).mediaType ?? null;
}

/** An OCI layout of a tree, whose index calls it by annotations. */
export function layoutOf({ target, blobs }: MadeTree, annotations: Readonly<Record<string, string>>): Promise<Buffer> {
  const manifests = [{ ...target, annotations }];
  return tarOf({
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify({ schemaVersion: 2, manifests }),
    ...Object.fromEntries([...blobs].map(([digest, bytes]) => [`blobs/sha256/${digest.slice(7)}`, bytes])),
  });
}

export function destination(name: string, more: Partial<ImageDestination> = {}): ImageDestination {
  return { name, labels: {}, choice: everyPlatform, references: [], unpacks: [], ...more };
}

/** A body in pieces. */
export async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}
