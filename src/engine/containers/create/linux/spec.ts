import type { Any } from '../../../../core/index.ts';
import { documentType } from '../../../../wire/index.ts';
import type { ContainerConfig } from '../../config.ts';
import type { ContainerRecord } from '../../record.ts';
import type { GuestUser } from '../user.ts';
import { capabilitiesOf, ownCapabilities } from './capabilities.ts';
import { devicesOf } from './devices.ts';
import { knownLimits } from './known-limits.ts';
import { init_path, linuxMounts } from './mounts.ts';
import { linuxNamespaces } from './namespaces.ts';
import { oomScoreAdjustment } from './oom-score.ts';
import { containerResources, type KnownLimits } from './resources.ts';
import { rlimitsOf } from './rlimits.ts';
import { seccompSpec, surroundingsOf } from './seccomp.ts';
import { parseSecurityOptions } from './security-options.ts';

/** What a Linux container's spec is made for, beside the container itself. */
export interface LinuxPlace {
  /** Its bundle, and in it the files that the daemon makes. */
  readonly bundle: string;
  /** The name of its group of processes below the machine's first, or below the one that was asked for. */
  readonly namespace: string;
  /** The init that was asked for, as it lies on the host; null for none. */
  readonly init: string | null;
  /** Whether the daemon's own user is not the machine's root. */
  readonly rootless: boolean;
  /** What a container may have at most. */
  readonly own_capabilities?: readonly string[];
  readonly known_limits?: KnownLimits;
}

const default_path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Sysctls of a network that is the container's own: what Docker lets everybody in it do. */
const network_sysctls = { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' };

/**
 * A Linux container as its runtime is told of it: config.json of the runtime specification, equal in effect to what
 * Docker 28 makes of the same request.
 *
 * @throws WherryError InvalidArgument and Unknown with Docker's texts, of devices and profiles that cannot be used
 */
export function buildLinuxSpec(record: ContainerRecord, user: GuestUser, place: LinuxPlace): Any {
  return { type_url: documentType.spec, value: Buffer.from(JSON.stringify(linuxSpec(record, user, place))) };
}

/** The same before it is packed. */
export function linuxSpec(record: ContainerRecord, user: GuestUser, place: LinuxPlace): Record<string, unknown> {
  const { config, host_config } = record;
  const { bundle, init, rootless, namespace } = place;
  const { Privileged, CapAdd, CapDrop, Devices, DeviceCgroupRules, MaskedPaths, ReadonlyPaths } = host_config;
  const security = parseSecurityOptions(host_config.SecurityOpt ?? [], Privileged);
  const capabilities = capabilitiesOf(
    { privileged: Privileged, add: CapAdd ?? [], drop: CapDrop ?? [] },
    place.own_capabilities ?? ownCapabilities(),
  );
  const { devices, rules } = devicesOf({
    privileged: Privileged,
    mappings: Devices ?? [],
    cgroup_rules: DeviceCgroupRules ?? [],
  });
  const rlimits = rlimitsOf(host_config.Ulimits ?? []);
  const [height, width] = host_config.ConsoleSize;
  const own_uts = host_config.UTSMode !== 'host';
  const sysctls = {
    ...(host_config.NetworkMode === 'host' || rootless ? {} : network_sysctls),
    ...(own_uts && config.Domainname !== '' ? { 'kernel.domainname': config.Domainname } : {}),
    ...host_config.Sysctls,
  };
  const full = (list: readonly unknown[] | null): boolean => list !== null && list.length > 0;
  return {
    // The oldest that has all of this: crun 1.8, Debian 12's, takes no later one.
    ociVersion: '1.0.2',
    process: {
      ...(config.Tty ? { terminal: true } : {}),
      ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
      user: userSpec(user),
      args: init === null ? record.args : [init_path, '--', ...record.args],
      env: linuxEnvironment(config),
      cwd: config.WorkingDir === '' ? '/' : config.WorkingDir,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      ...(full(rlimits) ? { rlimits } : {}),
      ...(security.no_new_privileges ? { noNewPrivileges: true } : {}),
      oomScoreAdj: oomScoreAdjustment(host_config.OomScoreAdj),
    },
    root: { path: 'rootfs', ...(host_config.ReadonlyRootfs ? { readonly: true } : {}) },
    ...(own_uts ? { hostname: config.Hostname } : {}),
    mounts: linuxMounts(record, { bundle, init, rootless, writable_cgroups: security.writable_cgroups }),
    ...(Object.keys(host_config.Annotations).length > 0 ? { annotations: host_config.Annotations } : {}),
    linux: {
      ...(Object.keys(sysctls).length > 0 ? { sysctl: sysctls } : {}),
      resources: { devices: rules, ...containerResources(host_config, place.known_limits ?? knownLimits()) },
      cgroupsPath: groupOf(host_config.CgroupParent, namespace, record.id),
      namespaces: linuxNamespaces(host_config),
      ...(full(devices) ? { devices } : {}),
      ...(security.seccomp === null ? {} : { seccomp: seccompSpec(security.seccomp, surroundingsOf(capabilities)) }),
      ...(full(MaskedPaths) ? { maskedPaths: MaskedPaths } : {}),
      ...(full(ReadonlyPaths) ? { readonlyPaths: ReadonlyPaths } : {}),
    },
  };
}

/** Not below `/wherry`: groups there that nobody holds are taken away. */
function groupOf(parent: string, namespace: string, id: string): string {
  return parent === '' ? `/wherry-linux/${namespace}/${id}` : `/${parent.replace(/^\/+|\/+$/g, '')}/${id}`;
}

/** `process.user`: the first group is among the further ones, too. */
export function userSpec({ uid, gid, groups }: GuestUser): Readonly<Record<string, unknown>> {
  return { uid, gid, additionalGids: [...new Set([gid, ...groups])] };
}

/** Docker's own variables, over them those of the config; the runtime adds HOME. A variable without `=` unsets one. */
export function linuxEnvironment(config: ContainerConfig): readonly string[] {
  const variables = new Map<string, string>();
  const set = (variable: string): void => void variables.set(variable.split('=', 1)[0]!, variable);
  set(default_path);
  set(`HOSTNAME=${config.Hostname}`);
  if (config.Tty) set('TERM=xterm');
  for (const variable of config.Env) {
    if (variable.includes('=')) set(variable);
    else variables.delete(variable);
  }
  return [...variables.values()];
}
