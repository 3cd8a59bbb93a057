import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { makeFifo, unmountTree } from '../../../os/index.ts';
import { temporaryName } from '../../durable.ts';
import { removeTree } from '../../remove-tree.ts';
import { isCode } from '../../system-error.ts';

const program_file = 'shim-binary-path';
const log_file = 'log';
const sandbox_file = 'sandbox';

/** Makes the bundle of a task whose shim is not ours: what may lie there already from others stays. */
export function makeBundle(bundle: string, work: string, spec: Uint8Array | null): void {
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  mkdirSync(join(bundle, 'rootfs'), { recursive: true, mode: 0o711 });
  chmodSync(join(bundle, 'rootfs'), 0o711);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true, mode: 0o711 });
  rmSync(join(bundle, 'work'), { force: true });
  symlinkSync(work, join(bundle, 'work'));
  for (const name of ['bootstrap.json', 'address', log_file, sandbox_file]) rmSync(join(bundle, name), { force: true });
  makeFifo(join(bundle, log_file), 0o700);
  if (spec !== null) writeFileSync(join(bundle, 'config.json'), spec, { mode: 0o600 });
}

/** The named pipe that the shim of a bundle writes its log to. */
export function logPipe(bundle: string): string {
  return join(bundle, log_file);
}

/** Keeps which program the shim of a bundle is: what has it is a bundle of a shim that is not ours. */
export function writeProgram(bundle: string, program: string): void {
  writeFileSync(join(bundle, program_file), program, { mode: 0o600 });
}

/** Keeps that the shim of a bundle is a sandbox's: it does not end with the task. */
export function writeSandbox(bundle: string, sandbox: string): void {
  writeFileSync(join(bundle, sandbox_file), sandbox, { mode: 0o600 });
}

/** Whether the shim of a bundle is a sandbox's. */
export function isSandboxed(bundle: string): boolean {
  return existsSync(join(bundle, sandbox_file));
}

/** The program of the shim of a bundle; null for a bundle of our own shim, or none. */
export function keptProgram(bundle: string): string | null {
  try {
    return readFileSync(join(bundle, program_file), 'utf8');
  } catch {
    return null;
  }
}

/**
 * Takes a bundle and its working folder away, with what is mounted in it. What the container has in its root is never
 * entered: if something is still mounted there, this fails.
 */
export async function removeBundle(bundle: string): Promise<void> {
  let work: string | null = null;
  try {
    work = readlinkSync(join(bundle, 'work'));
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EINVAL')) throw error;
  }
  const rootfs = join(bundle, 'rootfs');
  unmountTree(rootfs);
  try {
    rmdirSync(rootfs);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  await removeFolder(bundle);
  if (work !== null && basename(work) === basename(bundle)) await removeFolder(work);
}

/** Out of the way first, under a name that boot removes. */
async function removeFolder(path: string): Promise<void> {
  const away = join(dirname(path), temporaryName());
  try {
    await rename(path, away);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  await removeTree(away);
}
