import { limitsSupport } from '../../limits-support.ts';
import type { ContainerRecord } from '../record.ts';
import { limitWarnings } from './limit-warnings.ts';

/**
 * What a user should know of a container that was made. `foreign` is the platform of its image when that is none of
 * this runtime's.
 */
export function createWarnings(
  { config, host_config, mounts }: ContainerRecord,
  foreign: string | null,
): readonly string[] {
  const warnings: string[] = [];
  if (foreign !== null) {
    warnings.push(
      `The requested image's platform (${foreign}) does not match the detected host platform (wasi/wasm) and no specific platform was requested`,
    );
  }
  const { NetworkMode, PortBindings, PublishAllPorts } = host_config;
  if (NetworkMode === 'host' && (PublishAllPorts || Object.keys(PortBindings).length > 0)) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  warnings.push(...limitWarnings(host_config, limitsSupport()));
  const [kind = 'NONE'] = config.Healthcheck?.Test ?? [];
  if (kind !== 'NONE') warnings.push('Health checks are not there yet in Wherry. The container has none.');
  if (process.getuid?.() !== 0 && config.User !== '' && mounts.some(({ Type }) => Type === 'bind')) {
    warnings.push(
      `The daemon runs without root: files of the host are opened as its own user, not as "${config.User}".`,
    );
  }
  return warnings;
}
