import { digester, fetchFromRegistry } from '../../core/index.ts';
import { WherryError } from '../../errors/index.ts';
import { type Credentials, RegistryClient } from '../../oci/index.ts';
import type { RegistrySettings } from './context.ts';

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
