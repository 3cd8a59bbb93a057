import { limitsSupport, linuxLimitsSupport } from '../../limits-support.ts';
import { userId } from '../../../os/index.ts';
import type { HostConfig } from '../config.ts';
import type { ContainerRecord } from '../record.ts';
import { limitWarnings } from './limit-warnings.ts';

/** Platforms as they are written: `os/architecture[/variant]`. */
export interface Mismatch {
  readonly image: string;
  readonly host: string;
}

/** What a user should know of a container that was made. `mismatch`: its image is for another machine than this. */
export function createWarnings(record: ContainerRecord, mismatch: Mismatch | null): readonly string[] {
  const { config, host_config, mounts, runtime } = record;
  const linux = runtime !== undefined;
  const warnings: string[] = [];
  if (mismatch !== null) {
    warnings.push(
      `The requested image's platform (${mismatch.image}) does not match the detected host platform (${mismatch.host}) and no specific platform was requested`,
    );
  }
  const { NetworkMode, PortBindings, PublishAllPorts } = host_config;
  if (NetworkMode === 'host' && (PublishAllPorts || Object.keys(PortBindings).length > 0)) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  if (linux && NetworkMode === 'bridge') {
    warnings.push(
      'The container has no network but its own loopback: bridges are not there yet in Wherry for Linux containers. ' +
        '--network host gives it the host’s.',
    );
  }
  if (linux && userId() !== 0 && asksForLimits(host_config)) {
    warnings.push(
      'The daemon runs without root: it makes no control groups for Linux containers, and limits of memory, processors ' +
        'and processes do not hold.',
    );
  }
  warnings.push(...limitWarnings(host_config, linux ? linuxLimitsSupport() : limitsSupport()));
  const [kind = 'NONE'] = config.Healthcheck?.Test ?? [];
  if (kind !== 'NONE') warnings.push('Health checks are not there yet in Wherry. The container has none.');
  if (!linux && process.getuid?.() !== 0 && config.User !== '' && mounts.some(({ Type }) => Type === 'bind')) {
    warnings.push(
      `The daemon runs without root: files of the host are opened as its own user, not as "${config.User}".`,
    );
  }
  return warnings;
}

function asksForLimits({
  Memory,
  NanoCpus,
  CpuQuota,
  CpuShares,
  PidsLimit,
  CpusetCpus,
  BlkioWeight,
}: HostConfig): boolean {
  const numbers = [Memory, NanoCpus, CpuQuota, CpuShares, PidsLimit ?? 0, BlkioWeight];
  return numbers.some((number) => number > 0) || CpusetCpus !== '';
}
