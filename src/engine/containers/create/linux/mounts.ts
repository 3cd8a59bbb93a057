import { statSync } from 'node:fs';
import { join } from 'node:path';

import type { HostConfig, MountRequest } from '../../config.ts';
import { cleanPath } from '../../mounts/path.ts';
import type { ContainerRecord, MountPoint } from '../../record.ts';
import { network_files } from '../network-files.ts';

/** A mount of the runtime specification. */
export interface LinuxMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface MountsOptions {
  /** Where the files are that the daemon makes for the container. */
  readonly bundle: string;
  /** The init that is the container's first process, as it lies on the host; null for none. */
  readonly init: string | null;
  readonly writable_cgroups: boolean;
  /** Whether the daemon's own user is root of the machine. */
  readonly rootless: boolean;
}

/** Where an init is mounted. Docker's. */
export const init_path = '/sbin/docker-init';

/** The folders that stay writable, whatever is asked for. */
const never_read_only: ReadonlySet<string> = new Set(['/proc', '/dev', '/dev/pts', '/dev/shm', '/dev/mqueue']);

/** What is mounted in a Linux container, in Docker's order: the kernel's filesystems, then what is the container's. */
export function linuxMounts(record: ContainerRecord, options: MountsOptions): readonly LinuxMount[] {
  const { host_config } = record;
  const given = givenMounts(record);
  const taken = new Set(given.map(({ destination }) => destination));
  const kernel = kernelMounts(host_config, options).filter(({ destination }) => !taken.has(destination));
  const access = host_config.ReadonlyRootfs ? ['ro'] : [];
  const files = Object.entries(network_files)
    .filter(([destination]) => !taken.has(destination))
    .map(([destination, name]) => bind(destination, join(options.bundle, name), ['rbind', ...access, 'rprivate']));
  const init = options.init === null ? [] : [bind(init_path, options.init, ['bind', 'ro'])];
  const around = [...kernel, ...init].map((mount) => (host_config.ReadonlyRootfs ? readOnly(mount) : mount));
  // What lies deeper is mounted over what it lies in.
  return [...around, ...[...given, ...files].sort((a, b) => depth(a) - depth(b))];
}

function kernelMounts(host: HostConfig, { writable_cgroups, rootless }: MountsOptions): readonly LinuxMount[] {
  const { Privileged, IpcMode, ShmSize, NetworkMode, PidMode } = host;
  const flags = ['nosuid', 'noexec', 'nodev'];
  const sys = Privileged ? [] : ['ro'];
  const mounts: LinuxMount[] = [
    // Only who made a process namespace may mount what shows it.
    rootless && PidMode === 'host'
      ? bind('/proc', '/proc', ['rbind', ...flags])
      : { destination: '/proc', type: 'proc', source: 'proc', options: flags },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      // Without root there is no group 5 to own a terminal.
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', ...(rootless ? [] : ['gid=5'])],
    },
    // Only who made a network namespace may mount what shows it.
    rootless && NetworkMode === 'host'
      ? bind('/sys', '/sys', ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'])
      : { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...flags, ...sys] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [...(Privileged || writable_cgroups ? [] : ['ro']), ...flags],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: flags },
  ];
  if (IpcMode === 'none') return mounts;
  if (IpcMode === 'host') return [...mounts, bind('/dev/shm', '/dev/shm', ['rbind', 'rprivate'])];
  return [
    ...mounts,
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: [...flags, 'mode=1777', `size=${ShmSize}`] },
  ];
}

function givenMounts({ mounts, host_config }: ContainerRecord): readonly LinuxMount[] {
  const asked = new Map(host_config.Mounts.map((mount) => [cleanPath(mount.Target), mount]));
  const tmpfs = Object.entries(host_config.Tmpfs).map(([destination, options]) =>
    tmpfsMount(
      cleanPath(destination),
      options.split(',').filter((option) => option !== ''),
    ),
  );
  return [...tmpfs, ...mounts.map((mount) => givenMount(mount, asked.get(mount.Destination)))];
}

function givenMount(mount: MountPoint, asked: MountRequest | undefined): LinuxMount {
  const { Type, Source, Destination, RW, Propagation } = mount;
  if (Type === 'tmpfs') return tmpfsMount(Destination, [...tmpfsOptions(asked), ...(RW ? [] : ['ro'])]);
  const options = asked?.BindOptions;
  const read_only = options?.ReadOnlyNonRecursive === true || isFile(Source) ? 'ro' : 'rro';
  return bind(Destination, Source, [
    options?.NonRecursive === true ? 'bind' : 'rbind',
    ...(RW ? [] : [read_only]),
    ...(Propagation === '' ? [] : [Propagation]),
  ]);
}

/** Nothing is mounted below a file, and crun 1.8 cannot mount one with `rro`. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function tmpfsOptions(asked: MountRequest | undefined): readonly string[] {
  const { Mode = 0, SizeBytes = 0, Options = null } = asked?.TmpfsOptions ?? {};
  return [
    ...(Mode === 0 ? [] : [`mode=${Mode.toString(8)}`]),
    ...(SizeBytes === 0 ? [] : [`size=${SizeBytes}`]),
    ...(Options ?? []).map((option) => option.join('=')),
  ];
}

function bind(destination: string, source: string, options: readonly string[]): LinuxMount {
  return { destination, type: 'bind', source, options };
}

/** What contradicts one of Docker's own options takes its place. */
function tmpfsMount(destination: string, options: readonly string[]): LinuxMount {
  const given = new Set(options);
  const defaults = ['noexec', 'nosuid', 'nodev'].filter((flag) => !given.has(flag.slice(2)) && !given.has(flag));
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...defaults, 'rprivate', ...options] };
}

function readOnly(mount: LinuxMount): LinuxMount {
  if (never_read_only.has(mount.destination) || mount.options.includes('ro')) return mount;
  return { ...mount, options: [...mount.options, 'ro'] };
}

function depth({ destination }: LinuxMount): number {
  return destination.split('/').length;
}
