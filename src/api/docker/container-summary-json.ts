import { type Container, type Engine, networkOf, type ShownPort, shownPorts, statusText } from '../../engine/index.ts';
import { endpointJson, mountJson, type Sizes } from './container-json.ts';
import type { Before } from './image-json.ts';

/** `ContainerSummary`. */
export function summaryJson(
  container: Container,
  engine: Engine,
  before: Before,
  sizes: Sizes | null,
): Record<string, unknown> {
  const { id, name, record, status } = container;
  const { config, host_config } = record;
  const { Annotations, NetworkMode } = host_config;
  const annotated = !before('1.46') && Object.keys(Annotations).length > 0;
  return {
    Id: id,
    Names: [`/${name}`],
    Image: engine.containers.shownImage(container),
    ImageID: record.image_id,
    ...(before('1.48') ? {} : { ImageManifestDescriptor: record.manifest }),
    Command: commandText(record.args),
    Created: Math.floor(Date.parse(record.created_at) / 1000),
    Ports: shownPorts(container).flatMap(portJson),
    ...(sizes === null ? {} : { SizeRw: sizes.own_bytes, SizeRootFs: sizes.whole_bytes }),
    Labels: config.Labels,
    State: status,
    Status: statusText(container, new Date()),
    HostConfig: { NetworkMode, ...(annotated ? { Annotations } : {}) },
    NetworkSettings: { Networks: { [networkOf(container)]: endpointJson(container, engine) } },
    Mounts: record.mounts.map(mountJson),
    ...(before('1.52') ? {} : { Health: { Status: 'none', FailingStreak: 0 } }),
  };
}

/** The command as one line, words with blanks in quotes. */
export function commandText(args: readonly string[]): string {
  const [path = '', ...rest] = args;
  return [path, ...rest.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

/** `Port`, one for each address of the host. */
function portJson({ port, protocol, published }: ShownPort): Record<string, unknown>[] {
  const plain = { PrivatePort: port, Type: protocol };
  if (published === null) return [plain];
  return published.map(({ host_ip, host_port }) => ({ IP: host_ip, ...plain, PublicPort: host_port }));
}
