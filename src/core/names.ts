import { WherryError } from '../errors/index.ts';
import { store_name_bytes_max } from '../limits/index.ts';

const identifier_pattern = /^[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*$/;
const docker_id_pattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const identifier_bytes_max = 76;

/**
 * The id of a container, which becomes the name of a folder.
 *
 * @throws WherryError InvalidArgument when it is none
 */
export function checkContainerId(id: string): string {
  if (!docker_id_pattern.test(id)) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use ${quoted(id)} as a container id: it must match ${docker_id_pattern.source}.`,
    );
  }
  return id;
}

/**
 * A namespace, by containerd's rule for identifiers.
 *
 * @throws WherryError InvalidArgument when it is none
 */
export function checkNamespace(name: string): string {
  if (name.length > identifier_bytes_max || !identifier_pattern.test(name)) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use ${quoted(name)} as a namespace: it must match ${identifier_pattern.source}.`,
    );
  }
  return name;
}

/**
 * A name that is a key and never a path: an image's, a snapshot's, an ingest's.
 *
 * @throws WherryError InvalidArgument when it is empty, too long or has a NUL
 */
export function checkName(what: string, name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > store_name_bytes_max) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use ${quoted(name)} as the name of ${what}: it must have 1 to ${store_name_bytes_max} bytes and no NUL.`,
    );
  }
  return name;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
