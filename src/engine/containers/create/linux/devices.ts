import { lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../../../../errors/index.ts';
import { container_devices_max } from '../../../../limits/index.ts';
import type { DeviceMapping } from '../../config.ts';

/** `linux.devices` of the runtime specification. */
interface DeviceSpec {
  readonly path: string;
  readonly type: string;
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** `linux.resources.devices`. */
interface DeviceRule {
  readonly allow: boolean;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

export interface Devices {
  readonly devices: readonly DeviceSpec[];
  readonly rules: readonly DeviceRule[];
}

export interface DeviceRequest {
  readonly privileged: boolean;
  readonly mappings: readonly DeviceMapping[];
  /** `c 10:200 rwm`, as the kernel's devices group reads them. */
  readonly cgroup_rules: readonly string[];
}

const fmt = 0o170_000;
const character = 0o020_000;
const block = 0o060_000;
const rule_pattern = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

const char = (major: number, minor: number, allow = true): DeviceRule => ({
  allow,
  type: 'c',
  major,
  minor,
  access: 'rwm',
});

/** Nothing but zero, null, urandom, random, tty and console; the runtime adds what it makes itself. */
const default_rules: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  char(1, 5),
  char(1, 3),
  char(1, 9),
  char(1, 8),
  char(5, 0),
  char(5, 1),
  // /dev/fuse
  char(10, 229, false),
];

/**
 * The devices of a container beside those that every one has: those it is given, all of the machine's for a privileged
 * one.
 *
 * @throws WherryError Unknown with Docker's texts
 */
export function devicesOf({ privileged, mappings, cgroup_rules }: DeviceRequest): Devices {
  if (privileged) {
    return { devices: below('/dev', '/dev'), rules: [...default_rules, { allow: true, access: 'rwm' }] };
  }
  const devices: DeviceSpec[] = [];
  const rules: DeviceRule[] = [];
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of mappings) {
    for (const device of mapped(PathOnHost, PathInContainer || PathOnHost)) {
      devices.push(device);
      const { type, major, minor } = device;
      rules.push({ allow: true, type, major, minor, access: CgroupPermissions || 'rwm' });
    }
  }
  return { devices, rules: [...default_rules, ...rules, ...cgroup_rules.map(parseRule)] };
}

/** @throws WherryError InvalidArgument with Docker's text */
export function checkDeviceRules(rules: readonly string[]): void {
  const bad = rules.find((rule) => !rule_pattern.test(rule));
  if (bad !== undefined) {
    throw new WherryError('InvalidArgument', `invalid device cgroup rule format: '${bad}'`);
  }
}

/** @throws WherryError InvalidArgument for permissions that are none */
export function checkDevices(mappings: readonly DeviceMapping[]): void {
  for (const { CgroupPermissions } of mappings) {
    if (!/^[rwm]{0,3}$/.test(CgroupPermissions)) {
      throw new WherryError('InvalidArgument', `invalid device mode: ${CgroupPermissions}`);
    }
  }
}

function parseRule(text: string): DeviceRule {
  const [, type = 'a', major = '*', minor = '*', access = 'rwm'] = rule_pattern.exec(text) ?? [];
  const number = (part: string): number => (part === '*' ? -1 : Number(part));
  return { allow: true, type, major: number(major), minor: number(minor), access };
}

function mapped(host: string, container: string): readonly DeviceSpec[] {
  const fail = (why: string): never => {
    throw new WherryError('Unknown', `error gathering device information while adding custom device "${host}": ${why}`);
  };
  let found: Stats;
  try {
    found = statSync(host);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    return fail(code === 'ENOENT' ? 'no such file or directory' : (cause as Error).message);
  }
  if (found.isDirectory()) {
    const devices = below(host, container);
    return devices.length > 0 ? devices : fail('not a device node');
  }
  const device = deviceOf(found, container);
  return device === null ? fail('not a device node') : [device];
}

/** Every device in a folder and below it, but for what each container has of its own. */
function below(folder: string, shown: string): readonly DeviceSpec[] {
  const own = ['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'];
  const devices: DeviceSpec[] = [];
  const todo: (readonly [string, string])[] = [[folder, shown]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [from, to] = next;
    for (const name of readdirSync(from).sort()) {
      const path = join(from, name);
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found === undefined || path === '/dev/console') continue;
      if (found.isDirectory() && !own.includes(name)) todo.push([path, join(to, name)]);
      const device = deviceOf(found, join(to, name));
      if (device !== null && devices.length < container_devices_max) devices.push(device);
    }
  }
  return devices;
}

function deviceOf({ mode, rdev, uid, gid }: Stats, path: string): DeviceSpec | null {
  const kind = mode & fmt;
  if (kind !== character && kind !== block) return null;
  const { major, minor } = numbers(rdev);
  return { path, type: kind === character ? 'c' : 'b', major, minor, fileMode: mode & 0o777, uid, gid };
}

/** makedev(3). */
export function numbers(rdev: number): { readonly major: number; readonly minor: number } {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xffff_f000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}
