import type { NewTarEntry } from '../../oci/index.ts';
import { nodeAttributes } from '../../os/index.ts';
import { carriedAttributes, type Change } from '../diff/changes.ts';

const private_prefix = Buffer.from('.wh..wh.');
const opaque_marker = Buffer.from('.wh..wh..opq');

/** What of a guest's writable layer is part of the layer: not what was on its way to be a file, or no more one. */
export async function* guestChanges(changes: AsyncIterable<Change>): AsyncGenerator<Change> {
  for await (const change of changes) if (!change.path.some((name) => isPrivate(name))) yield change;
}

function isPrivate(name: Uint8Array): boolean {
  const start = Buffer.from(name.subarray(0, private_prefix.length));
  return start.equals(private_prefix) && !opaque_marker.equals(name);
}

const owner = 'user.wherry.owner';
const mode = 'user.wherry.mode';
const xattr_prefix = 'user.wherry.xattr.';

/** What the broker of a shim has recorded of a file that the host does not show: see `vfs/broker/ownership.ts`. */
export function recordedAttributes(
  directory: number,
  name: Uint8Array,
): Partial<Pick<NewTarEntry, 'mode' | 'uid' | 'gid' | 'xattrs'>> {
  const found = nodeAttributes(directory, name);
  const text = (key: string): string => Buffer.from(found.get(key) ?? []).toString('latin1');
  const owned = /^(\d{1,10}):(\d{1,10})$/.exec(text(owner));
  const bits = /^[0-7]{1,4}$/.exec(text(mode));
  const recorded = [...found].flatMap(([key, value]): [string, Uint8Array][] =>
    key.startsWith(xattr_prefix) ? [[key.slice(xattr_prefix.length), value]] : [],
  );
  return {
    ...(owned === null ? {} : { uid: Number(owned[1]), gid: Number(owned[2]) }),
    ...(bits === null ? {} : { mode: Number.parseInt(bits[0], 8) }),
    ...(recorded.length === 0 ? {} : { xattrs: new Map([...carriedAttributes(directory, name), ...recorded]) }),
  };
}
