import { WherryError } from '../errors/index.ts';
import type { GroupLimits } from '../os/index.ts';

/**
 * What of a container's resources (runtime-spec, config-linux.md, `linux.resources`) is limited here. What a request
 * does not name is left out; null takes a limit away.
 */
export type Resources = Partial<GroupLimits>;

/**
 * Reads `LinuxResources`.
 *
 * @throws WherryError InvalidArgument naming the field that is not as the runtime specification has it
 */
export function parseResources(value: unknown): Resources {
  const resources = object(value, 'resources');
  const memory = object(resources['memory'] ?? {}, 'resources.memory');
  const cpu = object(resources['cpu'] ?? {}, 'resources.cpu');
  const pids = object(resources['pids'] ?? {}, 'resources.pids');
  return {
    ...limit('memory_bytes', memory, 'memory', 'limit'),
    ...limit('memory_and_swap_bytes', memory, 'memory', 'swap'),
    ...limit('cpu_quota_us', cpu, 'cpu', 'quota'),
    ...limit('cpu_shares', cpu, 'cpu', 'shares'),
    ...limit('pids', pids, 'pids', 'limit'),
    ...period(cpu),
  };
}

/** 0 and below is no limit. */
function limit(key: keyof Resources, fields: Record<string, unknown>, group: string, name: string): Resources {
  const value = fields[name];
  if (value === undefined || value === null) return {};
  const number = whole(value, `resources.${group}.${name}`);
  return { [key]: number > 0 ? number : null };
}

function period(cpu: Record<string, unknown>): Resources {
  const value = whole(cpu['period'] ?? 0, 'resources.cpu.period');
  return value > 0 ? { cpu_period_us: value } : {};
}

function whole(value: unknown, name: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : wrong(name, 'a whole number');
}

function object(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : wrong(name, 'an object');
}

function wrong(name: string, wanted: string): never {
  throw new WherryError('InvalidArgument', `Cannot use the resources: ${name} is not ${wanted}.`);
}
