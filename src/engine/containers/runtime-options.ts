import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TaskCreateOptions } from '../../core/index.ts';
import { packMessage, runc } from '../../wire/index.ts';
import { linux_runtime, runtimeProgram } from '../runtimes.ts';
import type { ContainerRecord } from './record.ts';

/**
 * What the shim of a Linux container is told of its runtime; nothing for WebAssembly and for runtimes that a client
 * named by their shim. `state` is where what lives as long as the machine is up is kept.
 *
 * @throws WherryError FailedPrecondition naming the package that is missing
 */
export function runtimeOptions({ runtime }: ContainerRecord, state: string): TaskCreateOptions {
  if (runtime?.name !== linux_runtime) return {};
  const program = runtimeProgram(runtime);
  const binaryName = runtime.binary === 'crun' && isHybrid() ? besideUnified(program, state) : program;
  const { typeUrl, value } = packMessage(runc.OptionsSchema, { binaryName, root: join(state, 'runc') });
  return { runtime_options: { type_url: typeUrl, value } };
}

const unified = '/sys/fs/cgroup/unified';

/** Whether controllers are in version 1 of cgroups(7) and others of them in version 2. */
function isHybrid(): boolean {
  try {
    return readFileSync(join(unified, 'cgroup.controllers'), 'latin1').trim() !== '';
  } catch {
    return false;
  }
}

/**
 * crun refuses a machine that has controllers in both versions, though it needs none of the second. Gives a program
 * that starts it where that one is not to be seen; what the machine mounts meanwhile still comes through.
 */
function besideUnified(crun: string, state: string): string {
  const folder = join(state, 'programs');
  const path = join(folder, 'crun');
  const script = [
    '#!/bin/sh',
    `exec unshare --mount --propagation slave -- /bin/sh -c 'umount ${unified} && exec "$0" "$@"' '${crun}' "$@"`,
    '',
  ].join('\n');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, script, { mode: 0o700 });
  chmodSync(`${path}.new`, 0o700);
  // Whole at any time: another container may be starting by it.
  renameSync(`${path}.new`, path);
  return path;
}
