import { readFile, readdir } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { registry_hosts_file_bytes_max } from '../../limits/index.ts';
import type { RegistryHost } from '../../oci/index.ts';
import { isCode } from '../system-error.ts';
import { parseHostsToml, type TomlTable, type TomlValue } from './hosts-toml.ts';
import { fetchWithTls } from './registry-http.ts';

const all = { pull: true, resolve: true, push: true };

/**
 * The hosts that a directory of registry configuration names for a domain, mirrors first and the registry itself
 * last, as containerd reads `hosts.toml`; none when it says nothing of it.
 *
 * @throws WherryError InvalidArgument for a file that cannot be read
 */
export async function configuredHosts(root: string, domain: string, scheme: string): Promise<readonly RegistryHost[]> {
  const host = domain === 'docker.io' ? 'registry-1.docker.io' : domain;
  for (const folder of [domain.replace(/:(\d+)$/, '_$1_'), domain, '_default']) {
    const path = join(root, folder);
    const text = await readText(join(path, 'hosts.toml'));
    if (text !== null) return await fromToml(path, text, `${scheme}://${host}`);
    const certificates = await fromCertificates(path);
    if (certificates !== null) {
      return [{ origin: `${scheme}://${host}`, path: '/v2', can: all, headers: {}, fetch: certificates }];
    }
  }
  return [];
}

async function fromToml(folder: string, text: string, own: string): Promise<readonly RegistryHost[]> {
  const tables = parseHostsToml(text);
  const top = tables[0]!.values;
  const hosts: RegistryHost[] = [];
  for (const { name, values } of tables) {
    const [kind, server] = name;
    if (kind !== 'host' || server === undefined || name.length !== 2) continue;
    const header = tables.find(
      (each) => each.name.length === 3 && each.name[1] === server && each.name[2] === 'header',
    );
    hosts.push(await oneHost(folder, server, values, header?.values ?? new Map()));
  }
  const server = textOf(top.get('server')) ?? own;
  if (server !== '') {
    const header = tables.find(({ name }) => name.length === 1 && name[0] === 'header');
    hosts.push(await oneHost(folder, server, top, header?.values ?? new Map()));
  }
  return hosts;
}

async function oneHost(folder: string, server: string, values: TomlTable, header: TomlTable): Promise<RegistryHost> {
  const url = URL.parse(/^[a-z]+:\/\//.test(server) ? server : `https://${server}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new WherryError('InvalidArgument', `unable to parse server ${JSON.stringify(server.slice(0, 200))}`);
  }
  const base = url.pathname.replace(/\/+$/, '');
  const isWhole = values.get('override_path') === true || base.endsWith('/v2');
  const named = textsOf(values.get('capabilities'));
  const can = named.length === 0 ? all : abilities(named);
  const tls = {
    skip_verify: values.get('skip_verify') === true,
    ca: await readAuthorities(folder, textsOf(values.get('ca'))),
    client: await readPairs(folder, values.get('client')),
  };
  const hasTls = tls.skip_verify || tls.ca.length > 0 || tls.client.length > 0;
  return {
    origin: url.origin,
    path: isWhole ? base : `${base}/v2`,
    can,
    headers: Object.fromEntries([...header].map(([name, value]) => [name.toLowerCase(), textsOf(value).join(', ')])),
    ...(hasTls ? { fetch: fetchWithTls(tls) } : {}),
  };
}

function abilities(named: readonly string[]): RegistryHost['can'] {
  const unknown = named.find((name) => !['pull', 'resolve', 'push'].includes(name.toLowerCase()));
  if (unknown !== undefined) {
    throw new WherryError('InvalidArgument', `unknown capability ${JSON.stringify(unknown.slice(0, 200))}`);
  }
  const has = (name: string): boolean => named.some((each) => each.toLowerCase() === name);
  return { pull: has('pull'), resolve: has('resolve'), push: has('push') };
}

async function readPairs(
  folder: string,
  value: TomlValue | undefined,
): Promise<{ certificate: string; key: string }[]> {
  if (value === undefined || typeof value === 'boolean') return [];
  const isNested = typeof value !== 'string' && value.some((each) => typeof each === 'object');
  const pairs = isNested ? (value as readonly TomlValue[]).map(textsOf) : [textsOf(value)];
  return await Promise.all(
    pairs.map(async ([certificate = '', key = certificate]) => ({
      certificate: await required(folder, certificate),
      key: await required(folder, key),
    })),
  );
}

/** The way of Docker: `*.crt` are authorities, `NAME.cert` and `NAME.key` a client's. */
async function fromCertificates(folder: string): Promise<RegistryHost['fetch'] | null> {
  let names: string[];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return null;
    throw error;
  }
  const ca = await readAuthorities(
    folder,
    names.filter((name) => name.endsWith('.crt')),
  );
  const certificates = names.filter((name) => name.endsWith('.cert'));
  if (ca.length === 0 && certificates.length === 0) return null;
  const client = await Promise.all(
    certificates.map(async (name) => ({
      certificate: await required(folder, name),
      key: await required(folder, name.replace(/\.cert$/, '.key')),
    })),
  );
  return fetchWithTls({ skip_verify: false, ca, client });
}

function readAuthorities(folder: string, names: readonly string[]): Promise<string[]> {
  return Promise.all(
    names.map(async (name) => {
      const text = await required(folder, name);
      if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
      const path = isAbsolute(name) ? name : join(folder, name);
      throw new WherryError('Unknown', `unable to load CA cert ${JSON.stringify(path)}`);
    }),
  );
}

async function required(folder: string, name: string): Promise<string> {
  const path = isAbsolute(name) ? name : join(folder, name);
  const text = await readText(path);
  if (text === null) throw new WherryError('InvalidArgument', `unable to read ${path}: no such file or directory`);
  return text;
}

async function readText(path: string): Promise<string | null> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > registry_hosts_file_bytes_max) {
      throw new WherryError('InvalidArgument', `${path} has more than ${registry_hosts_file_bytes_max} bytes`);
    }
    return bytes.toString('utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return null;
    throw error;
  }
}

function textOf(value: TomlValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: TomlValue | undefined): readonly string[] {
  if (value === undefined || typeof value === 'boolean') return [];
  return typeof value === 'string' ? [value] : value.filter((each) => typeof each === 'string');
}
