import type { Mount, SnapshotterName } from '../model.ts';

/** What containerd's clients begin the keys of snapshots with that they only apply layers to. */
const extract_prefix = 'extract-';

export function isExtractKey(key: string): boolean {
  return key.startsWith(extract_prefix);
}

const apply_type = 'wherry';
const apply_option = 'apply';

/**
 * The mounts of a snapshot that layers are only applied to: nothing that the kernel mounts, but what the differ
 * recognises when the client hands it over.
 */
export function applyMounts(snapshotter: SnapshotterName, key: string): readonly Mount[] {
  return [{ type: apply_type, source: key, options: [apply_option, `snapshotter=${snapshotter}`] }];
}

/** The snapshot that these mounts are of by `applyMounts`; null when they are others. */
export function snapshotOfMounts(
  mounts: readonly Mount[],
): { readonly snapshotter: string; readonly key: string } | null {
  const [mount] = mounts;
  if (mounts.length !== 1 || mount === undefined || mount.type !== apply_type) return null;
  const [first, second, ...more] = mount.options;
  if (first !== apply_option || second === undefined || more.length > 0) return null;
  const snapshotter = /^snapshotter=([a-z]+)$/.exec(second)?.[1];
  return snapshotter === undefined ? null : { snapshotter, key: mount.source };
}
