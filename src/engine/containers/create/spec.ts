import { join } from 'node:path';

import type { Any } from '../../../core/index.ts';
import { strictly_isolated } from '../isolation.ts';
import type { ContainerRecord, MountPoint } from '../record.ts';
import { planPorts } from '../ports/plan-ports.ts';
import { wantsCore } from '../core-dump.ts';
import { buildEnvironment } from './environment.ts';
import { linuxResources } from './linux-resources.ts';
import { network_files } from './network-files.ts';
import type { GuestUser } from './user.ts';

const type_url = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';

interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Where what belongs to a container lies. */
export interface Places {
  /** Where it is started from. */
  readonly bundle: string;
  /** Where its core dump goes, if one is asked for. */
  readonly core: string;
}

/** The container as the shim is told of it: runtime-spec, config.json. */
export function buildSpec(record: ContainerRecord, user: GuestUser, { bundle, core }: Places): Any {
  const { config, host_config } = record;
  const cwd = config.WorkingDir === '' ? '/' : config.WorkingDir;
  const [height, width] = host_config.ConsoleSize;
  const ports = planPorts(host_config, config);
  const spec = {
    ociVersion: '1.2.1',
    process: {
      terminal: config.Tty,
      ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
      user: {
        uid: user.uid,
        gid: user.gid,
        ...(user.groups.length === 0 ? {} : { additionalGids: user.groups }),
      },
      args: record.args,
      env: buildEnvironment(config, user.home, cwd),
      cwd,
    },
    root: { path: 'rootfs', readonly: host_config.ReadonlyRootfs },
    hostname: config.Hostname,
    mounts: specMounts(record, bundle),
    linux: { resources: linuxResources(host_config) },
    annotations: {
      ...host_config.Annotations,
      // Whoever creates a container says that a dump is wanted, and never where: undefined is left out.
      'dev.wherry.core-path': wantsCore(record) ? core : undefined,
      'dev.wherry.container.name': record.name,
      // Nobody else has a say in it.
      'dev.wherry.ports': ports.length === 0 ? undefined : JSON.stringify(ports),
      ...((host_config.SecurityOpt ?? []).some((option) => strictly_isolated.test(option))
        ? { 'dev.wherry.isolation': 'strict' }
        : {}),
      ...(config.StopSignal === '' ? {} : { 'dev.wherry.stop-signal': config.StopSignal }),
    },
  };
  return { type_url, value: Buffer.from(JSON.stringify(spec)) };
}

function specMounts({ mounts, host_config }: ContainerRecord, bundle: string): readonly SpecMount[] {
  const tmpfs = Object.entries(host_config.Tmpfs).map(([destination, options]) =>
    tmpfsMount(
      destination,
      options.split(',').filter((option) => option !== ''),
    ),
  );
  const given = mounts.map(specMount);
  const taken = new Set([...tmpfs, ...given].map(({ destination }) => destination));
  const files = Object.entries(network_files)
    .filter(([destination]) => !taken.has(destination))
    .map(([destination, name]) => bindMount(destination, join(bundle, name), ['rprivate', 'rw']));
  // What lies deeper is mounted over what it lies in.
  return [...files, ...tmpfs, ...given].sort((a, b) => depth(a) - depth(b));
}

function specMount({ Type, Source, Destination, RW, Propagation }: MountPoint): SpecMount {
  const access = RW ? 'rw' : 'ro';
  if (Type === 'tmpfs') return tmpfsMount(Destination, [access]);
  return bindMount(Destination, Source, [Propagation === '' ? 'rprivate' : Propagation, access]);
}

function bindMount(destination: string, source: string, options: readonly string[]): SpecMount {
  return { destination, type: 'bind', source, options: ['rbind', ...options] };
}

function tmpfsMount(destination: string, options: readonly string[]): SpecMount {
  return { destination, type: 'tmpfs', source: 'tmpfs', options: ['noexec', 'nosuid', 'nodev', ...options] };
}

function depth({ destination }: SpecMount): number {
  return destination.split('/').length;
}
