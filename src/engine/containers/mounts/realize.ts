import type { Volumes } from '../../volumes.ts';
import type { MountPoint } from '../record.ts';
import type { PlannedMount } from './plan.ts';

export interface Realized {
  readonly mounts: readonly MountPoint[];
  /** Volumes that were made just for this. */
  readonly made: readonly string[];
}

/** Gives each planned mount its volume, made where it is missing. When one fails, those made are removed again. */
export async function realizeMounts(
  planned: readonly PlannedMount[],
  volumes: Volumes,
  held: (name: string) => void,
): Promise<Realized> {
  const made: string[] = [];
  const mounts: MountPoint[] = [];
  try {
    for (const mount of planned) mounts.push(await realize(mount, volumes, made, held));
    return { mounts, made };
  } catch (error) {
    await removeVolumes(made, volumes);
    throw error;
  }
}

/** Takes volumes back that nobody else has; what cannot be removed is left. */
export async function removeVolumes(names: readonly string[], volumes: Volumes): Promise<void> {
  for (const name of names) await volumes.remove(name, { force: true }).catch(() => {});
}

async function realize(
  mount: PlannedMount,
  volumes: Volumes,
  made: string[],
  held: (name: string) => void,
): Promise<MountPoint> {
  const { type, destination, mode, read_only, propagation, create_source, copy_up } = mount;
  const common = { Destination: destination, Mode: mode, RW: !read_only, Propagation: propagation, create_source };
  if (type !== 'volume') {
    return { ...common, Type: type, Name: '', Source: mount.source, Driver: '', copy_up: false, anonymous: false };
  }
  if (mount.source !== '') held(mount.source);
  const isNew = mount.source === '' || volumes.find(mount.source) === null;
  const { driver, driver_options: options, labels } = mount;
  const volume = await volumes.create({ name: mount.source, driver, options, labels });
  held(volume.name);
  if (isNew) made.push(volume.name);
  return {
    ...common,
    Type: 'volume',
    Name: volume.name,
    Source: volume.mountpoint,
    Driver: 'local',
    copy_up,
    anonymous: mount.source === '',
  };
}
