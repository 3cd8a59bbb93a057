import type { DescService } from '@bufbuild/protobuf';
import net from 'node:net';
import { unlink } from 'node:fs/promises';

import { fromUnknown, WherryError } from '../../errors/index.ts';
import { ttrpc_close_ms_max } from '../../limits/index.ts';
import { socketPath } from './address.ts';
import { type Method, ServerConnection } from './connection.ts';
import { isUnary, type ServiceHandlers } from './service.ts';

/**
 * A ttrpc server on a unix socket, as a shim has one. Register services, then listen. Unary calls only: a streaming
 * method answers Unimplemented. Who may connect is decided by the directory the socket lies in.
 */
export class TtrpcServer {
  readonly #services = new Map<string, Map<string, Method>>();
  readonly #connections = new Map<ServerConnection, net.Socket>();
  readonly #server: net.Server;

  constructor() {
    this.#server = net.createServer((socket) => this.#accept(socket));
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /**
   * Answers the methods of `service` with `handlers`. What a handler throws is sent as its gRPC code and message.
   * `names` are the names it answers to, if not its own alone: Task version 2 and 3 differ in nothing else.
   */
  register<Service extends DescService>(
    service: Service,
    handlers: ServiceHandlers<Service>,
    names: readonly string[] = [service.typeName],
  ): void {
    const methods = new Map<string, Method>();
    for (const description of service.methods) {
      const handle = (handlers as Record<string, Method['handle'] | undefined>)[description.localName];
      if (!isUnary(description) || handle === undefined) continue;
      methods.set(description.name, { description, handle: handle.bind(handlers) });
    }
    for (const name of names) this.#services.set(name, methods);
  }

  /**
   * Listens at `address`, a path or `unix://` with one. A socket that a dead server left there is replaced.
   *
   * @throws WherryError AlreadyExists when a server answers there, InvalidArgument for an address that cannot be,
   *   Unavailable when the system refuses
   */
  async listen(address: string): Promise<void> {
    const path = socketPath(address);
    try {
      await this.#bind(path);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cannotListen(path, thrown);
      if (await answers(path)) {
        throw new WherryError('AlreadyExists', `Cannot listen at ${path}: another server answers there.`);
      }
      await unlink(path);
      await this.#bind(path).catch((again: unknown) => {
        throw cannotListen(path, again);
      });
    }
  }

  /**
   * Takes no more connections and calls, aborts the signals of the calls that run, waits for their answers at most
   * one second, and hangs up. The socket file is removed.
   */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const reason = new WherryError('Unavailable', 'The shim is ending and takes no more calls.');
    const timer = setTimeout(() => {
      for (const socket of this.#connections.values()) socket.destroy();
    }, ttrpc_close_ms_max);
    for (const connection of this.#connections.keys()) void connection.close(reason);
    await closed;
    clearTimeout(timer);
  }

  #bind(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ path }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #accept(socket: net.Socket): void {
    const connection = new ServerConnection(socket, (service, method) => this.#find(service, method));
    this.#connections.set(connection, socket);
    socket.on('close', () => this.#connections.delete(connection));
  }

  #find(service: string, method: string): Method {
    const methods = this.#services.get(service);
    if (methods === undefined) throw new WherryError('Unimplemented', `service ${service}`);
    const found = methods.get(method);
    if (found === undefined) throw new WherryError('Unimplemented', `method ${method}`);
    return found;
  }
}

/** Whether somebody accepts connections at `path`. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function cannotListen(path: string, cause: unknown): WherryError {
  return new WherryError('Unavailable', `Cannot listen at ${path}: ${fromUnknown(cause).message}.`, { cause });
}
