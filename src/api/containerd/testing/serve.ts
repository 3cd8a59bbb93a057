import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { type Core, createCore } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { createContainerdApi } from '../server.ts';
import { type CallHeaders, TestClient } from './client.ts';

/** containerd's services over a new core, on a socket of their own. */
export interface Served {
  readonly core: Core;
  readonly socket: string;
  /** What a handler threw that was nobody's answer. */
  readonly faults: unknown[];
  /** A new connection. */
  connect(headers?: CallHeaders): TestClient;
}

/** Serves a new core, without shims, until the test is over. */
export async function serve(t: Pick<TestContext, 'after'>): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'w-'));
  const quiet = { info() {}, warn() {}, error() {} };
  const core = await createCore({
    root: join(folder, 'r'),
    state: join(folder, 's'),
    gate: { imageVisible() {}, containerCreate() {}, taskStart() {} },
    launcher: { launch: () => Promise.reject(new WherryError('Unavailable', 'no shims in this test')) },
    log: quiet,
  });
  await core.recover();
  const faults: unknown[] = [];
  const about = { version: 'v2.1.0', revision: '' };
  const api = createContainerdApi({ core, about, onFault: (error) => faults.push(error) });
  const open = new Set<Socket>();
  const server = createServer((connection) => {
    open.add(connection);
    connection.on('error', () => {});
    api.accept(connection);
  });
  const socket = join(folder, 'c.sock');
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  const clients: TestClient[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    api.close();
    for (const connection of open) connection.destroy();
    await new Promise((resolve) => server.close(resolve));
    await core.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    core,
    socket,
    faults,
    connect(headers) {
      const client = new TestClient(socket, headers);
      clients.push(client);
      return client;
    },
  };
}
