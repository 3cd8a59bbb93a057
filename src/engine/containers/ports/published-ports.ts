import type { PublishedPort, Tasks } from '../../../core/index.ts';
import type { Container } from '../container.ts';
import { planPorts } from './plan-ports.ts';

/** Where the ports of a container that has a task are; its shim is asked only when it has any. */
export function publishedPorts({ id, record }: Container, tasks: Tasks): readonly PublishedPort[] {
  return planPorts(record.host_config, record.config).length === 0 ? [] : tasks.ports(id);
}
