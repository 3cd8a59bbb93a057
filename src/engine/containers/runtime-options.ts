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
  const binaryName = runtimeProgram(runtime);
  const { typeUrl, value } = packMessage(runc.OptionsSchema, { binaryName, root: join(state, 'runc') });
  return { runtime_options: { type_url: typeUrl, value } };
}
