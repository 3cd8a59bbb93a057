import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { ShimBootstrap, ShimTaskRecord } from '../shim-contract.ts';

/** What the shim that serves from `folder` wrote about itself; null when it is not there or not whole. */
export function readBootstrap(folder: string): ShimBootstrap | null {
  const value = readJson(join(folder, 'bootstrap.json')) as Partial<ShimBootstrap> | null;
  const whole =
    typeof value?.id === 'string' &&
    typeof value.namespace === 'string' &&
    Number.isSafeInteger(value.pid) &&
    typeof value.start_time === 'string' &&
    typeof value.address === 'string' &&
    typeof value.handoff === 'string';
  return whole ? (value as ShimBootstrap) : null;
}

/** What the shim wrote about its task of `container`; null when it wrote nothing. */
export function readTaskRecord(folder: string, container: string): ShimTaskRecord | null {
  const value = readJson(recordPath(folder, container)) as Partial<ShimTaskRecord> | null;
  const whole = typeof value?.container === 'string' && typeof value.status === 'string';
  return whole ? (value as ShimTaskRecord) : null;
}

/** The containers that the shim of `folder` has, or had, tasks of. */
export function recordedTasks(folder: string): string[] {
  try {
    return readdirSync(join(folder, 'tasks')).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));
  } catch {
    return [];
  }
}

/** Forgets a task of a shim that is gone. */
export function removeTaskRecord(folder: string, container: string): void {
  rmSync(recordPath(folder, container), { force: true });
}

function recordPath(folder: string, container: string): string {
  return join(folder, 'tasks', `${container}.json`);
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as unknown;
  } catch {
    return null;
  }
}
