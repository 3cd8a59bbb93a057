import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';

import type { Descriptor } from '../../oci/index.ts';
import type { ContainerFields, Content, NamespaceView } from '../index.ts';

export function sha256(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A tar of regular files. */
export async function tarOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(files)) {
    pack.entry({ name, mtime: new Date(0) }, typeof content === 'string' ? content : Buffer.from(content));
  }
  pack.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of pack) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Puts a blob into the store; gives its digest. */
export async function putBlob(content: Content, bytes: Uint8Array | string, lease?: string): Promise<string> {
  const data = Buffer.from(bytes);
  const writer = await content.writer(`put-${sha256(data)}`, {}, lease === undefined ? {} : { lease });
  await writer.write(data);
  return (await writer.commit(data.length, sha256(data))).digest;
}

export interface PutImage {
  readonly target: Descriptor;
  readonly diff_ids: readonly string[];
  readonly blobs: readonly string[];
}

/** Puts an image of gzipped tars into the store, with its layers made, but without a name. */
export async function putImage(
  view: NamespaceView,
  files: readonly Readonly<Record<string, string>>[],
  lease?: string,
): Promise<PutImage> {
  const layers: { digest: string; size: number; diff_id: string }[] = [];
  for (const one of files) {
    const plain = await tarOf(one);
    const zipped = gzipSync(plain);
    const digest = await putBlob(view.content, zipped, lease);
    const { diff_id } = await view.layers.fromBlob(
      digest,
      'application/vnd.oci.image.layer.v1.tar+gzip',
      sha256(plain),
    );
    layers.push({ digest, size: zipped.length, diff_id });
  }
  const diff_ids = layers.map((layer) => layer.diff_id);
  const config = JSON.stringify({ os: 'wasi', architecture: 'wasm', rootfs: { type: 'layers', diff_ids } });
  const config_digest = await putBlob(view.content, config, lease);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config_digest, size: config.length },
    layers: layers.map(({ digest, size }) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest,
      size,
    })),
  });
  const manifest_digest = await putBlob(view.content, manifest, lease);
  return {
    target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: manifest_digest, size: manifest.length },
    diff_ids,
    blobs: [manifest_digest, config_digest, ...layers.map((layer) => layer.digest)],
  };
}

/** The fields of a container whose spec is `spec`. */
export function containerOf(id: string, spec: object = {}, snapshot_key = ''): ContainerFields {
  return {
    id,
    image: 'docker.io/library/x:latest',
    runtime: 'io.containerd.wherry.v1',
    snapshot_key,
    spec: {
      type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
      value: Buffer.from(JSON.stringify(spec)),
    },
    labels: { one: '1' },
    extensions: { 'wherry.engine': { type_url: 'wherry.engine', value: Buffer.from('{"name":"clock"}') } },
  };
}
