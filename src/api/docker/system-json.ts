import { type Runtime, type System, wasm_runtime } from '../../engine/index.ts';
import type { Before } from './image-json.ts';

/** The API versions that are spoken. */
export interface ApiVersions {
  readonly newest: string;
  readonly oldest: string;
}

/** `SystemVersion`. */
export function versionJson({ settings, machine }: System, { newest, oldest }: ApiVersions): Record<string, unknown> {
  const Arch = goArchitecture(machine.architecture);
  return {
    Platform: { Name: 'Wherry' },
    Components: [
      {
        Name: 'Engine',
        Version: settings.version,
        Details: {
          ApiVersion: newest,
          Arch,
          BuildTime: '',
          Experimental: 'false',
          GitCommit: '',
          GoVersion: '',
          KernelVersion: machine.kernel,
          MinAPIVersion: oldest,
          Os: 'linux',
        },
      },
      { Name: 'node', Version: machine.node_version, Details: {} },
      { Name: 'v8', Version: machine.v8_version, Details: {} },
    ],
    Version: settings.version,
    ApiVersion: newest,
    MinAPIVersion: oldest,
    GitCommit: '',
    GoVersion: '',
    Os: 'linux',
    Arch,
    KernelVersion: machine.kernel,
    BuildTime: '',
  };
}

function goArchitecture(name: string): string {
  return { x86_64: 'amd64', aarch64: 'arm64' }[name] ?? name;
}

/** `SystemInfo`. */
export function infoJson(system: System, before: Before): Record<string, unknown> {
  const { settings, machine, containers, limits } = system;
  const commit = { ID: 'N/A', ...(before('1.49') ? { Expected: 'N/A' } : {}) };
  return {
    ID: system.id,
    Containers: containers.running + containers.paused + containers.stopped,
    ContainersRunning: containers.running,
    ContainersPaused: containers.paused,
    ContainersStopped: containers.stopped,
    Images: system.images,
    Driver: 'wherry',
    DriverStatus: [
      ['driver-type', 'io.containerd.snapshotter.v1'],
      ['layers', 'read in place'],
    ],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'none'],
    },
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    CpuCfsPeriod: limits.cpu_quota,
    CpuCfsQuota: limits.cpu_quota,
    CPUShares: limits.cpu_shares,
    CPUSet: false,
    PidsLimit: limits.pids,
    OomKillDisable: false,
    IPv4Forwarding: true,
    ...(before('1.50') ? { BridgeNfIptables: false, BridgeNfIp6tables: false } : {}),
    Debug: settings.debug,
    NFd: system.open_descriptors,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: limits.cgroup_driver,
    CgroupVersion: limits.cgroup_version,
    NEventsListener: system.listeners,
    KernelVersion: machine.kernel,
    OperatingSystem: machine.operating_system,
    OSVersion: machine.os_version,
    OSType: 'linux',
    Architecture: machine.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registryConfig(settings.insecure_registries, before),
    NCPU: machine.cpus,
    MemTotal: machine.memory_bytes,
    GenericResources: null,
    DockerRootDir: settings.root,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: machine.hostname,
    Labels: settings.labels,
    ExperimentalBuild: false,
    ServerVersion: settings.version,
    Runtimes: Object.fromEntries(system.runtimes.map((each) => [each.shown, runtimeJson(each, before)])),
    DefaultRuntime: wasm_runtime,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: '',
    ContainerdCommit: commit,
    RuncCommit: commit,
    InitCommit: commit,
    SecurityOptions: ['name=no-new-privileges', ...(process.getuid?.() === 0 ? [] : ['name=rootless'])],
    ProductLicense: '',
    DefaultAddressPools: null,
    ...(before('1.49') ? {} : { FirewallBackend: null }),
    ...(before('1.44') ? {} : { CDISpecDirs: [] }),
    ...(before('1.46') || settings.containerd_socket === ''
      ? {}
      : { Containerd: containerd(settings.containerd_socket) }),
    ...(before('1.50') ? {} : { DiscoveredDevices: [] }),
    Warnings: system.warnings,
  };
}

/** `RuntimeWithStatus`: a program by its path, or containerd's name of a shim. */
function runtimeJson({ name, binary }: Runtime, before: Before): Record<string, unknown> {
  const what =
    name === wasm_runtime ? { path: 'wherry-shim' } : binary === '' ? { runtimeType: name } : { path: binary };
  return { ...what, ...(before('1.44') ? {} : { status: {} }) };
}

function registryConfig(insecure: readonly string[], before: Before): Record<string, unknown> {
  const entries = insecure.map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }] as const);
  const hub = { Name: 'docker.io', Mirrors: [], Secure: true, Official: true };
  return {
    InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
    IndexConfigs: { ...Object.fromEntries(entries), 'docker.io': hub },
    Mirrors: [],
    ...(before('1.47')
      ? { AllowNondistributableArtifactsCIDRs: null, AllowNondistributableArtifactsHostnames: null }
      : {}),
  };
}

function containerd(Address: string): Record<string, unknown> {
  return { Address, Namespaces: { Containers: 'moby', Plugins: 'plugins.moby' } };
}
