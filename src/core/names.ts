import { WherryError } from '../errors/index.ts';
import { store_name_bytes_max } from '../limits/index.ts';

const identifier_pattern = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;
const folder_pattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
const identifier_characters_max = 76;

/**
 * The id of a container where it becomes the name of a folder.
 *
 * @throws WherryError InvalidArgument when it cannot be one
 */
export function checkContainerId(id: string): string {
  if (!folder_pattern.test(id)) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use ${quoted(id)} as a container id: it must match ${folder_pattern.source}.`,
    );
  }
  return id;
}

/**
 * An identifier by containerd's rule: a namespace's name, the id of a container or a sandbox.
 *
 * @param of what it is, as containerd puts it before the reason; '' for nothing.
 * @throws WherryError InvalidArgument, in containerd's words, when it is none
 */
export function checkIdentifier(text: string, of = ''): string {
  const refuse = (reason: string): never => {
    throw new WherryError('InvalidArgument', `${of === '' ? '' : `${of}: `}${reason}: invalid argument`);
  };
  if (text === '') refuse('identifier must not be empty');
  if (text.length > identifier_characters_max)
    refuse(`identifier ${quoted(text)} greater than maximum length (${identifier_characters_max} characters)`);
  if (!identifier_pattern.test(text)) refuse(`identifier ${quoted(text)} must match ${identifier_pattern.source}`);
  return text;
}

/**
 * The namespace of a call.
 *
 * @throws WherryError InvalidArgument when it is none
 */
export function checkNamespace(name: string): string {
  return checkIdentifier(name, 'namespace validation');
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
