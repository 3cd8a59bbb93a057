import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import { parseResources, type Resources } from './resources.ts';
import { memory_pages_max, ports_per_container_max, table_entries_max } from '../limits/index.ts';
import type { PortRequest } from './ports.ts';

/** A mount of the bundle that the broker serves. */
export interface BundleMount {
  readonly destination: string;
  readonly source: string;
  readonly kind: 'bind' | 'tmpfs';
  readonly read_only: boolean;
}

/** A process as the runtime specification describes it (config.json, `process`). */
export interface ProcessSpec {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly terminal: boolean;
  readonly console_size: { readonly width: number; readonly height: number } | null;
}

/** What this shim takes from an OCI runtime bundle (runtime-spec, config.json). */
export interface Bundle extends ProcessSpec {
  readonly root_read_only: boolean;
  readonly mounts: readonly BundleMount[];
  /** The user asked for it: `dev.wherry.debug=1` among the annotations, which no image can set. */
  readonly debug: boolean;
  /** Where a core dump of the guest goes when it traps; null when none is wanted. */
  readonly core_path: string | null;
  readonly memory_pages_max: number;
  readonly table_entries_max: number;
  readonly resources: Resources;
  readonly ports: readonly PortRequest[];
  /** The guest is not to run with a wall missing. */
  readonly all_walls: boolean;
}

/** The root filesystem as a `wherry` mount names it. */
export interface RootFilesystem {
  /** The writable layer, null when there is none. */
  readonly upper: string | null;
  readonly chain_index: string;
  /** Layer folders, base first. */
  readonly layers: readonly string[];
  /** A directory of the host that is the whole root filesystem instead, which others mounted; its layers are unpacked. */
  readonly directory?: string;
  /** False when that directory can only be read. */
  readonly is_writable?: boolean;
}

const debug_annotation = 'dev.wherry.debug';
/** The daemon's word, never a user's: it overwrites what a user gives by that name. */
const core_path_annotation = 'dev.wherry.core-path';
const page_bytes = 65_536;

/** The annotation of a bundle that says what is to be published: JSON, a list of `PortRequest`. */
const ports_annotation = 'dev.wherry.ports';
/** `strict`: the guest is not to run with a wall missing. */
const isolation_annotation = 'dev.wherry.isolation';

/** Kernel filesystems that a spec for Linux lists and a Wasm guest has nothing of. */
const ignored_types: ReadonlySet<string> = new Set(['proc', 'sysfs', 'devpts', 'mqueue', 'cgroup', 'cgroup2']);

/**
 * Reads `config.json` of the bundle in `folder`.
 *
 * @throws WherryError InvalidArgument naming the field that is not as the runtime specification has it
 */
export function readBundle(folder: string): Bundle {
  const path = join(folder, 'config.json');
  let spec: unknown;
  try {
    spec = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new WherryError('InvalidArgument', `Cannot read the bundle's ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const root = object(spec, 'config.json');
  const process = parseProcess(root['process']);
  const resources = parseResources(object(root['linux'] ?? {}, 'linux')['resources'] ?? {});
  const limit = resources.memory_bytes ?? null;
  const annotations = object(root['annotations'] ?? {}, 'annotations');
  const core_path = annotations[core_path_annotation];
  return {
    ...process,
    root_read_only: object(root['root'] ?? {}, 'root')['readonly'] === true,
    mounts: list(root['mounts'] ?? [], 'mounts').flatMap((each) => mount(object(each, 'mounts'))),
    debug: annotations[debug_annotation] === '1',
    core_path: core_path === undefined ? null : text(core_path, `annotations[${core_path_annotation}]`),
    memory_pages_max: limit === null ? memory_pages_max : Math.min(memory_pages_max, Math.floor(limit / page_bytes)),
    table_entries_max,
    resources,
    ports: portRequests(annotations[ports_annotation]),
    all_walls: annotations[isolation_annotation] === 'strict',
  };
}

/**
 * Reads the process of a bundle, or of one beside it.
 *
 * @throws WherryError InvalidArgument naming the field that is not as the runtime specification has it
 */
export function parseProcess(value: unknown): ProcessSpec {
  const process = object(value, 'process');
  const user = object(process['user'] ?? {}, 'process.user');
  const size = process['consoleSize'];
  const args = strings(process['args'], 'process.args');
  if (args.length === 0) throw new WherryError('InvalidArgument', 'Cannot use the bundle: process.args is empty.');
  return {
    args,
    env: strings(process['env'] ?? [], 'process.env'),
    cwd: text(process['cwd'] ?? '/', 'process.cwd'),
    user: {
      uid: number(user['uid'] ?? 0, 'process.user.uid'),
      gid: number(user['gid'] ?? 0, 'process.user.gid'),
      groups: list(user['additionalGids'] ?? [], 'process.user.additionalGids').map((each) =>
        number(each, 'process.user.additionalGids'),
      ),
    },
    terminal: process['terminal'] === true,
    console_size: size === undefined || size === null ? null : consoleSize(object(size, 'process.consoleSize')),
  };
}

/**
 * Reads the root filesystem of a create request.
 *
 * @throws WherryError InvalidArgument when it is not the one `wherry` mount this shim can read
 */
export function rootFilesystem(
  mounts: readonly { type: string; source: string; options: readonly string[] }[],
): RootFilesystem {
  const [first, ...more] = mounts;
  if (first?.type !== 'wherry' || more.length > 0)
    throw new WherryError(
      'InvalidArgument',
      `Cannot mount the root filesystem: the "wherry" snapshotter's mount is needed, not ${JSON.stringify(mounts.map((each) => each.type))}.`,
    );
  const chain = first.options.find((option) => option.startsWith('chain='));
  if (chain === undefined)
    throw new WherryError('InvalidArgument', 'Cannot mount the root filesystem: it names no chain.');
  return {
    upper: first.source === '' ? null : first.source,
    chain_index: chain.slice('chain='.length),
    layers: first.options
      .filter((option) => option.startsWith('layer='))
      .map((option) => option.slice('layer='.length)),
  };
}

function mount(fields: Record<string, unknown>): BundleMount[] {
  const type = text(fields['type'] ?? 'bind', 'mounts.type');
  if (ignored_types.has(type)) return [];
  const destination = text(fields['destination'], 'mounts.destination');
  if (!destination.startsWith('/') || destination.includes('\0'))
    throw new WherryError('InvalidArgument', `Cannot mount at "${destination}": the path must be absolute.`);
  const options = strings(fields['options'] ?? [], 'mounts.options');
  const read_only = options.includes('ro');
  // A Linux spec has a tmpfs for each of its kernel folders; the guest's /dev is virtual.
  if (type === 'tmpfs' && (destination === '/dev' || destination === '/dev/shm')) return [];
  if (type === 'tmpfs') return [{ destination, source: '', kind: 'tmpfs', read_only }];
  if (type !== 'bind' && !options.includes('bind') && !options.includes('rbind'))
    throw new WherryError('InvalidArgument', `Cannot mount at "${destination}": type "${type}" is not known here.`);
  return [{ destination, source: text(fields['source'], 'mounts.source'), kind: 'bind', read_only }];
}

function portRequests(annotation: unknown): readonly PortRequest[] {
  if (annotation === undefined) return [];
  const name = `annotations["${ports_annotation}"]`;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text(annotation, name));
  } catch {
    wrong(name, 'JSON');
  }
  const requests = list(parsed, name).map((each) => {
    const fields = object(each, name);
    return {
      container_port: port(fields['container_port'], `${name}.container_port`),
      host_ip: text(fields['host_ip'], `${name}.host_ip`),
      host_port_first: port(fields['host_port_first'], `${name}.host_port_first`),
      host_port_last: port(fields['host_port_last'], `${name}.host_port_last`),
    };
  });
  return requests.length <= ports_per_container_max ? requests : wrong(name, `of ${ports_per_container_max} at most`);
}

function port(value: unknown, name: string): number {
  const checked = number(value, name);
  return checked <= 65_535 ? checked : wrong(name, 'a port');
}

function consoleSize(fields: Record<string, unknown>): { width: number; height: number } | null {
  const width = number(fields['width'] ?? 0, 'process.consoleSize.width');
  const height = number(fields['height'] ?? 0, 'process.consoleSize.height');
  return width > 0 && height > 0 ? { width, height } : null;
}

function wrong(name: string, wanted: string): never {
  throw new WherryError('InvalidArgument', `Cannot use the bundle: ${name} is not ${wanted}.`);
}

function object(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : wrong(name, 'an object');
}

function list(value: unknown, name: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(name, 'a list');
}

function strings(value: unknown, name: string): readonly string[] {
  return list(value, name).map((each) => text(each, name));
}

function text(value: unknown, name: string): string {
  return typeof value === 'string' ? value : wrong(name, 'a string');
}

function number(value: unknown, name: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : wrong(name, 'a number');
}
