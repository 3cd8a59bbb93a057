import type { ContainerRecord } from '../../record.ts';
import type { GuestUser } from '../user.ts';
import { ownCapabilities } from './capabilities.ts';
import { rlimitsOf } from './rlimits.ts';
import { linuxEnvironment, userSpec } from './spec.ts';

export interface LinuxExec {
  readonly privileged: boolean;
  readonly terminal: boolean;
  /** Further variables. */
  readonly env: readonly string[];
}

/** What a further process of a Linux container has that one of a WebAssembly container has not, or has otherwise. */
export function linuxExecProcess(
  { config, host_config }: ContainerRecord,
  user: GuestUser,
  { privileged, terminal, env }: LinuxExec,
): Readonly<Record<string, unknown>> {
  const all = ownCapabilities();
  const rlimits = rlimitsOf(host_config.Ulimits ?? []);
  return {
    user: userSpec(user),
    env: linuxEnvironment({ ...config, Tty: terminal, Env: [...config.Env, ...env] }),
    // Read from JSON again they could not be written as they were.
    ...(rlimits.length > 0 ? { rlimits } : {}),
    ...(privileged ? { capabilities: { bounding: all, effective: all, permitted: all } } : {}),
  };
}
