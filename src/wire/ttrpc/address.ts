import { WherryError } from '../../errors/index.ts';
import { unix_path_bytes_max } from '../../limits/index.ts';

/**
 * The path of the unix socket that `address` names: a path itself, or `unix://` before one as containerd writes it.
 *
 * @throws WherryError InvalidArgument when it is not absolute or longer than a socket's path can be
 */
export function socketPath(address: string): string {
  const path = address.startsWith('unix://') ? address.slice('unix://'.length) : address;
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new WherryError('InvalidArgument', `Cannot use "${address}" as a ttrpc address: it is no absolute path.`);
  }
  const length_bytes = Buffer.byteLength(path);
  if (length_bytes > unix_path_bytes_max) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use "${address}" as a ttrpc address: it has ${length_bytes} bytes and the path of a unix socket may ` +
        `have ${unix_path_bytes_max}. Use a shorter state directory.`,
    );
  }
  return path;
}
