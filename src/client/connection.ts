import http from 'node:http';
import type { Socket } from 'node:net';

import { type ErrorClass, WherryError } from '../errors/index.ts';
import type { Host } from './host.ts';

/** The version of Docker's API that this client speaks. */
const api_version = '1.55' as const;

export interface CallOptions {
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly stream?: NodeJS.ReadableStream;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: http.IncomingMessage;
}

const classes: Readonly<Record<number, ErrorClass>> = {
  304: 'NotModified',
  400: 'InvalidArgument',
  401: 'Unauthenticated',
  403: 'PermissionDenied',
  404: 'NotFound',
  409: 'Conflict',
  501: 'Unimplemented',
  503: 'Unavailable',
};

/** An error that the daemon answered; the message is the daemon's own. */
export class DaemonError extends WherryError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(classes[status] ?? 'Unknown', message);
    this.status = status;
  }
}

/** Calls of the Docker Engine API against one daemon; of an older version of it, where another engine is called. */
export class Connection {
  readonly host: Host;
  readonly #version: string;

  constructor(host: Host, version: string = api_version) {
    this.host = host;
    this.#version = version;
  }

  /** The answer of any status below 400, its body not yet read. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.#send(method, path, options);
    if (answer.status < 400) return answer;
    throw new DaemonError(answer.status, messageOf(await text(answer.body), answer.status));
  }

  /** The answer's JSON; undefined where it has no body. */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const { body } = await this.call(method, path, options);
    const read = await text(body);
    return (read === '' ? undefined : JSON.parse(read)) as T;
  }

  /** The objects of a progress or event stream, one by one as they come. */
  async *objects<T>(method: string, path: string, options: CallOptions = {}): AsyncGenerator<T> {
    const { body } = await this.call(method, path, options);
    let rest = '';
    body.setEncoding('utf8');
    for await (const chunk of body as AsyncIterable<string>) {
      rest += chunk;
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T;
  }

  /** Takes the connection itself over after the daemon's 101: raw bytes both ways. */
  hijack(
    method: string,
    path: string,
    options: CallOptions = {},
  ): Promise<{ socket: Socket; head: Buffer; headers: http.IncomingHttpHeaders }> {
    return new Promise((resolve, reject) => {
      const request = this.#request(method, path, options, { Connection: 'Upgrade', Upgrade: 'tcp' });
      request.once('upgrade', (response, socket, head) =>
        resolve({ socket: socket as Socket, head, headers: response.headers }),
      );
      request.once('response', (response) => {
        void text(response).then((said) => {
          reject(new DaemonError(response.statusCode ?? 500, messageOf(said, response.statusCode ?? 500)));
        }, reject);
      });
      request.once('error', (error) => reject(this.#unreachable(error)));
      request.end();
    });
  }

  #send(method: string, path: string, options: CallOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.#request(method, path, options, {});
      request.once('response', (body) => resolve({ status: body.statusCode ?? 500, headers: body.headers, body }));
      request.once('error', (error) => reject(this.#unreachable(error)));
      if (options.stream !== undefined) {
        options.stream.once('error', (error) => request.destroy(error));
        options.stream.pipe(request);
      } else request.end(options.body === undefined ? undefined : JSON.stringify(options.body));
    });
  }

  #request(method: string, path: string, options: CallOptions, extra: Record<string, string>): http.ClientRequest {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {})) if (value !== undefined) query.set(name, value);
    const { address } = this.host;
    return http.request({
      ...(address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }),
      method,
      path: `/v${this.#version}${path}${query.size > 0 ? `?${query.toString()}` : ''}`,
      headers: {
        Host: address.kind === 'unix' ? 'wherry' : `${address.host}:${address.port}`,
        'User-Agent': 'wherry',
        ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...options.headers,
        ...extra,
      },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      agent: false,
    });
  }

  #unreachable(error: NodeJS.ErrnoException): Error {
    if (!['ECONNREFUSED', 'ENOENT', 'EACCES', 'ENOTFOUND', 'ECONNRESET', 'ETIMEDOUT'].includes(error.code ?? ''))
      return error;
    const why = error.code === 'EACCES' ? 'you may not use that socket' : `is the daemon running? (${error.code})`;
    return new WherryError('Unavailable', `Cannot connect to Wherry at ${this.host.name}: ${why}`, { cause: error });
  }
}

function messageOf(body: string, status: number): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not JSON: the text itself says what is wrong.
  }
  return body.trim() === '' ? `the daemon answered ${status}` : body.trim();
}

async function text(body: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
