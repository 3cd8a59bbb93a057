import { WherryError } from '../../../errors/index.ts';
import { hostname_bytes_max } from '../../../limits/index.ts';
import type { ContainerConfig, Healthcheck } from '../config.ts';
import { parsePort } from '../ports/plan-ports.ts';
import { parseSignal } from '../signals.ts';

const nanoseconds_min = 1_000_000;

/**
 * Checks what runs, once it has its image's part.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function validateConfig(config: ContainerConfig): void {
  const { Hostname, WorkingDir, StopSignal, Healthcheck, ExposedPorts, Env } = config;
  if (Buffer.byteLength(Hostname) > hostname_bytes_max) {
    invalid(`hostname "${Hostname}" is too long (maximum ${hostname_bytes_max} bytes)`);
  }
  if (WorkingDir !== '' && !WorkingDir.startsWith('/')) {
    invalid(`the working directory '${WorkingDir}' is invalid, it needs to be an absolute path`);
  }
  if (StopSignal !== '') parseSignal(StopSignal);
  for (const port of ExposedPorts) parsePort(port);
  for (const variable of Env) {
    if (variable === '' || variable.startsWith('=')) invalid(`invalid environment variable: ${variable}`);
  }
  if (Healthcheck !== null) validateHealthcheck(Healthcheck);
}

function validateHealthcheck(check: Healthcheck): void {
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = check[field] ?? 0;
    if (value !== 0 && value < nanoseconds_min) invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((check.Retries ?? 0) < 0) invalid('Retries in Healthcheck cannot be negative');
}

function invalid(message: string): never {
  throw new WherryError('InvalidArgument', message);
}
