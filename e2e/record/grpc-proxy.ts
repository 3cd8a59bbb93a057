/** Stands between a gRPC client and its server on unix sockets, and notes down what each sends, in order. */
import { rmSync } from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';

/** One thing that happened on a call; calls are numbered as they begin. */
export type Step =
  | { readonly call: number; readonly is: 'open'; readonly path: string; readonly headers: Record<string, string> }
  /** A message of the client's or the server's, in base64. */
  | { readonly call: number; readonly is: 'sent'; readonly bytes: string }
  | { readonly call: number; readonly is: 'received'; readonly bytes: string }
  /** The client has nothing more to send, or gave up. */
  | { readonly call: number; readonly is: 'end' }
  | { readonly call: number; readonly is: 'cancel' }
  | { readonly call: number; readonly is: 'status'; readonly code: number; readonly message: string };

const { constants } = http2;

export class GrpcProxy {
  /** What happened so far. */
  readonly steps: Step[] = [];
  readonly #server: http2.Http2Server;
  readonly #to: http2.ClientHttp2Session;
  #calls = 0;

  private constructor(server: http2.Http2Server, to: http2.ClientHttp2Session) {
    this.#server = server;
    this.#to = to;
  }

  /** Listens at `from` for what the server at `to` answers. */
  static async start(from: string, to: string): Promise<GrpcProxy> {
    rmSync(from, { force: true });
    const session = http2.connect('http://localhost', { createConnection: () => net.connect(to) });
    session.on('error', () => {});
    const server = http2.createServer();
    const proxy = new GrpcProxy(server, session);
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => proxy.#carry(stream, headers));
    server.on('sessionError', () => {});
    await new Promise<void>((resolve) => server.listen(from, resolve));
    return proxy;
  }

  close(): void {
    this.#to.destroy();
    this.#server.close();
  }

  #carry(client: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const call = this.#calls++;
    const kept = Object.entries(headers).filter(([name]) => name.startsWith('containerd-'));
    this.steps.push({
      call,
      is: 'open',
      path: String(headers[':path']),
      headers: Object.fromEntries(kept) as Record<string, string>,
    });
    const forwarded = Object.entries(headers).filter(([name]) => name !== ':authority' && name !== 'host');
    const server = this.#to.request(Object.fromEntries(forwarded), { endStream: false });
    const sent = messages((bytes) => this.steps.push({ call, is: 'sent', bytes }));
    const received = messages((bytes) => this.steps.push({ call, is: 'received', bytes }));
    let over = false;
    client.on('data', (chunk: Buffer) => {
      sent(chunk);
      server.write(chunk);
    });
    client.on('end', () => {
      if (!over) this.steps.push({ call, is: 'end' });
      server.end();
    });
    client.on('aborted', () => {
      if (!over) this.steps.push({ call, is: 'cancel' });
      over = true;
      server.close(constants.NGHTTP2_CANCEL);
    });
    const finish = (trailers: http2.IncomingHttpHeaders): void => {
      if (over) return;
      over = true;
      const message = decodeURIComponent(String(trailers['grpc-message'] ?? ''));
      this.steps.push({ call, is: 'status', code: Number(trailers['grpc-status']), message });
    };
    server.on('response', (answered) => {
      const only = answered['grpc-status'] !== undefined;
      const rest = Object.fromEntries(Object.entries(answered).filter(([name]) => name !== 'date'));
      if (only) finish(answered);
      if (!client.headersSent && !client.destroyed) client.respond(rest, { endStream: only, waitForTrailers: !only });
    });
    let trailers: http2.IncomingHttpHeaders = {};
    server.on('trailers', (given) => {
      trailers = given;
      finish(given);
    });
    server.on('data', (chunk: Buffer) => {
      received(chunk);
      client.write(chunk);
    });
    server.on('end', () => client.end());
    client.on('wantTrailers', () => client.sendTrailers(trailers));
    client.on('error', () => {});
    server.on('error', () => {});
    server.on('close', () => {
      if (!client.writableEnded) client.close();
    });
  }
}

/** Cuts a stream of bytes into gRPC's messages. */
function messages(each: (bytes: string) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1);
      each(rest.subarray(5, 5 + length).toString('base64'));
      rest = rest.subarray(5 + length);
    }
  };
}
