import { WherryError } from '../../errors/index.ts';
import type { RestartPolicy } from './config.ts';

const policies = ['', 'no', 'always', 'on-failure', 'unless-stopped'];

/** @throws WherryError InvalidArgument with Docker's texts */
export function validateRestartPolicy({ Name, MaximumRetryCount }: RestartPolicy): void {
  if (!policies.includes(Name)) {
    invalid(`unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  }
  if (Name === 'on-failure') {
    if (MaximumRetryCount < 0) invalid('maximum retry count cannot be negative');
  } else if (MaximumRetryCount !== 0) {
    const negative = MaximumRetryCount < 0 ? ' and cannot be negative' : '';
    invalid(`maximum retry count can only be used with 'on-failure'${negative}`);
  }
}

function invalid(why: string): never {
  throw new WherryError('InvalidArgument', `invalid restart policy: ${why}`);
}

export interface Ended {
  readonly exit_code: number;
  readonly stopped_by_user: boolean;
  /** How often it was restarted before. */
  readonly restart_count: number;
}

/** Whether a container that ended while the daemon watched is to be started again. */
export function restartsAfterExit({ Name, MaximumRetryCount }: RestartPolicy, ended: Ended): boolean {
  if (ended.stopped_by_user) return false;
  switch (Name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return ended.exit_code !== 0 && (MaximumRetryCount === 0 || ended.restart_count < MaximumRetryCount);
    default:
      return false;
  }
}

/** Whether a container that does not run as the daemon starts, but did once, is to be started. */
export function restartsAtBoot(policy: RestartPolicy, ended: Ended): boolean {
  if (policy.Name === 'always') return true;
  return restartsAfterExit(policy, ended);
}
