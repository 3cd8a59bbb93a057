import { WherryError } from '../../errors/index.ts';
import { default_snapshotter, type SnapshotterName, snapshotterNames } from '../model.ts';

/**
 * The name of a snapshotter that there is; the default one for none.
 *
 * @throws WherryError InvalidArgument in containerd's words
 */
export function checkSnapshotter(name: string | undefined): SnapshotterName {
  if (name === undefined) return default_snapshotter;
  if (name === '') throw new WherryError('InvalidArgument', 'snapshotter argument missing: invalid argument');
  const found = snapshotterNames.find((each) => each === name);
  if (found === undefined) {
    throw new WherryError('InvalidArgument', `snapshotter not loaded: ${name.slice(0, 200)}: invalid argument`);
  }
  return found;
}

/**
 * Where the table of snapshots has those of one snapshotter: a namespace has no slash in its name, so no key of the one
 * is in the other's way.
 */
export function snapshotSpace(namespace: string, snapshotter: SnapshotterName): string {
  return snapshotter === default_snapshotter ? namespace : `${namespace}/${snapshotter}`;
}

/** As `snapshotSpace`, by a name that may be none's; null when it is. '' is the default. */
export function knownSpace(namespace: string, snapshotter: string): string | null {
  const found = snapshotterNames.find((each) => each === (snapshotter === '' ? default_snapshotter : snapshotter));
  return found === undefined ? null : snapshotSpace(namespace, found);
}

/** The namespace and snapshotter of a space. */
export function partsOfSpace(space: string): { readonly namespace: string; readonly snapshotter: string } {
  const [namespace = '', snapshotter = default_snapshotter] = space.split('/', 2);
  return { namespace, snapshotter };
}

/** One name for a snapshot of all, by where it stands and its key. */
export function snapshotPlace(space: string, key: string): string {
  return `${space}\0${key}`;
}
