import { WherryError } from '../../../../errors/index.ts';
import type { ContainerConfig, HostConfig } from '../../config.ts';
import { checkDeviceRules, checkDevices } from './devices.ts';
import { checkUlimits } from './rlimits.ts';
import { parseSecurityOptions } from './security-options.ts';

/**
 * Checks what only a Linux container can be asked for.
 *
 * @throws WherryError InvalidArgument with Docker's texts, Unimplemented for what is not there yet
 */
export function validateLinux(host: HostConfig, config: ContainerConfig): void {
  parseSecurityOptions(host.SecurityOpt ?? [], host.Privileged);
  checkDevices(host.Devices ?? []);
  checkDeviceRules(host.DeviceCgroupRules ?? []);
  checkUlimits(host.Ulimits ?? []);
  refusePorts(host, config);
  refuseJoining(host);
}

function refusePorts({ NetworkMode, PortBindings, PublishAllPorts }: HostConfig, config: ContainerConfig): void {
  // Docker discards them with a warning there.
  if (NetworkMode === 'host' || NetworkMode === 'none') return;
  const [port] = Object.keys(PortBindings);
  const exposed = PublishAllPorts ? config.ExposedPorts[0] : undefined;
  const published = port ?? exposed;
  if (published === undefined) return;
  throw new WherryError(
    'Unimplemented',
    `cannot publish port ${published}: ports of Linux containers are not there yet in Wherry. ` +
      'Use --network host, where what the container listens on is the host’s.',
  );
}

function refuseJoining({ IpcMode, PidMode, UsernsMode }: HostConfig): void {
  for (const [kind, mode] of [
    ['IPC', IpcMode],
    ['PID', PidMode],
  ] as const) {
    if (!mode.startsWith('container:')) continue;
    throw new WherryError(
      'Unimplemented',
      `cannot join the ${kind} namespace of ${mode.slice('container:'.length)}: namespaces of other containers ` +
        'are not there yet in Wherry',
    );
  }
  if (UsernsMode !== '' && UsernsMode !== 'host') {
    throw new WherryError('InvalidArgument', `invalid USER mode: ${UsernsMode}`);
  }
}
