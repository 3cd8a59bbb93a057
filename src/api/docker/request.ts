import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

import { WherryError } from '../../errors/index.ts';
import { request_body_bytes_max } from '../../limits/index.ts';
import type { ApiRequest } from './route.ts';
import type { FoundRoute } from './router.ts';
import { compareVersions } from './version.ts';

/** The request of Docker's API that an HTTP request is; `body` where that does not come with it. */
export function createRequest(
  message: IncomingMessage,
  found: FoundRoute,
  signal: AbortSignal,
  body: Readable = message,
): ApiRequest {
  const url = message.url ?? '/';
  const at = url.indexOf('?');
  const query = new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
  const optionalJson = async (): Promise<unknown> => {
    checkContentType(message);
    const text = await readText(body);
    return text.trim() === '' ? null : parseJson(text);
  };
  return {
    method: message.method ?? '',
    version: found.version,
    params: found.params,
    query,
    headers: message.headers,
    body,
    upgrade: message.headers.upgrade !== undefined,
    signal,
    before: (version) => compareVersions(found.version, version) < 0,
    flag: (name) => {
      const value = (query.get(name) ?? '').trim().toLowerCase();
      return !['', '0', 'no', 'false', 'none'].includes(value);
    },
    json: async () => {
      checkContentType(message);
      const text = await readText(body);
      if (text.trim() === '') invalid('invalid JSON: got EOF while reading request body');
      return parseJson(text);
    },
    optionalJson,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // JSON.parse says so of what follows a whole value.
    const { message } = cause as Error;
    if (message.includes('after JSON')) invalid('unexpected content after JSON');
    return invalid(`invalid JSON: ${message}`);
  }
}

function checkContentType({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (type === undefined || type === '') {
    if (hasBody) invalid('malformed Content-Type header (): mime: no media type');
    return;
  }
  if (!/^[\w!#$&^.+*'`|~%-]+(?:\/[\w!#$&^.+*'`|~%-]+)?\s*(?:;|$)/.test(type)) {
    invalid(`malformed Content-Type header (${type}): mime: invalid media type`);
  }
  if (type.split(';', 1)[0]!.trim().toLowerCase() !== 'application/json') {
    invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
  }
}

async function readText(message: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > request_body_bytes_max)
      invalid(`invalid JSON: the body is larger than ${request_body_bytes_max} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

function invalid(message: string): never {
  throw new WherryError('InvalidArgument', message);
}
