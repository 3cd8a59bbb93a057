import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';

import { pack } from 'tar-stream';

import { type Core, createCore } from '../../core/index.ts';
import { mediaType } from '../../oci/index.ts';
import type { ImageEvent, ImagesContext, ImageUser } from './context.ts';
import { Images } from './images.ts';
import type { Progress } from './progress.ts';

/** Images over a real store in a folder of the test's own. */
export interface TestImages {
  readonly core: Core;
  readonly images: Images;
  readonly events: ImageEvent[];
  /** The containers that the engine is to have. */
  readonly users: ImageUser[];
  readonly context: ImagesContext;
}

export async function testImages(t: TestContext): Promise<TestImages> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-images-'));
  const core = await createCore({
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    gate: { imageVisible: () => {}, containerCreate: () => {}, taskStart: () => {} },
    launcher: { launch: () => Promise.reject(new Error('no shims here')) },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  t.after(async () => {
    await core.close();
    await rm(folder, { recursive: true, force: true });
  });
  const events: ImageEvent[] = [];
  const users: ImageUser[] = [];
  const context: ImagesContext = {
    core,
    space: core.namespace('moby'),
    registries: { insecure: [], userAgent: 'wherry-test' },
    publish: (event) => void events.push(event),
    users: () => users,
  };
  return { core, images: new Images(context), events, users, context };
}

export type Files = Readonly<Record<string, Uint8Array | string>>;

/** A tar of files; a value of a name that ends in `/` is not looked at. */
export async function tarOf(files: Files): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) {
    if (name.endsWith('/')) tar.entry({ name, type: 'directory' });
    else tar.entry({ name }, Buffer.from(content));
  }
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>));
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export interface TestImage {
  /** Every blob by its digest. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
  readonly manifest: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly config: { readonly digest: string; readonly bytes: Buffer };
  readonly layer: { readonly digest: string; readonly bytes: Buffer };
  readonly layer_tar: Buffer;
}

export interface TestImageOptions {
  readonly files?: Files;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly created?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** What the config says the layer expands to, when that is not the truth. */
  readonly diffID?: string;
}

/** An image of one gzipped layer. */
export async function testImage(options: TestImageOptions = {}): Promise<TestImage> {
  const { files = { 'hello.wasm': '\0asm' }, platform = { os: 'wasi', architecture: 'wasm' } } = options;
  const layer_tar = await tarOf(files);
  const layer = gzipSync(layer_tar);
  const config = json({
    created: options.created ?? '2026-01-01T00:00:00Z',
    ...platform,
    config: { Entrypoint: ['/hello.wasm'], Labels: options.labels ?? {} },
    rootfs: { type: 'layers', diff_ids: [options.diffID ?? sha256(layer_tar)] },
    history: [{ created_by: 'COPY hello.wasm /' }, { created_by: 'ENTRYPOINT', empty_layer: true }],
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: sha256(config), size: config.length },
    layers: [{ mediaType: mediaType.ociLayerGzip, digest: sha256(layer), size: layer.length }],
  });
  const blobs = new Map([layer, config, manifest].map((bytes): [string, Uint8Array] => [sha256(bytes), bytes]));
  return {
    blobs,
    manifest: { mediaType: mediaType.ociManifest, digest: sha256(manifest), size: manifest.length },
    config: { digest: sha256(config), bytes: config },
    layer: { digest: sha256(layer), bytes: layer },
    layer_tar,
  };
}

/** An OCI layout, as `docker save` writes it, that gives images names. */
export function layoutOf(images: readonly { readonly image: TestImage; readonly name?: string }[]): Promise<Buffer> {
  const blobs = new Map(images.flatMap(({ image }) => [...image.blobs]));
  const manifests = images.map(({ image, name }) => ({
    ...image.manifest,
    ...(name === undefined ? {} : { annotations: { 'io.containerd.image.name': name } }),
  }));
  return tarOf({
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': json({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests }),
    ...Object.fromEntries([...blobs].map(([digest, bytes]) => [`blobs/sha256/${digest.slice(7)}`, bytes])),
  });
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** A body in pieces that fit nothing. */
async function* body(bytes: Uint8Array, piece_bytes = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece_bytes) yield bytes.subarray(at, at + piece_bytes);
}

/** Loads a body; gives what was reported. */
export async function load(images: Images, bytes: Uint8Array, tag = ''): Promise<Progress[]> {
  const said: Progress[] = [];
  await images.load(body(bytes), { tag, platforms: [], quiet: true, report: (progress) => said.push(progress) });
  return said;
}
