/** Images for tests: archives as `docker save` writes them, the same bytes for the same description. */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';

import { pack, type Pack } from 'tar-stream';

export type ImageFile =
  | { readonly path: string; readonly bytes: string | Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly symlink: string }
  | { readonly path: string; readonly dir: true; readonly mode?: number };

export interface ImageDescription {
  /** `NAME:TAG`; several when given a list. */
  readonly tag: string | readonly string[];
  readonly os?: string;
  readonly architecture?: string;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly stop_signal?: string;
  /** `80/tcp`. */
  readonly exposed?: readonly string[];
  /** Of the one layer. */
  readonly files?: readonly ImageFile[];
  /** Instead of `files`: layers, base first. */
  readonly layers?: readonly (readonly ImageFile[])[];
}

/** When everything in these images was made. */
const made = new Date('2026-01-01T00:00:00Z');

/** A layer's tar. Parents that are not named are made by whoever reads it. */
export async function layerTar(files: readonly ImageFile[]): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  for (const file of files) {
    const name = file.path.replace(/^\/+/, '');
    const common = { name, mtime: made, uid: 0, gid: 0 };
    if ('symlink' in file) await add(tar, { ...common, type: 'symlink', linkname: file.symlink, mode: 0o777 });
    else if ('dir' in file) await add(tar, { ...common, type: 'directory', mode: file.mode ?? 0o755 });
    else await add(tar, { ...common, type: 'file', mode: file.mode ?? 0o644 }, file.bytes);
  }
  tar.finalize();
  return await whole;
}

/** An archive for `docker load` with one image. */
export async function imageArchive(image: ImageDescription): Promise<Buffer> {
  const layers = await Promise.all((image.layers ?? [image.files ?? []]).map(layerTar));
  const config = Buffer.from(JSON.stringify(configOf(image, layers)));
  const config_name = `${sha256(config)}.json`;
  const layer_names = layers.map((layer) => `${sha256(layer)}/layer.tar`);
  const manifest = [{ Config: config_name, RepoTags: [image.tag].flat(), Layers: layer_names }];
  const tar = pack();
  const whole = buffer(tar);
  for (const [at, layer] of layers.entries())
    if (layer_names.indexOf(layer_names[at]!) === at) await add(tar, { name: layer_names[at]!, mtime: made }, layer);
  await add(tar, { name: config_name, mtime: made }, config);
  await add(tar, { name: 'manifest.json', mtime: made }, JSON.stringify(manifest));
  tar.finalize();
  return await whole;
}

function configOf(image: ImageDescription, layers: readonly Buffer[]): object {
  return {
    created: made.toISOString(),
    os: image.os ?? 'wasi',
    architecture: image.architecture ?? 'wasm',
    config: {
      Env: image.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
      ...(image.cmd === undefined ? {} : { Cmd: image.cmd }),
      ...(image.workdir === undefined ? {} : { WorkingDir: image.workdir }),
      ...(image.user === undefined ? {} : { User: image.user }),
      ...(image.labels === undefined ? {} : { Labels: image.labels }),
      ...(image.volumes === undefined ? {} : { Volumes: Object.fromEntries(image.volumes.map((path) => [path, {}])) }),
      ...(image.exposed === undefined
        ? {}
        : { ExposedPorts: Object.fromEntries(image.exposed.map((port) => [port, {}])) }),
      ...(image.stop_signal === undefined ? {} : { StopSignal: image.stop_signal }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
    history: layers.map(() => ({ created: made.toISOString(), created_by: 'e2e' })),
  };
}

async function add(tar: Pack, header: Parameters<Pack['entry']>[0], bytes: string | Uint8Array = ''): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    tar.entry(header, Buffer.from(bytes), (error) => (error ? reject(error) : resolve()));
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
