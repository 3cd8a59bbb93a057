import { WherryError } from '../../../errors/index.ts';
import type { ContainerConfig, HostConfig } from '../config.ts';
import type { MountPoint } from '../record.ts';
import { parseBind } from './parse-bind.ts';
import { parseMount } from './parse-mount.ts';
import { checkDestination } from './path.ts';
import { no_mount, type PlannedMount } from './plan.ts';

/**
 * The mounts of a container: `Binds` and `Mounts`, those of the containers in `VolumesFrom`, and an anonymous volume
 * for each path of the config's `Volumes` that has none of them.
 *
 * @throws WherryError with Docker's texts
 */
export function planMounts(
  config: ContainerConfig,
  host: HostConfig,
  mountsOf: (container: string) => readonly MountPoint[],
): readonly PlannedMount[] {
  const planned = new Map<string, PlannedMount>();
  for (const from of host.VolumesFrom ?? []) {
    for (const mount of inherited(from, mountsOf)) planned.set(mount.destination, mount);
  }
  const asked = new Set<string>();
  const wanted = [
    ...(host.Binds ?? []).map((spec) => parseBind(spec, host.VolumeDriver)),
    ...host.Mounts.map(parseMount),
  ];
  for (const path of Object.keys(host.Tmpfs)) asked.add(checkDestination(path));
  for (const mount of wanted) {
    if (asked.has(mount.destination)) {
      throw new WherryError('InvalidArgument', `Duplicate mount point: ${mount.destination}`);
    }
    asked.add(mount.destination);
    planned.set(mount.destination, mount);
  }
  for (const path of config.Volumes) {
    const destination = checkDestination(path);
    if (planned.has(destination) || asked.has(destination)) continue;
    planned.set(destination, {
      ...no_mount,
      type: 'volume',
      source: '',
      destination,
      copy_up: true,
      driver: host.VolumeDriver,
    });
  }
  return [...planned.values()];
}

function inherited(from: string, mountsOf: (container: string) => readonly MountPoint[]): readonly PlannedMount[] {
  const [name = '', mode = 'rw', ...rest] = from.split(':');
  if (name === '' || rest.length > 0) {
    throw new WherryError('InvalidArgument', `invalid volumes-from specification: '${from}'`);
  }
  if (mode !== 'rw' && mode !== 'ro') throw new WherryError('InvalidArgument', `invalid mode: ${mode}`);
  return mountsOf(name)
    .filter(({ Type }) => Type !== 'tmpfs')
    .map(({ Type, Name, Source, Destination, RW, Mode, Propagation }) => ({
      ...no_mount,
      type: Type,
      source: Type === 'volume' ? Name : Source,
      destination: Destination,
      read_only: mode === 'ro' || !RW,
      mode: Mode,
      propagation: Propagation,
    }));
}
