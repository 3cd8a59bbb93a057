import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { auth?: string; identitytoken?: string }>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/** Docker Hub's key in `config.json`. */
const hub = 'https://index.docker.io/v1/';

/**
 * What the `docker` CLI's own configuration knows for an image's registry, as the `X-Registry-Auth` header has it;
 * null when it knows nothing.
 */
export function registryAuth(name: string): string | null {
  const folder = process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker');
  let config: DockerConfig;
  try {
    config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as DockerConfig;
  } catch {
    return null;
  }
  const [first = ''] = name.split('/');
  const registry = name.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : hub;
  const found = fromHelper(config, registry) ?? fromFile(config, registry);
  if (found === null) return null;
  return Buffer.from(JSON.stringify({ ...found, serveraddress: registry })).toString('base64url');
}

function fromFile(config: DockerConfig, registry: string): Record<string, string> | null {
  const entry = config.auths?.[registry] ?? config.auths?.[`https://${registry}`];
  if (entry === undefined) return null;
  if (entry.identitytoken !== undefined) return { identitytoken: entry.identitytoken };
  const [username, ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString()
    .split(':');
  return username === undefined || username === '' ? null : { username, password: password.join(':') };
}

function fromHelper(config: DockerConfig, registry: string): Record<string, string> | null {
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper === undefined || !/^[A-Za-z0-9_-]+$/.test(helper)) return null;
  try {
    const said = execFileSync(`docker-credential-${helper}`, ['get'], {
      input: registry,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const { Username, Secret } = JSON.parse(said.toString()) as { Username: string; Secret: string };
    return Username === '<token>' ? { identitytoken: Secret } : { username: Username, password: Secret };
  } catch {
    return null;
  }
}
