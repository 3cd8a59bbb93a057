import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ContainerRecord } from '../record.ts';

/** Files of a container that the daemon makes, with where a guest sees them. */
export const network_files: Readonly<Record<string, string>> = {
  '/etc/hostname': 'hostname',
  '/etc/hosts': 'hosts',
  '/etc/resolv.conf': 'resolv.conf',
};

/** Writes `hosts`, `hostname` and `resolv.conf` into the container's bundle. */
export function writeNetworkFiles(bundle: string, { config, host_config, runtime }: ContainerRecord): void {
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): void => {
    const path = join(bundle, name);
    writeFileSync(path, text);
    // Guests of any user read them, whatever this process's umask is.
    chmodSync(path, 0o644);
  };
  write('hostname', `${config.Hostname}\n`);
  write('resolv.conf', resolvers(host_config));
  // The last: where it is, all are.
  const on_host = runtime !== undefined && host_config.NetworkMode === 'host';
  const own = on_host ? hostsOfHost() : loopbackHosts(config.Hostname);
  write('hosts', hosts(own, host_config.ExtraHosts ?? []));
}

interface HostsLines {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** A container in the host's network knows whom the host knows. */
function hostsOfHost(): HostsLines {
  try {
    return { before: readFileSync('/etc/hosts', 'utf8').trimEnd().split('\n'), after: [] };
  } catch {
    return loopbackHosts('localhost');
  }
}

function loopbackHosts(hostname: string): HostsLines {
  const before = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
  ];
  return { before, after: [`127.0.0.1\t${hostname}`] };
}

function hosts({ before, after }: HostsLines, extra: readonly string[]): string {
  const lines = [
    ...before,
    ...extra.map((entry) => {
      const at = entry.search(/[:=]/);
      return `${entry.slice(at + 1)}\t${entry.slice(0, at)}`;
    }),
    ...after,
  ];
  return `${lines.join('\n')}\n`;
}

/** resolv.conf(5): the host's, with what the container has of its own in place of it. */
function resolvers({ Dns, DnsSearch, DnsOptions }: ContainerRecord['host_config']): string {
  let host: readonly string[] = [];
  try {
    host = readFileSync('/etc/resolv.conf', 'utf8').split('\n');
  } catch {
    // A host without one resolves nothing, and neither does the container.
  }
  const ofHost = (keyword: string): readonly string[] => host.filter((line) => line.startsWith(`${keyword} `));
  const lines = [
    ...(Dns.length > 0 ? Dns.map((address) => `nameserver ${address}`) : ofHost('nameserver')),
    ...(DnsSearch.length > 0 ? [`search ${DnsSearch.join(' ')}`] : ofHost('search')),
    ...(DnsOptions.length > 0 ? [`options ${DnsOptions.join(' ')}`] : ofHost('options')),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
