import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { fromUnknown, httpStatus, WherryError } from '../../errors/index.ts';
import { request_header_bytes_max } from '../../limits/index.ts';
import { bodyOf } from './hijacked-body.ts';
import { createReply, type Upgraded } from './reply.ts';
import { createRequest } from './request.ts';
import type { Route } from './route.ts';
import { Router, versionOf } from './router.ts';
import { compareVersions, newest_version } from './version.ts';

export interface DockerApiOptions {
  /** Wherry's, for the header `Server`. */
  readonly version: string;
  readonly routes: readonly Route[];
  /** What a client cannot be told: an error that is nobody's answer. */
  onFault(error: unknown): void;
}

/** Docker's API over HTTP. One of these serves all addresses. */
export class DockerApi {
  readonly #options: DockerApiOptions;
  readonly #router: Router;
  readonly #servers: Server[] = [];
  #open = 0;
  #last_ms = Date.now();

  constructor(options: DockerApiOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
  }

  /** When the last request was answered, in ms since 1970; now while one is open. */
  get last_used_ms(): number {
    return this.#open > 0 ? Date.now() : this.#last_ms;
  }

  /** A server of the API; whoever asks for it makes it listen. */
  server(): Server {
    const server = createServer(
      {
        maxHeaderSize: request_header_bytes_max,
        requestTimeout: 0,
        keepAliveTimeout: 0,
        shouldUpgradeCallback: (request) => this.#hijacks(request),
      },
      (request, response) => void this.#serve(request, response, null),
    );
    server.on('upgrade', (request, socket: Socket, head: Buffer) => {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.on('finish', () => socket.destroySoon());
      void this.#serve(request, response, { socket, head });
    });
    server.on('connection', (socket: Socket) => this.#alwaysUpgrade(socket));
    server.on('clientError', refuse);
    this.#servers.push(server);
    return server;
  }

  /** Takes no more requests and ends those that are open. */
  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  #hijacks(request: IncomingMessage): boolean {
    return this.#router.hijacks(request.method ?? '', request.url ?? '');
  }

  /**
   * Clients may ask for a plain connection without the header `Upgrade`. Node's parser has to be told before it takes
   * what follows for another request; only then are those bytes given out. And a connection that is to be handed on must
   * be the socket itself: Node gives another stream in its place while it still waits for a body, so it is not to.
   */
  #alwaysUpgrade(socket: Socket): void {
    const { parser } = socket as unknown as { parser: Parser | null };
    if (parser === null) return;
    const { onIncoming } = parser;
    parser.onIncoming = (request, keepAlive) => {
      const takes_over = this.#hijacks(request);
      if (takes_over) request.upgrade = true;
      const does = onIncoming.call(parser, request, keepAlive);
      return takes_over ? ends_http : does;
    };
  }

  async #serve(message: IncomingMessage, response: ServerResponse, upgraded: Upgraded | null): Promise<void> {
    this.#open++;
    response.setHeader('Api-Version', newest_version);
    response.setHeader('Docker-Experimental', 'false');
    response.setHeader('Ostype', 'linux');
    response.setHeader('Server', `Wherry/${this.#options.version} (linux)`);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    response.on('error', () => {});
    const reply = createReply(message, response, upgraded);
    try {
      if (message.method === 'OPTIONS') {
        reply.empty(200);
        return;
      }
      const found = this.#router.find(message.method ?? '', message.url ?? '/');
      const body = upgraded === null ? message : await bodyOf(message, upgraded);
      await found.route.handler(createRequest(message, found, gone.signal, body), reply);
    } catch (thrown) {
      this.#fail(thrown, message, response);
    } finally {
      this.#open--;
      this.#last_ms = Date.now();
    }
  }

  #fail(thrown: unknown, message: IncomingMessage, response: ServerResponse): void {
    if (!(thrown instanceof WherryError)) this.#options.onFault(thrown);
    if (response.headersSent || response.socket === null) {
      // Cut short, so that a client does not take what it has for the whole.
      response.destroy();
      return;
    }
    const status = httpStatus(thrown);
    const text = fromUnknown(thrown).message;
    const plain = compareVersions(versionOf(message.url ?? '/'), '1.24') < 0;
    const body = status === 304 ? '' : plain ? `${text}\n` : `${JSON.stringify({ message: text })}\n`;
    if (status !== 304) {
      response.setHeader('Content-Type', plain ? 'text/plain; charset=utf-8' : 'application/json');
      response.setHeader('Content-Length', Buffer.byteLength(body));
    }
    // A body that nobody read would be taken for the next request.
    if (!message.complete) response.shouldKeepAlive = false;
    response.writeHead(status);
    response.end(message.method === 'HEAD' ? undefined : body);
  }
}

const ends_http = 2;

/** What `llhttp` calls when it has read a request's head. */
interface Parser {
  onIncoming(request: IncomingMessage & { upgrade?: boolean | null }, keepAlive: boolean): number;
}

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
}
