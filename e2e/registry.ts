/** Debian's `docker-registry` on a free port of this machine, with a folder of its own, and a way to fill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

import { extract } from 'tar-stream';

import { temporaryFolder } from './folder.ts';
import { waitUntil } from './processes.ts';

const answer_ms_max = 30_000;

const types = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export class Registry {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(address: string, folder: string, child: ChildProcess) {
    this.address = address;
    this.#folder = folder;
    this.#child = child;
  }

  /** Starts a registry with nothing in it; with lines of an htpasswd file, only for those. */
  static async start(htpasswd?: string): Promise<Registry> {
    const folder = temporaryFolder('registry-');
    const address = `127.0.0.1:${await freePort()}`;
    const config = join(folder, 'config.yml');
    const storage = { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } };
    const users = join(folder, 'htpasswd');
    const auth = htpasswd === undefined ? {} : { auth: { htpasswd: { realm: 'registry', path: users } } };
    if (htpasswd !== undefined) writeFileSync(users, `${htpasswd}\n`);
    const whole = { version: 0.1, log: { level: 'error' }, storage, http: { addr: address }, ...auth };
    // YAML takes JSON.
    writeFileSync(config, JSON.stringify(whole));
    const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once(
      'error',
      (error) => (said += `Cannot start docker-registry (Debian: docker-registry): ${error.message}`),
    );
    const registry = new Registry(address, folder, child);
    try {
      await waitUntil('the registry answers', answer_ms_max, async () => {
        if (child.pid === undefined || child.exitCode !== null) throw new Error(`the registry ended:\n${said}`);
        return await fetch(`http://${address}/v2/`).then(
          ({ ok, status }) => ok || status === 401,
          () => false,
        );
      });
      return registry;
    } catch (error) {
      await registry.stop();
      throw error;
    }
  }

  /** Ends it and removes what it stored. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Puts the image of a `docker save` archive there as `name:tag`, its layers compressed. */
  async push(name: string, tag: string, archive: Uint8Array): Promise<void> {
    const { manifest } = await this.#pushImage(name, archive);
    await this.#putManifest(name, tag, types.manifest, manifest);
  }

  /** Puts images there under one name, as an index of one manifest a platform. */
  async pushIndex(name: string, tag: string, archives: readonly Uint8Array[]): Promise<void> {
    const manifests: object[] = [];
    for (const archive of archives) {
      const { manifest, platform } = await this.#pushImage(name, archive);
      const descriptor = describe(types.manifest, manifest);
      await this.#putManifest(name, descriptor.digest, types.manifest, manifest);
      manifests.push({ ...descriptor, platform });
    }
    const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests }));
    await this.#putManifest(name, tag, types.index, index);
  }

  async #pushImage(name: string, archive: Uint8Array): Promise<{ manifest: Buffer; platform: object }> {
    const files = await filesOf(archive);
    const [image] = JSON.parse(String(files.get('manifest.json'))) as { Config: string; Layers: string[] }[];
    const config = files.get(image!.Config)!;
    const layers: Descriptor[] = [];
    for (const path of image!.Layers) layers.push(await this.#putBlob(name, types.layer, gzipSync(files.get(path)!)));
    const { os, architecture } = JSON.parse(String(config)) as { os: string; architecture: string };
    const parts = { config: await this.#putBlob(name, types.config, config), layers };
    return {
      manifest: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, ...parts })),
      platform: { os, architecture },
    };
  }

  async #putBlob(name: string, media_type: string, bytes: Uint8Array): Promise<Descriptor> {
    const descriptor = describe(media_type, bytes);
    const begun = await this.#send('POST', `/v2/${name}/blobs/uploads/`);
    const target = new URL(begun.headers.get('location') ?? '', `http://${this.address}`);
    target.searchParams.set('digest', descriptor.digest);
    await this.#send('PUT', target.pathname + target.search, 'application/octet-stream', bytes);
    return descriptor;
  }

  async #putManifest(name: string, reference: string, media_type: string, bytes: Uint8Array): Promise<void> {
    await this.#send('PUT', `/v2/${name}/manifests/${reference}`, media_type, bytes);
  }

  async #send(method: string, path: string, media_type?: string, bytes?: Uint8Array): Promise<Response> {
    const response = await fetch(`http://${this.address}${path}`, {
      method,
      ...(media_type === undefined ? {} : { headers: { 'Content-Type': media_type } }),
      ...(bytes === undefined ? {} : { body: Buffer.from(bytes) }),
    });
    const said = await response.text();
    if (!response.ok) throw new Error(`the registry answered ${response.status} to ${method} ${path}: ${said}`);
    return response;
  }
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length };
}

async function filesOf(archive: Uint8Array): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const tar = extract();
  tar.end(archive);
  for await (const entry of tar) files.set(entry.header.name, await buffer(entry));
  return files;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
