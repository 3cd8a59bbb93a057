import { statSync } from 'node:fs';

import { WherryError } from '../../../errors/index.ts';
import type { MountRequest } from '../config.ts';
import { checkDestination, cleanPath } from './path.ts';
import { no_mount, type PlannedMount } from './plan.ts';

const propagations = ['', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/**
 * Reads one of `Mounts`.
 *
 * @throws WherryError InvalidArgument with Docker's texts, Unimplemented for a mount of an image
 */
export function parseMount(mount: MountRequest): PlannedMount {
  const { Type, Target, ReadOnly } = mount;
  const fail = (why: string): never => {
    throw new WherryError('InvalidArgument', `invalid mount config for type "${Type}": ${why}`);
  };
  if (!['bind', 'volume', 'tmpfs', 'image'].includes(Type)) fail('mount type unknown');
  checkOptions(mount);
  if (Target === '') fail('field Target must not be empty');
  let destination: string;
  try {
    destination = checkDestination(Target);
  } catch (cause) {
    return fail((cause as Error).message);
  }
  const common = { ...no_mount, destination, read_only: ReadOnly };
  switch (Type) {
    case 'bind':
      return { ...common, ...bind(mount, fail) };
    case 'volume':
      return { ...common, ...volume(mount, fail) };
    case 'tmpfs':
      if (mount.Source !== '') fail('field Source must not be specified');
      return { ...common, type: 'tmpfs', source: '' };
    default:
      throw new WherryError(
        'Unimplemented',
        `cannot mount the image "${mount.Source}" at ${Target}: mounts of images are not there yet in Wherry`,
      );
  }
}

function checkOptions({ Type, BindOptions, VolumeOptions, TmpfsOptions, ImageOptions }: MountRequest): void {
  for (const [options, name, type] of [
    [BindOptions, 'BindOptions', 'bind'],
    [VolumeOptions, 'VolumeOptions', 'volume'],
    [TmpfsOptions, 'TmpfsOptions', 'tmpfs'],
    [ImageOptions, 'ImageOptions', 'image'],
  ] as const) {
    if (options !== null && type !== Type) {
      throw new WherryError('InvalidArgument', `${name} must not be specified on mount type "${Type}"`);
    }
  }
}

type Fail = (why: string) => never;
type Part = Pick<PlannedMount, 'type' | 'source'> & Partial<PlannedMount>;

function bind({ Source, BindOptions }: MountRequest, fail: Fail): Part {
  if (Source === '') fail('field Source must not be empty');
  if (!Source.startsWith('/')) fail(`invalid mount path: '${Source}' mount path must be absolute`);
  const propagation = BindOptions?.Propagation ?? '';
  if (!propagations.includes(propagation)) fail(`invalid propagation mode: ${propagation}`);
  const create_source = BindOptions?.CreateMountpoint ?? false;
  if (!create_source && statSync(Source, { throwIfNoEntry: false }) === undefined) {
    fail(`bind source path does not exist: ${Source}`);
  }
  return { type: 'bind', source: cleanPath(Source), propagation: propagation || 'rprivate', create_source };
}

function volume({ Source, VolumeOptions }: MountRequest, fail: Fail): Part {
  const subpath = VolumeOptions?.Subpath ?? '';
  if (subpath !== '') {
    if (Source === '') fail('must not set Subpath when using anonymous volumes');
    if (subpath.startsWith('/') || cleanPath(subpath).startsWith('..')) {
      fail('subpath must be a relative path within the volume');
    }
    throw new WherryError(
      'Unimplemented',
      `cannot mount "${subpath}" of the volume ${Source}: parts of volumes are not there yet in Wherry`,
    );
  }
  return {
    type: 'volume',
    source: Source,
    mode: 'z',
    copy_up: VolumeOptions?.NoCopy !== true,
    driver: VolumeOptions?.DriverConfig?.Name ?? '',
    driver_options: VolumeOptions?.DriverConfig?.Options ?? {},
    labels: VolumeOptions?.Labels ?? {},
  };
}
