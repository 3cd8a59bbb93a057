import { isIP } from 'node:net';

import type { PortRequest } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { ports_per_container_max } from '../../../limits/index.ts';
import type { ContainerConfig, HostConfig } from '../config.ts';

/** A port as Docker writes it: `port[-port][/protocol]`. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
  readonly protocol: string;
}

/** @throws WherryError InvalidArgument for what is no `port[-port][/protocol]` */
export function parsePort(text: string): PortRange {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const first = Number(parts?.[1] ?? -1);
  const last = Number(parts?.[2] ?? first);
  if (first < 0 || last < first || last > 65_535) invalid(`invalid port specification: "${text}"`);
  return { first, last, protocol: (parts?.[3] ?? 'tcp').toLowerCase() };
}

/** The ports of the host that a binding allows, '' for any. @throws WherryError InvalidArgument with Docker's texts */
function parseHostPort(text: string): PortRange {
  if (text === '') return { first: 0, last: 0, protocol: 'tcp' };
  if (!/^\d{1,5}(-\d{1,5})?$/.test(text)) invalid(`invalid port specification: "${text}"`);
  return parsePort(text);
}

/** @throws WherryError InvalidArgument with Docker's texts */
export function validateBindings({ PortBindings }: HostConfig): void {
  for (const [port, bindings] of Object.entries(PortBindings)) {
    parsePort(port);
    for (const { HostIp, HostPort } of bindings ?? []) {
      parseHostPort(HostPort);
      if (HostIp !== '' && isIP(HostIp) === 0) invalid(`invalid IP address: ${HostIp}`);
    }
  }
}

/**
 * What is to be published of a container on the default network: those of one port first, so that none of the others
 * takes it. As in Docker an empty list of bindings stands for any port of the host, and `-P` publishes what is exposed.
 *
 * @throws WherryError Unimplemented for other protocols than TCP, InvalidArgument for too many
 */
export function planPorts(
  { PublishAllPorts, PortBindings, NetworkMode }: HostConfig,
  config: ContainerConfig,
): readonly PortRequest[] {
  if (!['', 'default', 'bridge'].includes(NetworkMode)) return [];
  const anywhere = { HostIp: '', HostPort: '' };
  const wanted = new Map(
    Object.entries(PortBindings).map(([port, list]) => [port, (list ?? []).length === 0 ? [anywhere] : list!] as const),
  );
  if (PublishAllPorts) {
    for (const port of config.ExposedPorts) if (!wanted.has(port)) wanted.set(port, [anywhere]);
  }
  const requests: PortRequest[] = [];
  for (const [port, bindings] of wanted) {
    const { first, last, protocol } = parsePort(port);
    if (protocol !== 'tcp') {
      throw new WherryError(
        'Unimplemented',
        `cannot publish ${port}: of published ports only TCP is there yet in Wherry. Run it without this port.`,
      );
    }
    for (const { HostIp, HostPort } of bindings) {
      const host = parseHostPort(HostPort);
      // As many ports of the host as of the container belong to each other one by one.
      const paired = first !== last && host.last - host.first === last - first;
      for (let container_port = first; container_port <= last; container_port++) {
        const at = host.first + container_port - first;
        requests.push({
          container_port,
          host_ip: HostIp,
          host_port_first: paired ? at : host.first,
          host_port_last: paired ? at : host.last,
        });
      }
      if (requests.length > ports_per_container_max) {
        invalid(`cannot publish more than ${ports_per_container_max} ports of one container`);
      }
    }
  }
  const freedom = ({ host_port_first, host_port_last }: PortRequest): number =>
    host_port_first === 0 ? Infinity : host_port_last - host_port_first;
  return requests.sort((a, b) => {
    const [of_a, of_b] = [freedom(a), freedom(b)];
    return of_a === of_b ? a.container_port - b.container_port : of_a - of_b;
  });
}

function invalid(message: string): never {
  throw new WherryError('InvalidArgument', message);
}
