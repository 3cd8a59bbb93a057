/** OCI archives for `ctr images import`: busybox for Linux, hello for Wasm, the same bytes every time. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { pack } from 'tar-stream';

import { imageArchive, type ImageFile, layerTar } from '../image.ts';

const checkout = join(import.meta.dirname, '../..');
const made = new Date('2026-01-01T00:00:00Z');

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export interface OciImage {
  readonly os: string;
  readonly architecture: string;
  readonly layers: readonly (readonly ImageFile[])[];
  readonly compressed: boolean;
  readonly config: object;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Where Debian's static busybox lies; null, where it is not installed. */
export function busyboxPath(): string | null {
  return ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? null;
}

const tools =
  'cat echo env false head hostname id ip kill ls mkdir mount nproc ps pwd rm sh sleep stat touch true tty uname wc yes';

/** busybox as an image of two layers, the first compressed or not. */
export function busyboxImage(compressed: boolean): OciImage | null {
  const path = busyboxPath();
  if (path === null) return null;
  const base: ImageFile[] = [
    { path: 'bin', dir: true },
    { path: 'bin/busybox', bytes: readFileSync(path), mode: 0o755 },
    ...tools.split(' ').map((name) => ({ path: `bin/${name}`, symlink: 'busybox' })),
    { path: 'etc', dir: true },
    { path: 'etc/passwd', bytes: 'root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/:/bin/sh\n' },
    { path: 'etc/group', bytes: 'root:x:0:\nguest:x:1000:\n' },
    { path: 'tmp', dir: true, mode: 0o1777 },
  ];
  const data: ImageFile[] = [
    { path: 'data', dir: true },
    { path: 'data/notes.txt', bytes: 'first note\nsecond note\n' },
  ];
  return {
    os: 'linux',
    architecture: 'amd64',
    compressed,
    layers: [base, data],
    config: { Env: ['PATH=/bin', 'COLOUR=green'], Cmd: ['sh'], WorkingDir: '/data', Labels: { kind: 'test' } },
  };
}

/** hello for WASI, as `docker build` makes it. */
export function helloImage(): OciImage {
  return wasmImage('hello');
}

/** One of the examples, for WASI. */
export function wasmImage(name: string): OciImage {
  const bytes = readFileSync(join(checkout, `examples/${name}/${name}.wasm`));
  return {
    os: 'wasi',
    architecture: 'wasm',
    compressed: true,
    layers: [[{ path: name, bytes, mode: 0o755 }]],
    config: { Env: ['PATH=/'], Entrypoint: [`/${name}`] },
  };
}

/** A package for `ctr install`: a program and a library. */
export function packageImage(): OciImage {
  return {
    os: 'linux',
    architecture: 'amd64',
    compressed: false,
    layers: [
      [
        { path: 'bin', dir: true },
        { path: 'bin/tool', bytes: '#!/bin/sh\necho tool\n', mode: 0o755 },
        { path: 'lib', dir: true },
        { path: 'lib/tool.so', bytes: 'library\n' },
        { path: 'README', bytes: 'not installed\n' },
      ],
    ],
    config: {},
  };
}

/** An archive with an index of named images; several under one name are one image for several platforms. */
export async function ociArchive(named: ReadonlyMap<string, readonly OciImage[]>): Promise<Buffer> {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): Descriptor => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (mediaType: string, value: object): Descriptor => put(mediaType, Buffer.from(JSON.stringify(value)));
  const manifests: object[] = [];
  for (const [name, images] of named) {
    const each = await Promise.all(images.map((image) => addImage(image, put, json)));
    const { platform, ...only } = each[0]!;
    const descriptor =
      each.length === 1 ? only : json(types.index, { schemaVersion: 2, mediaType: types.index, manifests: each });
    const names = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name.split(':').at(-1) };
    manifests.push({ ...descriptor, ...(each.length === 1 ? { platform } : {}), annotations: names });
  }
  const index = JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests });
  const tar = pack();
  const whole = buffer(tar);
  const entry = (name: string, bytes: string | Buffer): void => void tar.entry({ name, mtime: made }, bytes);
  entry('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  for (const [digest, bytes] of blobs) entry(`blobs/${digest.replace(':', '/')}`, bytes);
  entry('index.json', index);
  tar.finalize();
  return await whole;
}

async function addImage(
  { os, architecture, layers, compressed, config }: OciImage,
  put: (mediaType: string, bytes: Buffer) => Descriptor,
  json: (mediaType: string, value: object) => Descriptor,
): Promise<Descriptor & { platform: object }> {
  const tars = await Promise.all(layers.map(layerTar));
  const diff_ids = tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  const described = tars.map((tar) => (compressed ? put(types.gzip, gzipSync(tar)) : put(types.tar, tar)));
  const rootfs = { type: 'layers', diff_ids };
  const history = layers.map(() => ({ created: made.toISOString(), created_by: 'e2e' }));
  const image = json(types.config, { created: made.toISOString(), os, architecture, config, rootfs, history });
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config: image, layers: described };
  return { ...json(types.manifest, manifest), platform: { os, architecture } };
}

/** The archives that scenarios find in their folder. */
export async function archives(): Promise<Map<string, Buffer>> {
  const of = (name: string, ...images: OciImage[]): Promise<Buffer> => ociArchive(new Map([[name, images]]));
  const hello = helloImage();
  const files = new Map([
    ['hello.tar', await of('example.com/hello:latest', hello)],
    ['package.tar', await of('example.com/package:1', packageImage())],
    ['one.txt', Buffer.from('one\n')],
    [
      'saved.tar',
      await imageArchive({
        tag: 'example.com/saved:1',
        os: 'linux',
        architecture: 'amd64',
        files: [{ path: 'a', bytes: 'a' }],
      }),
    ],
  ]);
  const plain = busyboxImage(false);
  if (plain === null) return files;
  files.set('busybox.tar', await of('example.com/busybox:1', plain));
  files.set('zipped.tar', await of('example.com/zipped:1', busyboxImage(true)!));
  files.set(
    'many.tar',
    await of('example.com/many:1', { ...packageImage(), architecture: 's390x' }, packageImage(), hello),
  );
  return files;
}

/** busybox as `docker load` takes it; there is one. */
export async function dockerBusybox(tag: string): Promise<Buffer> {
  const { layers } = busyboxImage(false)!;
  return await imageArchive({ tag, os: 'linux', architecture: 'amd64', cmd: ['sh'], env: ['PATH=/bin'], layers });
}
