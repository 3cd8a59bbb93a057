/** A container's config in Docker's names and shapes: what a client asked for, then what came of it. */

export type Strings = readonly string[];
export type StringMap = Readonly<Record<string, string>>;

/** What runs. */
export interface ContainerConfig {
  readonly Hostname: string;
  readonly Domainname: string;
  readonly User: string;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  /** `80/tcp` and the like. */
  readonly ExposedPorts: Strings;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  readonly StdinOnce: boolean;
  readonly Env: Strings;
  readonly Cmd: Strings | null;
  readonly Healthcheck: Healthcheck | null;
  readonly ArgsEscaped: boolean;
  /** As the client wrote it. */
  readonly Image: string;
  /** Paths of anonymous volumes. */
  readonly Volumes: Strings;
  readonly WorkingDir: string;
  readonly Entrypoint: Strings | null;
  readonly NetworkDisabled: boolean;
  readonly MacAddress: string;
  readonly OnBuild: Strings | null;
  readonly Labels: StringMap;
  readonly StopSignal: string;
  readonly StopTimeout: number | null;
  readonly Shell: Strings | null;
}

/** Times in nanoseconds. */
export interface Healthcheck {
  readonly Test?: Strings;
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface RestartPolicy {
  readonly Name: string;
  readonly MaximumRetryCount: number;
}

export interface LogConfig {
  readonly Type: string;
  readonly Config: StringMap;
}

export interface PortBinding {
  readonly HostIp: string;
  readonly HostPort: string;
}

export type PortMap = Readonly<Record<string, readonly PortBinding[] | null>>;

/** One of `Mounts`. */
export interface MountRequest {
  readonly Type: string;
  readonly Source: string;
  readonly Target: string;
  readonly ReadOnly: boolean;
  readonly Consistency: string;
  readonly BindOptions: BindOptions | null;
  readonly VolumeOptions: VolumeOptions | null;
  readonly TmpfsOptions: TmpfsOptions | null;
  readonly ImageOptions: { readonly Subpath: string } | null;
}

export interface BindOptions {
  readonly Propagation: string;
  readonly NonRecursive: boolean;
  readonly CreateMountpoint: boolean;
  readonly ReadOnlyNonRecursive: boolean;
  readonly ReadOnlyForceRecursive: boolean;
}

export interface VolumeOptions {
  readonly NoCopy: boolean;
  readonly Labels: StringMap;
  readonly Subpath: string;
  readonly DriverConfig: { readonly Name: string; readonly Options: StringMap } | null;
}

export interface TmpfsOptions {
  readonly SizeBytes: number;
  readonly Mode: number;
  readonly Options: readonly Strings[] | null;
}

/** What a container may use; `update` changes these and the restart policy. */
export interface Resources {
  readonly CpuShares: number;
  readonly Memory: number;
  readonly NanoCpus: number;
  readonly CgroupParent: string;
  readonly BlkioWeight: number;
  readonly CpuPeriod: number;
  readonly CpuQuota: number;
  readonly CpuRealtimePeriod: number;
  readonly CpuRealtimeRuntime: number;
  readonly CpusetCpus: string;
  readonly CpusetMems: string;
  readonly MemoryReservation: number;
  readonly MemorySwap: number;
  readonly MemorySwappiness: number | null;
  readonly OomKillDisable: boolean | null;
  readonly PidsLimit: number | null;
  readonly CpuCount: number;
  readonly CpuPercent: number;
  readonly IOMaximumIOps: number;
  readonly IOMaximumBandwidth: number;
  readonly Devices: readonly DeviceMapping[] | null;
  readonly DeviceCgroupRules: Strings | null;
  readonly DeviceRequests: readonly DeviceRequest[] | null;
  readonly Ulimits: readonly Ulimit[] | null;
  readonly BlkioWeightDevice: readonly BlkioWeight[] | null;
  readonly BlkioDeviceReadBps: readonly BlkioDevice[] | null;
  readonly BlkioDeviceWriteBps: readonly BlkioDevice[] | null;
  readonly BlkioDeviceReadIOps: readonly BlkioDevice[] | null;
  readonly BlkioDeviceWriteIOps: readonly BlkioDevice[] | null;
}

/** A device of the host, for a Linux container: no Wasm guest can use one. */
export interface DeviceMapping {
  readonly PathOnHost: string;
  readonly PathInContainer: string;
  readonly CgroupPermissions: string;
}

/** setrlimit(2) of a Linux container; -1 is no limit. */
export interface Ulimit {
  readonly Name: string;
  readonly Hard: number;
  readonly Soft: number;
}

/** How much of a block device a Linux container gets beside others. */
export interface BlkioWeight {
  readonly Path: string;
  readonly Weight: number;
}

/** Bytes or operations a second on a block device. */
export interface BlkioDevice {
  readonly Path: string;
  readonly Rate: number;
}

export interface DeviceRequest {
  readonly Driver: string;
  readonly Count: number;
  readonly DeviceIDs: Strings | null;
  readonly Capabilities: readonly Strings[] | null;
  readonly Options: StringMap;
}

/** How it runs on this host. */
export interface HostConfig extends Resources {
  readonly Binds: Strings | null;
  readonly ContainerIDFile: string;
  readonly LogConfig: LogConfig;
  readonly NetworkMode: string;
  readonly PortBindings: PortMap;
  readonly RestartPolicy: RestartPolicy;
  readonly AutoRemove: boolean;
  readonly VolumeDriver: string;
  readonly VolumesFrom: Strings | null;
  readonly Mounts: readonly MountRequest[];
  /** Height and width. */
  readonly ConsoleSize: readonly [number, number];
  readonly Annotations: StringMap;
  readonly CapAdd: Strings | null;
  readonly CapDrop: Strings | null;
  readonly CgroupnsMode: string;
  readonly Dns: Strings;
  readonly DnsOptions: Strings;
  readonly DnsSearch: Strings;
  readonly ExtraHosts: Strings | null;
  readonly GroupAdd: Strings | null;
  readonly IpcMode: string;
  readonly Cgroup: string;
  readonly Links: Strings | null;
  readonly OomScoreAdj: number;
  readonly PidMode: string;
  readonly Privileged: boolean;
  readonly PublishAllPorts: boolean;
  readonly ReadonlyRootfs: boolean;
  readonly SecurityOpt: Strings | null;
  readonly StorageOpt: StringMap;
  readonly Tmpfs: StringMap;
  readonly UTSMode: string;
  readonly UsernsMode: string;
  readonly ShmSize: number;
  readonly Sysctls: StringMap;
  readonly Runtime: string;
  readonly Isolation: string;
  readonly MaskedPaths: Strings | null;
  readonly ReadonlyPaths: Strings | null;
  readonly Init: boolean | null;
}

/** What a client says of a container's place in a network. */
export interface EndpointRequest {
  readonly IPAMConfig: { readonly IPv4Address: string; readonly IPv6Address: string } | null;
  readonly Links: Strings | null;
  readonly Aliases: Strings | null;
  readonly MacAddress: string;
  readonly DriverOpts: StringMap;
  readonly GwPriority: number;
}

/** A parsed request to make a container. */
export interface CreateRequest {
  /** '' for a name of the daemon's choice. */
  readonly name: string;
  readonly platform: string;
  readonly config: ContainerConfig;
  readonly host_config: HostConfig;
  readonly endpoints: Readonly<Record<string, EndpointRequest>>;
  /** Of the parsing, for the client. */
  readonly warnings: Strings;
}
