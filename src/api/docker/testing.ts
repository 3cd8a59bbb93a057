import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { type Core, createCore } from '../../core/index.ts';
import { Images, type ImageUser, Networks, System, Volumes, type VolumeUser } from '../../engine/index.ts';
import { imageRoutes } from './routes/images.ts';
import { networkRoutes } from './routes/networks.ts';
import { systemRoutes } from './routes/system.ts';
import { volumeRoutes } from './routes/volumes.ts';
import { DockerApi } from './server.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined for one that is none. */
  readonly json: unknown;
}

/** The API over a real store, without containers. */
export interface TestApi {
  readonly core: Core;
  readonly origin: string;
  readonly users: (ImageUser & VolumeUser)[];
  /** Sends a request; a body that is no bytes goes as JSON. */
  send(method: string, path: string, body?: unknown): Promise<Answer>;
}

export async function testApi(t: TestContext): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-api-'));
  const core = await createCore({
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    gate: { imageVisible: () => {}, containerCreate: () => {}, taskStart: () => {} },
    launcher: { launch: () => Promise.reject(new Error('no shims here')) },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const users: (ImageUser & VolumeUser)[] = [];
  const images = new Images({
    core,
    space: core.namespace('moby'),
    registries: { insecure: [], userAgent: 'wherry-test' },
    publish: () => {},
    users: () => users,
  });
  const volumes = new Volumes({ core, publish: () => {}, users: () => users });
  const networks = new Networks({ root: core.root, users: () => [] });
  const system = new System({
    version: '1.2.3',
    root: core.root,
    containerd_socket: '',
    debug: false,
    labels: [],
    insecure_registries: [],
    unencrypted_addresses: [],
    containers: () => ({ running: 1, paused: 0, stopped: 2 }),
    images: () => images.count,
    listeners: () => 0,
  });
  const faults: unknown[] = [];
  const api = new DockerApi({
    version: '1.2.3',
    routes: [
      ...imageRoutes(images),
      ...volumeRoutes(volumes),
      ...networkRoutes(networks),
      ...systemRoutes(system, images),
    ],
    onFault: (error) => void faults.push(error),
  });
  const server = api.server();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    await api.close();
    await core.close();
    await rm(folder, { recursive: true, force: true });
    if (faults.length > 0) throw faults[0];
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    core,
    origin,
    users,
    async send(method, path, body) {
      const bytes = body instanceof Uint8Array ? Buffer.from(body) : null;
      const response = await fetch(origin + path, {
        method,
        ...(body === undefined ? {} : { body: bytes ?? JSON.stringify(body) }),
        headers: { 'content-type': bytes === null ? 'application/json' : 'application/x-tar' },
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, text, json: readJson(text) };
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
