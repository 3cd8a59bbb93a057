import type {
  Container,
  ContainerConfig,
  Engine,
  GuestWalls,
  HostConfig,
  MountPoint,
  ShownPort,
} from '../../engine/index.ts';
import { networkIdOf, networkOf, shownPorts } from '../../engine/index.ts';
import type { Before } from './image-json.ts';

const zero_time = '0001-01-01T00:00:00Z';
const driver = 'wherry';

export interface Sizes {
  readonly own_bytes: number;
  readonly whole_bytes: number;
}

export interface FoundOut {
  /** null when they were not asked for. */
  readonly sizes: Sizes | null;
  /** What stands, or stood last, around its process; null when that is not known. */
  readonly walls: GuestWalls | null;
}

/** `ContainerInspectResponse`, and `Wherry`, which is ours: see `docs/security.md`. */
export function containerJson(
  container: Container,
  engine: Engine,
  before: Before,
  { sizes, walls }: FoundOut,
): Record<string, unknown> {
  const { record, id, name, bundle } = container;
  const made = (file: string): string => (container.state.started_at === '' ? '' : `${bundle}/${file}`);
  const { config, host_config } = record;
  const execs = engine.containers.execs.idsOf(container);
  const [path = '', ...args] = record.args;
  return {
    Id: id,
    Created: record.created_at,
    Path: path,
    Args: args,
    State: stateJson(container),
    Image: record.image_id,
    ResolvConfPath: made('resolv.conf'),
    HostnamePath: made('hostname'),
    HostsPath: made('hosts'),
    LogPath: host_config.LogConfig.Type === 'none' ? '' : container.log_path,
    Name: `/${name}`,
    RestartCount: container.state.restart_count,
    Driver: driver,
    Platform: record.os,
    ...(before('1.48') ? {} : { ImageManifestDescriptor: record.manifest }),
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execs.length === 0 ? null : execs,
    HostConfig: hostConfigJson(host_config, before),
    ...(before('1.52')
      ? { GraphDriver: { Name: driver, Data: null } }
      : { Storage: { RootFS: { Snapshot: { Name: driver } } } }),
    ...(sizes === null ? {} : { SizeRw: sizes.own_bytes, SizeRootFs: sizes.whole_bytes }),
    Mounts: record.mounts.map(mountJson),
    Config: configJson(config, before),
    NetworkSettings: networkSettingsJson(container, engine, before),
    ...(walls === null ? {} : { Wherry: { Walls: walls.raised, MissingWalls: walls.missing } }),
  };
}

function stateJson({ status, state, pid, isRunning }: Container): Record<string, unknown> {
  return {
    Status: status,
    Running: isRunning,
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oom,
    Dead: status === 'dead',
    Pid: pid,
    ExitCode: state.exit_code,
    Error: state.error,
    StartedAt: state.started_at || zero_time,
    FinishedAt: state.finished_at || zero_time,
  };
}

/** `MountPoint`. */
export function mountJson({ Type, Name, Source, Destination, Driver, Mode, RW, Propagation }: MountPoint): object {
  return {
    Type,
    ...(Name === '' ? {} : { Name }),
    Source,
    Destination,
    ...(Driver === '' ? {} : { Driver }),
    Mode,
    RW,
    Propagation,
  };
}

function configJson(config: ContainerConfig, before: Before): Record<string, unknown> {
  const { ExposedPorts, Volumes, MacAddress, Healthcheck, StopSignal, StopTimeout, Shell, ArgsEscaped, ...rest } =
    config;
  const { NetworkDisabled, ...shown } = rest;
  return {
    ...shown,
    ...(ExposedPorts.length === 0 ? {} : { ExposedPorts: emptyObjects(ExposedPorts) }),
    Volumes: Volumes.length === 0 ? null : emptyObjects(Volumes),
    ...(NetworkDisabled ? { NetworkDisabled } : {}),
    ...(ArgsEscaped ? { ArgsEscaped } : {}),
    ...(before('1.52') ? { MacAddress } : {}),
    ...(Healthcheck === null ? {} : { Healthcheck }),
    ...(StopSignal === '' ? {} : { StopSignal }),
    ...(StopTimeout === null ? {} : { StopTimeout }),
    ...(Shell === null ? {} : { Shell }),
  };
}

function hostConfigJson(host: HostConfig, before: Before): Record<string, unknown> {
  const { Annotations, Mounts, Init, Sysctls, StorageOpt, Tmpfs, ...rest } = host;
  const full = (fields: object): boolean => Object.keys(fields).length > 0;
  return {
    ...rest,
    ...(full(Annotations) && !before('1.43') ? { Annotations } : {}),
    ...(Mounts.length > 0 ? { Mounts: Mounts.map(withoutNulls) } : {}),
    ...(Init === null ? {} : { Init }),
    ...(full(Sysctls) ? { Sysctls } : {}),
    ...(full(StorageOpt) ? { StorageOpt } : {}),
    ...(full(Tmpfs) ? { Tmpfs } : {}),
  };
}

function withoutNulls(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== '' && value !== false),
  );
}

function networkSettingsJson(container: Container, engine: Engine, before: Before): Record<string, unknown> {
  const name = networkOf(container);
  const no_address = {
    EndpointID: '',
    Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    MacAddress: '',
  };
  return {
    ...(before('1.52')
      ? {
          Bridge: '',
          HairpinMode: false,
          LinkLocalIPv6Address: '',
          LinkLocalIPv6PrefixLen: 0,
          SecondaryIPAddresses: null,
          SecondaryIPv6Addresses: null,
          ...no_address,
        }
      : {}),
    SandboxID: '',
    SandboxKey: '',
    Ports: Object.fromEntries(shownPorts(container).map(portBindings)),
    Networks: { [name]: endpointJson(container, engine) },
  };
}

/** An entry of `PortMap`. */
function portBindings({ port, protocol, published }: ShownPort): [string, object[] | null] {
  const bindings = published?.map(({ host_ip, host_port }) => ({ HostIp: host_ip, HostPort: String(host_port) }));
  return [`${port}/${protocol}`, bindings ?? null];
}

/** `EndpointSettings`: a guest has no sockets but those of its published ports, so it has no address. */
export function endpointJson(container: Container, engine: Engine): Record<string, unknown> {
  const name = networkOf(container);
  const asked = container.record.endpoints[name];
  const driver_options = asked?.DriverOpts ?? {};
  return {
    IPAMConfig: asked?.IPAMConfig ?? null,
    Links: asked?.Links ?? null,
    Aliases: asked?.Aliases ?? null,
    MacAddress: '',
    DriverOpts: Object.keys(driver_options).length === 0 ? null : driver_options,
    GwPriority: asked?.GwPriority ?? 0,
    NetworkID: networkIdOf(container, engine.networks),
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}

function emptyObjects(names: readonly string[]): Record<string, object> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
