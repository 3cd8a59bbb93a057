import { WherryError } from '../../errors/index.ts';
import { store_name_bytes_max } from '../../limits/index.ts';
import { keyOfPath, withKey } from '../labels.ts';
import type { Labels } from '../model.ts';

/** The refusal of mounts that would show nothing. */
export function onlyRoot(key: string): WherryError {
  return new WherryError(
    'FailedPrecondition',
    `Cannot mount at ${key}: only root can mount, and the daemon runs as another user. Run it as root.`,
  );
}

/** The refusal of a key that is taken. */
export function exists(key: string): WherryError {
  return new WherryError('AlreadyExists', `snapshot "${key}": already exists`);
}

/** The refusal of a snapshot that has two contents: one that the kernel mounted, and one that guests of ours wrote. */
export function writtenTwice(key: string): WherryError {
  return new WherryError(
    'FailedPrecondition',
    `Cannot commit the snapshot "${key}": a WebAssembly program has written to it, and somebody else to its mounts.`,
  );
}

/** @throws WherryError for what cannot be the key of a snapshot */
export function checkKey(key: string): void {
  if (key === '') throw new WherryError('Unknown', 'bucket name required');
  if (key.includes('\0') || Buffer.byteLength(key) > store_name_bytes_max) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use ${JSON.stringify(key.slice(0, 200))} as the name of a snapshot: it must have 1 to ${store_name_bytes_max} bytes and no NUL.`,
    );
  }
}

/** The labels after an update. */
export function labelsAfter(key: string, before: Labels, wanted: Labels, paths: readonly string[]): Labels {
  let labels = paths.length === 0 ? wanted : before;
  for (const path of paths) {
    const name = keyOfPath(path, 'labels');
    if (name !== null) {
      labels = withKey(labels, name, wanted);
    } else if (path === 'labels') {
      labels = wanted;
    } else {
      throw new WherryError(
        'InvalidArgument',
        `cannot update ${JSON.stringify(path)} field on snapshot ${JSON.stringify(key)}: invalid argument`,
      );
    }
  }
  return labels;
}
