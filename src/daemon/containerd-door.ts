import { createServer, type Socket } from 'node:net';

import { loadContainerdApi } from '../api/index.ts';
import type { Core } from '../core/index.ts';
import { fromUnknown } from '../errors/index.ts';
import { listen } from './listen.ts';
import type { Logger } from './log.ts';

/** containerd's socket. */
export interface ContainerdDoor {
  /** As a client names it. */
  readonly name: string;
  /** When it was last used, in ms since 1970; 0 when it never was. */
  readonly last_used_ms: number;
  close(): Promise<void>;
}

/** The containerd whose services these are: what its clients ask for before they use what is new. */
const about = { version: 'v2.1.0', revision: '' };

/** Listens at `path`; what serves it is loaded when the first client comes, since most daemons never have one. */
export async function openContainerdDoor(path: string, core: Core, log: Logger): Promise<ContainerdDoor> {
  const onFault = (error: unknown): void => log.error(`containerd: ${fromUnknown(error).stack ?? ''}`);
  type Api = ReturnType<Awaited<ReturnType<typeof loadContainerdApi>>['createContainerdApi']>;
  let loading: Promise<Api> | null = null;
  let api: Api | null = null;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    loading ??= loadContainerdApi().then(({ createContainerdApi }) => createContainerdApi({ core, about, onFault }));
    loading.then((loaded) => {
      api = loaded;
      loaded.accept(socket);
    }, onFault);
  });
  const listening = await listen(server, `unix://${path}`);
  return {
    name: listening.name,
    get last_used_ms() {
      return api?.last_used_ms ?? 0;
    },
    async close() {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      api?.close();
      for (const socket of open) socket.destroy();
      await closed;
      listening.forget();
    },
  };
}
