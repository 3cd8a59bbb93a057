import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { hook_timeout_s_max, hooks_per_phase_max } from '../../limits/index.ts';

/** A program that the bundle wants run at a point of its container's life (runtime-spec, POSIX-platform hooks). */
export interface Hook {
  readonly path: string;
  /** With the name of the program as the first. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** null for as long as it takes. */
  readonly timeout_ms: number | null;
}

const hook_phases = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

export type HookPhase = (typeof hook_phases)[number];

/** A namespace that the container's pid has: a new one, or the one at a path. */
export interface NamespaceRequest {
  readonly type: 'ipc' | 'network' | 'uts';
  readonly path: string | null;
}

/** What of a bundle concerns the world around the guest; what concerns the guest itself is `Bundle`. */
export interface ForeignBundle {
  readonly oci_version: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hooks: Readonly<Record<HookPhase, readonly Hook[]>>;
  readonly namespaces: readonly NamespaceRequest[];
  /** Below the root of each hierarchy of control groups; null when the bundle names none. */
  readonly group: string | null;
  /** Holds the namespaces of a pod and runs nothing (annotation `io.kubernetes.cri.container-type=sandbox`). */
  readonly is_sandbox: boolean;
  /** `root.path`, absolute. */
  readonly root: string;
  readonly resources: unknown;
}

const container_type_annotation = 'io.kubernetes.cri.container-type';

/**
 * Reads `config.json` of the bundle in `folder`.
 *
 * @throws WherryError InvalidArgument naming the field that is not as the runtime specification has it
 */
export function readForeignBundle(folder: string): ForeignBundle {
  const path = join(folder, 'config.json');
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new WherryError('InvalidArgument', `Cannot read the bundle's ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  const spec = object(parsed, 'config.json');
  const linux = object(spec['linux'] ?? {}, 'linux');
  const hooks = object(spec['hooks'] ?? {}, 'hooks');
  const annotations = object(spec['annotations'] ?? {}, 'annotations');
  const root = object(spec['root'] ?? {}, 'root');
  for (const [name, value] of Object.entries(annotations)) text(value, `annotations["${name}"]`);
  const root_path = text(root['path'] ?? 'rootfs', 'root.path');
  return {
    oci_version: text(spec['ociVersion'] ?? '', 'ociVersion'),
    annotations: annotations as Readonly<Record<string, string>>,
    hooks: Object.fromEntries(
      hook_phases.map((phase) => [phase, hooksOf(hooks[phase], phase)]),
    ) as ForeignBundle['hooks'],
    namespaces: list(linux['namespaces'] ?? [], 'linux.namespaces').flatMap(namespaceRequest),
    group: groupPath(text(linux['cgroupsPath'] ?? '', 'linux.cgroupsPath')),
    is_sandbox: annotations[container_type_annotation] === 'sandbox',
    root: root_path.startsWith('/') ? root_path : join(folder, root_path),
    resources: linux['resources'] ?? {},
  };
}

function hooksOf(value: unknown, phase: HookPhase): readonly Hook[] {
  const hooks = list(value ?? [], `hooks.${phase}`);
  if (hooks.length > hooks_per_phase_max) wrong(`hooks.${phase}`, `of ${hooks_per_phase_max} at most`);
  return hooks.map((each) => {
    const fields = object(each, `hooks.${phase}`);
    const path = text(fields['path'], `hooks.${phase}.path`);
    if (!path.startsWith('/')) wrong(`hooks.${phase}.path`, 'absolute');
    const args = strings(fields['args'] ?? [], `hooks.${phase}.args`);
    const timeout = fields['timeout'] ?? null;
    if (timeout !== null && !(Number.isSafeInteger(timeout) && (timeout as number) > 0))
      wrong(`hooks.${phase}.timeout`, 'a number of seconds above 0');
    return {
      path,
      args: args.length === 0 ? [path] : args,
      env: strings(fields['env'] ?? [], `hooks.${phase}.env`),
      timeout_ms: timeout === null ? null : Math.min(timeout as number, hook_timeout_s_max) * 1000,
    };
  });
}

/** The kinds that mean something to a guest or to whoever looks at its pid. */
function namespaceRequest(value: unknown): readonly NamespaceRequest[] {
  const fields = object(value, 'linux.namespaces');
  const type = text(fields['type'], 'linux.namespaces.type');
  if (type !== 'ipc' && type !== 'network' && type !== 'uts') return [];
  const path = text(fields['path'] ?? '', 'linux.namespaces.path');
  return [{ type, path: path === '' ? null : path }];
}

/** A path as it stands; systemd's form `slice:prefix:name` as the folders that systemd would make for it. */
function groupPath(path: string): string | null {
  if (path === '') return null;
  if (path.split('/').includes('..') || path.includes('\0')) wrong('linux.cgroupsPath', 'a path without ".."');
  const [slice, prefix, name, ...more] = path.split(':');
  if (slice === undefined || prefix === undefined || name === undefined || more.length > 0 || path.includes('/'))
    return path;
  const words = slice.replace(/\.slice$/, '').split('-');
  const slices = words.map((_, i) => `${words.slice(0, i + 1).join('-')}.slice`);
  return `/${slices.join('/')}/${prefix === '' ? name : `${prefix}-${name}`}.scope`;
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
  return typeof value === 'string' && !value.includes('\0') ? value : wrong(name, 'a string');
}
