/** An engine that scenarios run against, and how it is brought back to the state in which each of them begins. */
import { spawnSync } from 'node:child_process';
import http from 'node:http';
import { buffer } from 'node:stream/consumers';

import { Registry } from '../registry.ts';
import { type Images, makeImages } from './images.ts';

export class Target {
  /** As for `DOCKER_HOST`. */
  readonly host: string;
  readonly platform: string;
  readonly registry: Registry;
  readonly images: Images;
  #root = '';

  private constructor(host: string, platform: string, registry: Registry, images: Images) {
    this.host = host;
    this.platform = platform;
    this.registry = registry;
    this.images = images;
  }

  /** Starts a registry, fills it, and loads the images that scenarios count on. */
  static async prepare(host: string, platform: string, program: (name: string) => Uint8Array): Promise<Target> {
    const images = await makeImages(platform, program);
    const registry = await Registry.start();
    try {
      for (const [reference, archive] of images.pushed) await registry.push(...splitReference(reference), archive);
      for (const [reference, archives] of images.indexes)
        await registry.pushIndex(...splitReference(reference), archives);
      const target = new Target(host, platform, registry, images);
      target.#root = (await target.#json<{ DockerRootDir: string }>('/info')).DockerRootDir;
      for (const archive of images.loaded.values()) await target.#load(archive);
      await target.reset();
      return target;
    } catch (error) {
      await registry.stop();
      throw error;
    }
  }

  /** Where the engine keeps its data. */
  get root(): string {
    return this.#root;
  }

  /** Ends the registry; the engine is whoever's started it. */
  async release(): Promise<void> {
    await this.registry.stop();
  }

  /** Removes containers, volumes and images that a scenario left, and loads those that it removed. */
  async reset(): Promise<void> {
    const containers = await this.#json<{ Id: string }[]>('/containers/json?all=1');
    for (const { Id } of containers) await this.#send('DELETE', `/containers/${Id}?force=1&v=1`);
    const { Volumes } = await this.#json<{ Volumes: { Name: string }[] | null }>('/volumes');
    for (const { Name } of Volumes ?? []) await this.#send('DELETE', `/volumes/${encodeURIComponent(Name)}?force=1`);
    const there = new Set<string>();
    for (const { Id, RepoTags } of await this.#json<{ Id: string; RepoTags: string[] | null }[]>('/images/json')) {
      const names = RepoTags === null || RepoTags.length === 0 ? [Id] : RepoTags;
      for (const name of names)
        if (this.images.loaded.has(name)) there.add(name);
        else await this.#send('DELETE', `/images/${encodeURIComponent(name)}?force=1`);
    }
    for (const [name, archive] of this.images.loaded) if (!there.has(name)) await this.#load(archive);
  }

  async #load(archive: Uint8Array): Promise<void> {
    await this.#send('POST', '/images/load?quiet=1', archive);
  }

  /** The answer's JSON of a path of the API, without a version. */
  async #json<T>(path: string): Promise<T> {
    return JSON.parse(await this.#send('GET', path)) as T;
  }

  async #send(method: string, path: string, tar?: Uint8Array): Promise<string> {
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      const request = http.request({
        socketPath: this.host.replace('unix://', ''),
        method,
        path,
        headers: { Host: 'docker', ...(tar === undefined ? {} : { 'Content-Type': 'application/x-tar' }) },
        agent: false,
      });
      request.once('response', resolve).once('error', reject);
      request.end(tar);
    });
    const text = String(await buffer(response));
    // What is gone by itself meanwhile (`--rm`) need not be removed.
    if ((response.statusCode ?? 500) >= 400 && ![404, 409].includes(response.statusCode ?? 0))
      throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return text;
  }
}

/** The version of the CLI that scenarios find. */
export function cliVersion(): string {
  const { stdout, error } = spawnSync('docker', ['--version'], { encoding: 'utf8' });
  if (error) throw new Error('there is no docker command here (Debian: docker-cli)', { cause: error });
  return /version ([^,\s]+)/.exec(stdout)?.[1] ?? stdout;
}

function splitReference(reference: string): [string, string] {
  const at = reference.lastIndexOf(':');
  return [reference.slice(0, at), reference.slice(at + 1)];
}
