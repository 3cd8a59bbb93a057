import type { Network } from '../../engine/index.ts';

/** `NetworkSummary`; with what is attached to it `NetworkInspect`. */
export function networkJson(network: Network, withContainers: boolean): Record<string, unknown> {
  const { name, id, created_at, driver, subnets, options, labels, attached } = network;
  return {
    Name: name,
    Id: id,
    Created: created_at.toISOString(),
    Scope: 'local',
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: subnets },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Options: options,
    Labels: labels,
    ...(withContainers
      ? { Containers: Object.fromEntries(attached.map((user) => [user.id, endpointJson(user.name)])) }
      : {}),
  };
}

/** A guest has no sockets but those of its published ports, so it has no addresses. */
function endpointJson(name: string): Record<string, string> {
  return { Name: name, EndpointID: '', MacAddress: '', IPv4Address: '', IPv6Address: '' };
}
