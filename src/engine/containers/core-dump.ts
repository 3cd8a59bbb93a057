import { dirname, join } from 'node:path';

import type { ContainerRecord } from './record.ts';

/** By which whoever creates a container asks for a core dump. */
const core_annotation = 'dev.wherry.coredump';

/** Whether a trap of the container is to be followed by a core dump. */
export function wantsCore({ host_config }: Pick<ContainerRecord, 'host_config'>): boolean {
  return host_config.Annotations[core_annotation] === '1';
}

/** Beside the log of a container lies its core dump, and goes with it. */
export function corePath(log_path: string): string {
  return join(dirname(log_path), 'core.wasm');
}
