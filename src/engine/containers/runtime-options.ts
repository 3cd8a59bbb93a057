import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TaskCreateOptions } from '../../core/index.ts';
import { userId } from '../../os/index.ts';
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
  const program = runtimeProgram(runtime, userId() !== 0);
  const binaryName = programFor(runtime.binary, program, state);
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
 * crun refuses a machine that has controllers in both versions, though it needs none of the second: there it is started
 * where that one is not to be seen. Without root it is told not to ask for control groups, which it may not make.
 */
function programFor(binary: string, program: string, state: string): string {
  const rootless = userId() !== 0;
  if (binary !== 'crun' || !(rootless || isHybrid())) return program;
  const arguments_of_ours = rootless ? '--cgroup-manager=disabled ' : '';
  // A mount that came into a namespace from outside can be covered there, but not taken away.
  const hidden = rootless ? `mount -t tmpfs tmpfs ${unified} && ` : `umount ${unified} && `;
  const hide = isHybrid() ? hidden : '';
  // What the machine mounts meanwhile still comes through.
  const inside = `${hide}exec "$0" ${arguments_of_ours}"$@"`;
  const script = [
    '#!/bin/sh',
    `exec unshare --mount --propagation slave -- /bin/sh -c '${inside}' '${program}' "$@"`,
    '',
  ];
  return writeProgram(join(state, 'programs'), binary, script.join('\n'));
}

/** Writes a program of ours; gives its path. */
function writeProgram(folder: string, name: string, script: string): string {
  const path = join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, script, { mode: 0o700 });
  // Whole at any time: another container may be starting by it.
  renameSync(`${path}.new`, path);
  return path;
}
