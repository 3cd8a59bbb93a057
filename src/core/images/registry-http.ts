import { Readable } from 'node:stream';
import type { Agent, Dispatcher, request } from 'undici';

import type { Fetch, FetchResponse } from '../../oci/index.ts';

/** TLS as a registry's configuration wants it. */
export interface RegistryTls {
  readonly skip_verify: boolean;
  /** PEM. */
  readonly ca: readonly string[];
  readonly client: readonly { readonly certificate: string; readonly key: string }[];
}

/** HTTP by undici, which is loaded when the first registry is spoken to; proxies as the environment says. */
export const fetchFromRegistry: Fetch = async (url, request) => {
  const { send, dispatcher } = await http();
  return await sendBy(send, dispatcher, url, request);
};

/** The same with TLS of its own, past any proxy. */
export function fetchWithTls({ skip_verify, ca, client }: RegistryTls): Fetch {
  let agent: Agent | null = null;
  return async (url, request) => {
    const { send, makeAgent } = await http();
    agent ??= makeAgent({
      keepAliveTimeout: keep_alive_ms,
      connect: {
        rejectUnauthorized: !skip_verify,
        ...(ca.length === 0 ? {} : { ca: [...ca] }),
        ...(client.length === 0
          ? {}
          : { cert: client.map(({ certificate }) => certificate), key: client.map(({ key }) => key) }),
      },
    });
    return await sendBy(send, agent, url, request);
  };
}

async function sendBy(
  send: typeof request,
  dispatcher: Dispatcher,
  url: string,
  { method, headers, body, signal }: Parameters<Fetch>[1],
): Promise<FetchResponse> {
  const isPlain = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const response = await send(url, {
    dispatcher,
    method,
    headers,
    body: isPlain ? (body ?? null) : Readable.from(body, { objectMode: false }),
    ...(signal === undefined ? {} : { signal }),
  });
  const get = (name: string): string | null => {
    const value = response.headers[name.toLowerCase()];
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
  };
  return { status: response.statusCode, headers: { get }, body: response.body };
}

interface Http {
  readonly send: typeof request;
  readonly dispatcher: Dispatcher;
  makeAgent(options: Agent.Options): Agent;
}

const keep_alive_ms = 4000;
let loading: Promise<Http> | undefined;

function http(): Promise<Http> {
  loading ??= import('undici').then((undici) => ({
    send: undici.request,
    dispatcher: new undici.EnvHttpProxyAgent({ keepAliveTimeout: keep_alive_ms }),
    makeAgent: (options: Agent.Options) => new undici.Agent(options),
  }));
  return loading;
}
