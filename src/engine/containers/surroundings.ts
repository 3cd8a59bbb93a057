import { isClass } from '../../errors/index.ts';
import type { Networks } from '../networks.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';

/** Tells that a container is about to have its volumes and its network. */
export function publishJoined(container: Container, context: ContainersContext): void {
  for (const { Type, Name, Destination, RW, Propagation } of container.record.mounts) {
    if (Type !== 'volume') continue;
    publish(context, 'volume', 'mount', Name, {
      container: container.id,
      destination: Destination,
      driver: 'local',
      propagation: Propagation,
      'read/write': String(RW),
    });
  }
  publishNetwork(container, context, 'connect');
}

/** Tells that it let go of them. */
export function publishLeft(container: Container, context: ContainersContext): void {
  publishNetwork(container, context, 'disconnect');
  for (const { Type, Name } of container.record.mounts) {
    if (Type === 'volume') publish(context, 'volume', 'unmount', Name, { container: container.id, driver: 'local' });
  }
}

function publishNetwork(container: Container, context: ContainersContext, action: string): void {
  const { id, name, driver } = context.networks.get(networkOf(container));
  publish(context, 'network', action, id, { container: container.id, name, type: driver });
}

/** The id of the network it is on; '' when that is not there. */
export function networkIdOf(container: Container, networks: Networks): string {
  try {
    return networks.get(networkOf(container)).id;
  } catch (error) {
    if (isClass(error, 'NotFound')) return '';
    throw error;
  }
}

/** The name of the network it is on. */
export function networkOf({ record }: Container): string {
  const { NetworkMode } = record.host_config;
  return NetworkMode === '' || NetworkMode === 'default' ? 'bridge' : NetworkMode;
}

function publish(
  { events }: ContainersContext,
  Type: string,
  Action: string,
  ID: string,
  Attributes: Readonly<Record<string, string>>,
): void {
  events.publish({ Type, Action, Actor: { ID, Attributes } });
}
