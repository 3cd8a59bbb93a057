import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { WherryError } from '../../../errors/index.ts';
import { isCode } from '../../system-error.ts';

/** The runtime that our own shim is, and what a container has that names none. */
const own: ReadonlySet<string> = new Set(['', 'io.containerd.wherry.v1']);

/** Whether a container's `runtime` is our own shim. */
export function isOwnRuntime(runtime: string): boolean {
  return own.has(runtime);
}

/** What clients of containerd ask for when nobody names a runtime. */
const defaults: ReadonlySet<string> = new Set(['io.containerd.runc.v2', 'io.containerd.runc.v1']);

/** Whether a container's `runtime` is what clients name by themselves: a program of ours runs by our shim nevertheless. */
export function isDefaultRuntime(runtime: string): boolean {
  return defaults.has(runtime);
}

/** Where shims' programs are looked for: the folders of PATH, then `beside`. */
export interface ShimFolders {
  readonly path: string;
  /** The folder of the daemon's own programs. */
  readonly beside: string;
}

/**
 * The program of a runtime: the absolute path that names it, or for `io.containerd.runc.v2` what
 * `containerd-shim-runc-v2` is.
 *
 * @throws WherryError Unknown in containerd's words when there is none
 */
export function shimProgram(runtime: string, folders: ShimFolders): string {
  if (runtime === '') throw cannotResolve('no runtime name');
  if (isAbsolute(runtime)) {
    if (statSync(runtime, { throwIfNoEntry: false }) === undefined)
      throw cannotResolve(`invalid custom binary path: stat ${runtime}: no such file or directory`);
    return runtime;
  }
  const parts = runtime.split('.');
  const name = `containerd-shim-${parts.at(-2)}-${parts.at(-1)}`;
  if (runtime.includes('/') || runtime.includes('\0') || parts.length < 2)
    throw cannotResolve(
      `invalid runtime name ${runtime}, correct runtime name should be either format like ` +
        '`io.containerd.runc.v2` or a full path to the binary',
    );
  for (const folder of [...folders.path.split(':'), folders.beside]) {
    const program = join(folder, name);
    if (isAbsolute(program) && isProgram(program)) return program;
  }
  throw cannotResolve(
    `runtime ${JSON.stringify(runtime)} binary not installed ${JSON.stringify(name)}: file does not exist`,
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'EACCES') || isCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

function cannotResolve(why: string): WherryError {
  return new WherryError('Unknown', `failed to resolve runtime path: ${why}`);
}
