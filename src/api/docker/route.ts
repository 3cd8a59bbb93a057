import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';

import type { Progress } from '../../engine/index.ts';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS';

/** One operation of Docker's API: reads a request, calls one method of the engine, prints what it gives. */
export interface Route {
  readonly method: Method;
  /** As Docker writes it: `/containers/{id}/json`; `{name:.*}` takes slashes too. */
  readonly pattern: string;
  /** Older requests get 400. */
  readonly min_version?: string;
  /** Takes the connection over by `reply.hijack`. */
  readonly hijacks?: boolean;
  readonly handler: Handler;
}

/** What it throws becomes the answer, unless one has begun. */
export type Handler = (request: ApiRequest, reply: ApiReply) => void | Promise<void>;

export interface ApiRequest {
  readonly method: string;
  /** `1.44`. */
  readonly version: string;
  /** The parts of the path in the pattern's braces, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** Whether the client asked for another protocol on this connection. */
  readonly upgrade: boolean;
  /** Aborted when the client is gone before it has its answer. */
  readonly signal: AbortSignal;
  /** Whether the request's version is older than this one. */
  before(version: string): boolean;
  /** A parameter as Docker reads booleans: empty, `0`, `no`, `false`, `none` are false, all else is true. */
  flag(name: string): boolean;
  /**
   * The body, which has to be JSON.
   *
   * @throws WherryError InvalidArgument with Docker's texts
   */
  json(): Promise<unknown>;
  /** The body as an object; null where there is none or it is `null`. */
  optionalJson(): Promise<unknown>;
}

export interface ApiReply {
  readonly started: boolean;
  /** A header of the answer to come. */
  header(name: string, value: string): void;
  json(status: number, value: unknown): void;
  empty(status: number): void;
  text(status: number, text: string): void;
  /** Begins an answer whose end is not known yet; the headers go out at once. */
  stream(status: number, content_type: string): ReplyStream;
  /**
   * A stream of JSON objects, each ending CRLF. The answer begins with the first; an error before it is an ordinary
   * one, a later one the last object.
   */
  progress(act: (report: (progress: Progress) => void) => Promise<void>): Promise<void>;
  /** Ends HTTP on this connection: 101 when the client asked for an upgrade, else 200 and a plain stream. */
  hijack(content_type: string): Promise<HijackedConnection>;
}

export interface ReplyStream {
  /** Settles when more may be written. What is written for a client that is gone is dropped. */
  write(chunk: string | Uint8Array): Promise<void>;
  end(): void;
}

/** A connection that is no longer HTTP. */
export interface HijackedConnection {
  write(chunk: Uint8Array): Promise<void>;
  /** Lets go of the connection without ending it: a descriptor, the caller's to close, and the bytes read from it. */
  release(): { readonly fd: number; readonly head: Uint8Array };
  /** Ends it after what was written. */
  end(): void;
}
