import { randomBytes } from 'node:crypto';

import { WherryError } from '../errors/index.ts';
import { name_bytes_max } from '../limits/index.ts';

/** The label of a volume nobody gave a name. */
export const anonymous_label = 'com.docker.volume.anonymous';

/** A name for a volume nobody gave one. */
export function anonymousName(): string {
  return randomBytes(32).toString('hex');
}

/** @throws WherryError InvalidArgument with Docker's texts */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new WherryError(
      'InvalidArgument',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) {
    throw new WherryError(
      'InvalidArgument',
      `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" ` +
        'are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
  if (name.length > name_bytes_max) {
    throw new WherryError(
      'InvalidArgument',
      `create ${name.slice(0, 64)}...: the name has more than ${name_bytes_max} bytes`,
    );
  }
}

const known_options = ['type', 'o', 'device', 'size'];

/**
 * Checks the options of the driver `local`. Volumes are directories here: those that would be mounts are refused.
 *
 * @throws WherryError InvalidArgument with Docker's texts, Unimplemented
 */
export function checkDriverOptions(name: string, options: Readonly<Record<string, string>>): void {
  const problem = (text: string): WherryError => new WherryError('InvalidArgument', `create ${name}: ${text}`);
  const has = (option: string): boolean => Object.hasOwn(options, option);
  const unknown = Object.keys(options).find((option) => !known_options.includes(option));
  if (unknown !== undefined) throw problem(`invalid option: "${unknown}"`);
  if (has('type') && !has('device')) throw problem('missing required option: "device"');
  if ((has('device') || has('o')) && !has('type')) throw problem('missing required option: "type"');
  if (has('o') && !has('device')) throw problem('missing required option: "device"');
  if (has('size')) throw problem('quota size requested but no quota support');
  if (has('type')) {
    throw new WherryError(
      'Unimplemented',
      `create ${name}: volumes that mount a device (options type, device, o) are not implemented; use a bind mount`,
    );
  }
}
