import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import { fromUnknown, httpStatus } from '../../errors/index.ts';
import type { Progress } from '../../engine/index.ts';
import { hijackSocket } from './hijack.ts';
import type { ApiReply, ReplyStream } from './route.ts';

/** What a hijacking route has besides the response. */
export interface Upgraded {
  readonly socket: Socket;
  /** Bytes of the connection that were read with the request. */
  head: Buffer;
}

/** The answer that `response` carries; `upgraded` for a connection that may be taken over. */
export function createReply(request: IncomingMessage, response: ServerResponse, upgraded: Upgraded | null): ApiReply {
  const whole = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const stream = (status: number, content_type: string): ReplyStream => {
    response.writeHead(status, { 'Content-Type': content_type });
    response.flushHeaders();
    return {
      write: (chunk) => write(response, chunk),
      end: () => void response.end(),
    };
  };
  return {
    get started() {
      return response.headersSent || response.writableEnded;
    },
    header: (name, value) => void response.setHeader(name, value),
    json: (status, value) => whole(status, 'application/json', `${JSON.stringify(value)}\n`),
    text: (status, text) => whole(status, 'text/plain; charset=utf-8', text),
    empty: (status) => {
      // Without a length Node would send a chunk of nothing.
      if (status !== 204 && status !== 304) response.setHeader('Content-Length', 0);
      response.writeHead(status);
      response.end();
    },
    stream,
    progress: async (act) => {
      let begun: ReplyStream | null = null;
      const report = (progress: Progress | ErrorProgress): void => {
        begun ??= stream(200, 'application/json');
        void begun.write(`${JSON.stringify(progress)}\r\n`);
      };
      try {
        await act(report);
      } catch (thrown) {
        if (begun === null) throw thrown;
        const { message } = fromUnknown(thrown);
        const status = httpStatus(thrown);
        report({ errorDetail: { ...(status === 500 ? {} : { code: status }), message }, error: message });
      }
      begun ??= stream(200, 'application/json');
      begun.end();
    },
    hijack: (content_type) => {
      if (upgraded === null) throw new Error('this route does not hijack');
      response.detachSocket(upgraded.socket);
      return hijackSocket(upgraded, request.headers.upgrade !== undefined, content_type);
    },
  };
}

interface ErrorProgress {
  readonly errorDetail: { readonly code?: number; readonly message: string };
  readonly error: string;
}

function write(response: ServerResponse, chunk: string | Uint8Array): Promise<void> {
  if (response.destroyed || response.writableEnded) return Promise.resolve();
  if (response.write(chunk)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
