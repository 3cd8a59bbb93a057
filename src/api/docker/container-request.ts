import * as v from 'valibot';

import type {
  ContainerConfig,
  CreateRequest,
  EndpointRequest,
  HostConfig,
  MountRequest,
  Resources,
  RestartPolicy,
} from '../../engine/index.ts';
import { WherryError } from '../../errors/index.ts';
import { parseBody } from './parse-body.ts';
import { hostConfigSchema, resourcesSchema, restartPolicySchema } from './host-config-schema.ts';
import { flag, map, number, orNull, strings, stringsOrOne, text } from './schema-parts.ts';
import type { ApiRequest } from './route.ts';

const keys = v.pipe(
  v.nullish(v.record(v.string(), v.unknown()), {}),
  v.transform((fields) => Object.keys(fields)),
);

const healthcheck = v.object({
  Test: v.optional(v.array(v.string())),
  Interval: v.optional(number),
  Timeout: v.optional(number),
  StartPeriod: v.optional(number),
  StartInterval: v.optional(number),
  Retries: v.optional(number),
});

const config_entries = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: keys,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: v.nullish(v.array(v.string()), []),
  Cmd: stringsOrOne,
  Healthcheck: orNull(healthcheck),
  ArgsEscaped: flag,
  Image: text,
  Volumes: keys,
  WorkingDir: text,
  Entrypoint: stringsOrOne,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: strings,
  Labels: map,
  StopSignal: text,
  StopTimeout: orNull(v.number()),
  Shell: strings,
};
const configSchema = v.object(config_entries) as unknown as v.GenericSchema<unknown, ContainerConfig>;

const endpointSchema: v.GenericSchema<unknown, EndpointRequest> = v.object({
  IPAMConfig: orNull(v.object({ IPv4Address: text, IPv6Address: text })),
  Links: strings,
  Aliases: strings,
  MacAddress: text,
  DriverOpts: map,
  GwPriority: number,
});
const networkingSchema = v.object({
  EndpointsConfig: v.nullish(v.record(v.string(), v.nullish(endpointSchema, {})), {}),
});

/**
 * The request to make a container that a client sent, as its version means it.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export async function readCreateRequest(request: ApiRequest): Promise<CreateRequest> {
  const { query, before } = request;
  const body = await request.json();
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const asked = parseBody(configSchema, body);
  if (!Object.keys(config_entries).some((key) => Object.hasOwn(fields, key))) {
    throw new WherryError('InvalidArgument', 'config cannot be empty in order to create a container');
  }
  const host = parseBody(hostConfigSchema, fields['HostConfig'] ?? {});
  const { EndpointsConfig } = parseBody(networkingSchema, fields['NetworkingConfig'] ?? {});
  const warnings: string[] = [];
  checkEndpoints(Object.keys(EndpointsConfig), before);
  const { config, endpoints } = placeMacAddress(asked, host, EndpointsConfig, { before, warnings });
  warnAboutEmptyPorts(host, before, warnings);
  return {
    name: query.get('name') ?? '',
    platform: before('1.41') ? '' : (query.get('platform') ?? ''),
    config: before('1.44') ? withoutStartInterval(config) : config,
    host_config: hostConfigOf(host, before),
    endpoints: before('1.48') ? withoutPriority(endpoints) : endpoints,
    warnings,
  };
}

type Before = ApiRequest['before'];
type Endpoints = Readonly<Record<string, EndpointRequest>>;

/** What older versions did not know, or meant otherwise. */
function hostConfigOf(host: HostConfig, before: Before): HostConfig {
  return {
    ...host,
    IpcMode: host.IpcMode === '' && before('1.40') ? 'shareable' : host.IpcMode,
    ConsoleSize: before('1.42') ? [0, 0] : host.ConsoleSize,
    Annotations: before('1.43') ? {} : host.Annotations,
    Mounts: host.Mounts.map((mount) => mountOf(mount, before)),
  };
}

function mountOf(mount: MountRequest, before: Before): MountRequest {
  const { Type, BindOptions: bind, VolumeOptions, TmpfsOptions } = mount;
  const needs = (what: string, version: string): void => {
    if (before(version)) throw new WherryError('InvalidArgument', `${what} needs API v${version} or newer`);
  };
  if (bind?.ReadOnlyForceRecursive === true) needs('BindOptions.ReadOnlyForceRecursive', '1.44');
  if ((VolumeOptions?.Subpath ?? '') !== '') needs('VolumeOptions.Subpath', '1.45');
  if (Type === 'image') needs('Mount type "image"', '1.48');
  const BindOptions =
    bind === null
      ? null
      : {
          ...bind,
          CreateMountpoint: !before('1.42') && bind.CreateMountpoint,
          NonRecursive: !before('1.40') && bind.NonRecursive,
        };
  if (!before('1.42')) return { ...mount, BindOptions };
  return {
    ...mount,
    BindOptions,
    VolumeOptions: Type === 'volume' ? VolumeOptions : null,
    TmpfsOptions: Type === 'tmpfs' ? TmpfsOptions : null,
  };
}

function checkEndpoints(names: readonly string[], before: Before): void {
  if (names.length < 2 || !before('1.44')) return;
  throw new WherryError(
    'InvalidArgument',
    `Container cannot be created with multiple network endpoints: ${names.join(', ')}`,
  );
}

/** The address of the container as a whole belongs to its endpoint since 1.44. */
function placeMacAddress(
  config: ContainerConfig,
  { NetworkMode }: HostConfig,
  endpoints: Endpoints,
  { before, warnings }: { before: Before; warnings: string[] },
): { readonly config: ContainerConfig; readonly endpoints: Endpoints } {
  const { MacAddress } = config;
  if (MacAddress === '') return { config, endpoints };
  if (!before('1.52')) {
    throw new WherryError(
      'InvalidArgument',
      'container-wide MAC address no longer supported; use endpoint-specific MAC address instead',
    );
  }
  if (!before('1.44')) {
    warnings.push(
      'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
    );
  }
  const network = NetworkMode === '' ? 'bridge' : NetworkMode;
  const endpoint = endpoints[network] ?? v.parse(endpointSchema, {});
  return { config, endpoints: { ...endpoints, [network]: { ...endpoint, MacAddress } } };
}

function warnAboutEmptyPorts({ PortBindings }: HostConfig, before: Before, warnings: string[]): void {
  if (before('1.52')) return;
  const ports = Object.entries(PortBindings).flatMap(([port, list]) => ((list ?? []).length === 0 ? [port] : []));
  if (ports.length === 0) return;
  warnings.push(
    `Following container port(s) have an empty list of port-bindings: ${ports.join(', ')}. Such bindings will be discarded in a future version.`,
  );
}

function withoutStartInterval(config: ContainerConfig): ContainerConfig {
  if (config.Healthcheck === null) return config;
  const { StartInterval: _, ...Healthcheck } = config.Healthcheck;
  return { ...config, Healthcheck };
}

function withoutPriority(endpoints: Endpoints): Endpoints {
  return Object.fromEntries(Object.entries(endpoints).map(([name, each]) => [name, { ...each, GwPriority: 0 }]));
}

/** What an update is to change: zeros and nulls leave things as they are. */
export async function readUpdateRequest(
  request: ApiRequest,
): Promise<{ readonly fields: Partial<Resources>; readonly policy: RestartPolicy | null }> {
  const body = await request.json();
  const asked = parseBody(resourcesSchema, body);
  const { RestartPolicy: policy } = parseBody(v.object({ RestartPolicy: orNull(restartPolicySchema) }), body);
  const dropped = [...(request.before('1.40') ? ['PidsLimit'] : []), ...(request.before('1.55') ? blkio_lists : [])];
  const fields = Object.entries(asked).filter(
    ([key, value]) => value !== 0 && value !== '' && value !== null && !dropped.includes(key),
  );
  if (asked.PidsLimit === 0 && !dropped.includes('PidsLimit')) fields.push(['PidsLimit', 0]);
  return { fields: Object.fromEntries(fields) as Partial<Resources>, policy };
}

const blkio_lists = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
];
