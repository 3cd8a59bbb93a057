import { registry_probe_ms_max } from '../../limits/index.ts';
import { containerdWords, type Credentials, RegistryClient, type RegistryHost } from '../../oci/index.ts';
import { digester } from '../digester.ts';
import { configuredHosts } from './registry-hosts.ts';
import { fetchFromRegistry, fetchWithTls } from './registry-http.ts';

/** How a client of containerd's wants registries to be spoken to. */
export interface RegistryAccess {
  /** `http` or `https`; '' for TLS, and for this machine whatever answers. */
  readonly default_scheme: string;
  /** A folder of `hosts.toml` files on this machine; '' for none. */
  readonly hosts_folder: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Asked when a host wants credentials. */
  credentials(host: string): Promise<Credentials | undefined>;
}

/** A client for registries that tells of refusals as containerd does. */
export function registryClientFor(access: RegistryAccess): RegistryClient {
  const { default_scheme, hosts_folder, headers } = access;
  return new RegistryClient({
    digester,
    fetch: fetchFromRegistry,
    words: containerdWords,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    credentials: (host) => access.credentials(host === 'docker.io' ? 'registry-1.docker.io' : host),
    async hosts(domain) {
      const scheme = default_scheme === '' ? await usualScheme(domain) : default_scheme;
      const hosts = hosts_folder === '' ? [] : await configuredHosts(hosts_folder, domain, scheme);
      return hosts.length > 0 ? hosts : [ownHost(domain, scheme, default_scheme === '')];
    },
  });
}

function ownHost(domain: string, scheme: string, isUsual: boolean): RegistryHost {
  const host = domain === 'docker.io' ? 'registry-1.docker.io' : domain;
  return {
    origin: `${scheme}://${host}`,
    path: '/v2',
    can: { pull: true, resolve: true, push: true },
    headers: {},
    // Nobody gives a certificate for this machine's own name.
    ...(isUsual && scheme === 'https' && isThisMachine(domain) ? { fetch: unverified } : {}),
  };
}

const unverified = fetchWithTls({ skip_verify: true, ca: [], client: [] });

/** This machine is tried with TLS first, any other spoken to with nothing else. */
async function usualScheme(domain: string): Promise<'http' | 'https'> {
  if (!isThisMachine(domain)) return 'https';
  try {
    const signal = AbortSignal.timeout(registry_probe_ms_max);
    const request = { method: 'HEAD', headers: {}, redirect: 'manual', signal } as const;
    const response = await unverified(`https://${domain}/v2/`, request);
    await response.body?.[Symbol.asyncIterator]().return?.();
    return 'https';
  } catch {
    return 'http';
  }
}

function isThisMachine(domain: string): boolean {
  const name = domain.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}
