import type { EnvHttpProxyAgent, request } from 'undici';

import { WherryError } from '../../errors/index.ts';
import { type Credentials, type Fetch, type FetchResponse, RegistryClient } from '../../oci/index.ts';
import type { RegistrySettings } from './context.ts';
import { digester } from './digester.ts';

/** What a client sends to be let into a registry: the decoded `X-Registry-Auth`, or the body of `POST /auth`. */
export interface RegistryLogin {
  readonly username: string;
  readonly password: string;
  readonly identityToken: string;
  readonly registryToken: string;
  readonly serverAddress: string;
}

/** A client for registries that shows them these credentials. */
export function registryClient(settings: RegistrySettings, login: RegistryLogin | null): RegistryClient {
  const credentials = login === null ? undefined : credentialsOf(login);
  return new RegistryClient({
    digester,
    fetch: fetchFromRegistry,
    insecureRegistries: settings.insecure,
    userAgent: settings.userAgent,
    ...(credentials === undefined ? {} : { credentials: () => credentials }),
  });
}

function credentialsOf({ username, password, identityToken, registryToken }: RegistryLogin): Credentials | undefined {
  if (registryToken !== '') return { registryToken };
  if (identityToken !== '') return { identityToken };
  return username === '' ? undefined : { username, password };
}

/** The domain of a registry by what a login calls it: `https://index.docker.io/v1/` is `docker.io`. */
function registryDomain(serverAddress: string): string {
  const host = serverAddress.replace(/^https?:\/\//, '').split('/', 1)[0]!;
  return host === '' || host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

/**
 * Checks a login against its registry.
 *
 * @throws WherryError Unauthenticated with the registry's text
 */
export async function checkLogin(
  settings: RegistrySettings,
  login: RegistryLogin,
  signal?: AbortSignal,
): Promise<void> {
  const domain = registryDomain(login.serverAddress);
  if (!/^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:]+\](:\d{1,5})?$/.test(domain)) {
    throw new WherryError(
      'InvalidArgument',
      `cannot log in to ${JSON.stringify(login.serverAddress)}: it is no registry address`,
    );
  }
  await registryClient(settings, login).login(domain, signal);
}

/** HTTP by undici, which is loaded when the first registry is spoken to; proxies as the environment says. */
const fetchFromRegistry: Fetch = async (url, { method, headers, body, signal }) => {
  const { request: send, dispatcher } = await http();
  const response = await send(url, {
    dispatcher,
    method,
    headers,
    body: body ?? null,
    ...(signal === undefined ? {} : { signal }),
  });
  const get = (name: string): string | null => {
    const value = response.headers[name.toLowerCase()];
    return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
  };
  return { status: response.statusCode, headers: { get }, body: response.body } satisfies FetchResponse;
};

interface Http {
  readonly request: typeof request;
  readonly dispatcher: EnvHttpProxyAgent;
}
let loading: Promise<Http> | undefined;

function http(): Promise<Http> {
  loading ??= import('undici').then((undici) => ({
    request: undici.request,
    dispatcher: new undici.EnvHttpProxyAgent({ keepAliveTimeout: 4000 }),
  }));
  return loading;
}
