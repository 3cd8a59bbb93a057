import type { PublishedPort } from '../../../core/index.ts';
import type { Container } from '../container.ts';
import { parsePort } from './plan-ports.ts';

/** A port of a container that runs, and where on the host it is published; null for one that is only exposed. */
export interface ShownPort {
  readonly port: number;
  readonly protocol: string;
  readonly published: readonly PublishedPort[] | null;
}

/** The ports of a container by number, as Docker shows them while it runs on the default network. */
export function shownPorts({ process, record, ports }: Container): readonly ShownPort[] {
  if (process !== 'running' || !['', 'default', 'bridge'].includes(record.host_config.NetworkMode)) return [];
  const shown = new Map<string, ShownPort>();
  for (const text of record.config.ExposedPorts) {
    const { first, last, protocol } = parsePort(text);
    for (let port = first; port <= last; port++) shown.set(`${port}/${protocol}`, { port, protocol, published: null });
  }
  for (const each of ports) {
    const key = `${each.container_port}/tcp`;
    const published = [...(shown.get(key)?.published ?? []), each];
    shown.set(key, { port: each.container_port, protocol: 'tcp', published });
  }
  return [...shown.values()].sort((a, b) => a.port - b.port);
}
