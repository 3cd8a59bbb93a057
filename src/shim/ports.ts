import { WherryError } from '../errors/index.ts';
import { connections_waiting_max } from '../limits/index.ts';
import { close, listenTcp, SystemError, type TcpListener } from '../os/index.ts';

/** A port of a container that is to be published, as the bundle says. */
export interface PortRequest {
  readonly container_port: number;
  /** An address of the host; '' for all of them, IPv4 and IPv6. */
  readonly host_ip: string;
  /** The first that is free is taken; 0 and 0 for any. */
  readonly host_port_first: number;
  readonly host_port_last: number;
}

/** A published port at one address of the host. */
export interface PublishedPort {
  readonly container_port: number;
  readonly host_ip: string;
  readonly host_port: number;
}

/** The listeners of a container, until its guest has them. */
export interface OpenPorts {
  readonly published: readonly PublishedPort[];
  /** For `GuestJob`: each port of the container, with how many of `descriptors` lead to it. */
  readonly listening: readonly { readonly port: number; readonly listeners: number }[];
  readonly descriptors: readonly number[];
  /** The guest has its own by now, or will never have any. */
  close(): void;
}

interface Opened extends TcpListener {
  readonly addresses: readonly string[];
}

/** How the system says it, for what can be wrong with an address. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EAFNOSUPPORT: 'address family not supported by protocol',
};

/**
 * Opens a listener of the host for each request, all or none.
 *
 * @throws WherryError FailedPrecondition with Docker's text for a port that cannot be had
 */
export function openPorts(requests: readonly PortRequest[]): OpenPorts {
  const published: PublishedPort[] = [];
  const by_port = new Map<number, number[]>();
  const closeAll = (): void => {
    for (const fds of by_port.values()) for (const fd of fds.splice(0)) close(fd);
  };
  try {
    for (const request of requests) {
      const { fd, port, addresses } = openFirst(request);
      const { container_port } = request;
      by_port.set(container_port, [...(by_port.get(container_port) ?? []), fd]);
      for (const host_ip of addresses) published.push({ container_port, host_ip, host_port: port });
    }
  } catch (error) {
    closeAll();
    throw error;
  }
  return {
    published,
    listening: [...by_port].map(([port, fds]) => ({ port, listeners: fds.length })),
    descriptors: [...by_port.values()].flat(),
    close: closeAll,
  };
}

function openFirst(request: PortRequest): Opened {
  const { host_ip, host_port_first, host_port_last } = request;
  for (let port = host_port_first; ; port++) {
    try {
      return host_ip === '' ? openEverywhere(port) : openAt(host_ip, port);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.code === 'EADDRINUSE' && port < host_port_last) continue;
      const address = host_ip === '' ? '0.0.0.0' : host_ip.includes(':') ? `[${host_ip}]` : host_ip;
      throw new WherryError(
        'FailedPrecondition',
        `failed to bind host port ${address}:${port}/tcp: ${reasons[error.code] ?? error.message}`,
        { cause: error },
      );
    }
  }
}

function openAt(host_ip: string, port: number): Opened {
  return { ...listenTcp({ address: host_ip, port, backlog: connections_waiting_max }), addresses: [host_ip] };
}

/** One socket for both families; a host without IPv6 has the other. */
function openEverywhere(port: number): Opened {
  try {
    const opened = listenTcp({ address: null, port, backlog: connections_waiting_max });
    return { ...opened, addresses: ['0.0.0.0', '::'] };
  } catch (error) {
    const no_ipv6 = error instanceof SystemError && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code);
    if (!no_ipv6) throw error;
    return openAt('0.0.0.0', port);
  }
}
