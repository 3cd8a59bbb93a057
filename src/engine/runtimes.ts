import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import { namespace_probe_ms_max } from '../limits/index.ts';

/** Our own, for WebAssembly. */
export const wasm_runtime = 'io.containerd.wherry.v1';
/** Debian's, which starts runc or a program that is called like it. */
export const linux_runtime = 'io.containerd.runc.v2';

/** Its program. */
const linux_shim = 'containerd-shim-runc-v2';

/** What runs a container. */
export interface Runtime {
  /** As Docker shows it: `runc`. */
  readonly shown: string;
  /** containerd's name of its shim. */
  readonly name: string;
  /** The program that the shim calls, by name; '' for the shim's own. */
  readonly binary: string;
}

const wasm: Runtime = { shown: wasm_runtime, name: wasm_runtime, binary: '' };

/** Programs that `io.containerd.runc.v2` can call, best first. */
const binaries: readonly string[] = ['runc', 'crun'];

/** The one of them that needs no control groups. */
const rootless_binary = 'crun';

/** Where Debian puts them, which a user's own path may leave out. */
const further_folders: readonly string[] = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin'];

/** Names by which a client may ask for the runtime of WebAssembly. */
const wasm_names: readonly string[] = [wasm_runtime, 'wherry'];

/** containerd's form of a runtime's name, of which its shim's program follows. */
const shim_name = /^(?:[a-z0-9][a-z0-9_-]*\.)+v[0-9]+$/i;

/**
 * The runtime that a client named, null when it left the choice.
 *
 * @throws WherryError InvalidArgument with Docker's text
 */
export function namedRuntime(name: string): Runtime | null {
  if (name === '') return null;
  if (wasm_names.includes(name)) return { ...wasm, shown: name };
  if (binaries.includes(name)) return { shown: name, name: linux_runtime, binary: name };
  if (shim_name.test(name)) return { shown: name, name, binary: '' };
  throw new WherryError('InvalidArgument', `unknown or invalid runtime name: ${name}`);
}

/** What runs a container where nobody named a runtime. Without root that is crun, which needs less. */
export function defaultRuntime(kind: 'wasm' | 'linux', rootless: boolean): Runtime {
  if (kind === 'wasm') return wasm;
  const preferred = rootless ? binaries.toReversed() : binaries;
  const binary = preferred.find((name) => findProgram(name) !== null) ?? preferred[0]!;
  return { shown: binary, name: linux_runtime, binary };
}

/**
 * The path of the program that the shim is to call, '' when that is the shim's to choose.
 *
 * @throws WherryError FailedPrecondition naming the package that is missing
 */
export function runtimeProgram({ name, binary }: Pick<Runtime, 'name' | 'binary'>, rootless: boolean): string {
  if (name !== linux_runtime) return '';
  const wanted = binary === '' ? binaries[0]! : binary;
  if (rootless && wanted !== rootless_binary) {
    throw new WherryError(
      'FailedPrecondition',
      `Cannot run Linux containers with ${wanted}: the daemon runs without root, and ${wanted} needs control groups, ` +
        `which only root may make. ${rootless_binary} does without: install it, or run the daemon as root.`,
    );
  }
  const path = findProgram(wanted);
  if (path === null) {
    throw new WherryError(
      'FailedPrecondition',
      `Cannot run Linux containers with ${wanted}: it is not installed. Debian has it in the package ${wanted}.`,
    );
  }
  if (findProgram(linux_shim, []) === null) {
    throw new WherryError(
      'FailedPrecondition',
      `Cannot run Linux containers: ${linux_shim} is not on the path. Debian has it in the package containerd.`,
    );
  }
  if (rootless) requireUserNamespaces();
  return path;
}

let has_user_namespaces: boolean | null = null;

/** @throws WherryError FailedPrecondition when this user may not make any */
function requireUserNamespaces(): void {
  if (has_user_namespaces !== true) {
    const { status, stderr, error } = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true'], {
      encoding: 'utf8',
      timeout: namespace_probe_ms_max,
    });
    if (status !== 0) {
      throw new WherryError(
        'FailedPrecondition',
        `Cannot run Linux containers: the daemon runs without root, and this user may make no user namespaces ` +
          `(${error?.message ?? stderr.trim()}). Let users make them (sysctl user.max_user_namespaces, ` +
          'kernel.unprivileged_userns_clone), or run the daemon as root.',
      );
    }
  }
  has_user_namespaces = true;
}

/** The init that `--init` makes a container's first process; null when there is none. */
export function findInit(): string | null {
  return findProgram('docker-init') ?? findProgram('tini-static');
}

/** Runtimes that can be asked for here: ours always, the others where they are installed. */
export function installedRuntimes(): readonly Runtime[] {
  if (findProgram(linux_shim, []) === null) return [wasm];
  const found = binaries.filter((name) => findProgram(name) !== null);
  return [
    wasm,
    ...found.map((name) => ({ shown: name, name: linux_runtime, binary: name })),
    ...(found.includes('runc') ? [{ shown: linux_runtime, name: linux_runtime, binary: 'runc' }] : []),
  ];
}

/** A program on the path, or in further folders; null when there is none of that name. */
function findProgram(name: string, further: readonly string[] = further_folders): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':').filter((each) => each.startsWith('/')), ...further];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Perhaps in the next.
    }
  }
  return null;
}
