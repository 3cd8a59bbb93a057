import { fromUnknown, WherryError } from '../../../errors/index.ts';
import type { Networks } from '../../networks.ts';
import type { ContainerConfig, EndpointRequest, HostConfig } from '../config.ts';
import { planPorts } from '../ports/plan-ports.ts';

/**
 * Checks where a container is to be connected. Guests have no sockets but those of their published ports: what would
 * need others is refused. As in Docker, a network that is not there is missed only at the start.
 *
 * @throws WherryError InvalidArgument, Unimplemented for shared networks and for ports that are not TCP
 */
export function checkNetwork(
  host: HostConfig,
  config: ContainerConfig,
  endpoints: Readonly<Record<string, EndpointRequest>>,
): void {
  const { NetworkMode } = host;
  if (NetworkMode.startsWith('container:')) {
    throw new WherryError(
      'Unimplemented',
      `cannot share the network of ${NetworkMode.slice('container:'.length)}: networks between containers are not there yet in Wherry`,
    );
  }
  for (const endpoint of Object.values(endpoints)) checkEndpoint(endpoint);
  planPorts(host, config);
}

function checkEndpoint({ IPAMConfig, Aliases }: EndpointRequest): void {
  const wrong: string[] = [];
  if (IPAMConfig !== null && (IPAMConfig.IPv4Address !== '' || IPAMConfig.IPv6Address !== '')) {
    wrong.push('user-specified IP address is supported on user-defined networks only');
  }
  if ((Aliases ?? []).length > 0) {
    wrong.push('network-scoped aliases are only supported for user-defined networks');
  }
  if (wrong.length === 0) return;
  throw new WherryError('InvalidArgument', `invalid endpoint settings:\n${wrong.join('\n')}`);
}

/** Why a container cannot be started where it is to be connected; '' when it can. */
export function networkError({ NetworkMode }: HostConfig, networks: Networks): string {
  try {
    networks.get(NetworkMode);
    return '';
  } catch (error) {
    return `failed to set up container networking: ${fromUnknown(error).message}`;
  }
}
