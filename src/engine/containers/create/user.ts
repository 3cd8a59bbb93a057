import { close, memoryFile, pread } from '../../../os/index.ts';
import type { Mount } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { passwd_bytes_max } from '../../../limits/index.ts';
import { ImageFiles } from '../../image-files.ts';

/** Who a guest is. */
export interface GuestUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly home: string;
}

/** Root of an image without a passwd file. */
export const root_user: GuestUser = { uid: 0, gid: 0, groups: [], home: '/' };

/**
 * Looks up `user[:group]`, names or numbers, and further groups in the image's passwd and group files. `mounts` are
 * those of the container's snapshot.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export async function findUser(user: string, further: readonly string[], mounts: readonly Mount[]): Promise<GuestUser> {
  const image = ImageFiles.open(mounts);
  let passwd: readonly string[][];
  let group: readonly string[][];
  try {
    passwd = await readTable(image, 'passwd');
    group = await readTable(image, 'group');
  } finally {
    image.close();
  }
  return resolveUser(user, further, passwd, group);
}

/** The same from the files' fields. passwd(5), group(5). */
export function resolveUser(
  user: string,
  further: readonly string[],
  passwd: readonly (readonly string[])[],
  group: readonly (readonly string[])[],
): GuestUser {
  const [name = '', group_name = ''] = user === '' ? ['0'] : user.split(':');
  const entry = passwd.find(([each, , uid]) => each === name || uid === name);
  const uid = entry === undefined ? asId(name) : Number(entry[2]);
  if (uid === null || !isId(uid)) {
    throw new WherryError('InvalidArgument', `unable to find user ${name}: no matching entries in passwd file`);
  }
  const gidOf = (text: string): number => {
    const found = group.find(([each, , gid]) => each === text || gid === text);
    const gid = found === undefined ? asId(text) : Number(found[2]);
    if (gid !== null && isId(gid)) return gid;
    throw new WherryError('InvalidArgument', `unable to find group ${text}: no matching entries in group file`);
  };
  const gid = group_name === '' ? Number(entry?.[3] ?? 0) : gidOf(group_name);
  // A group that was asked for stands alone; else those that name the user come along.
  const own =
    group_name === '' && entry !== undefined
      ? group.filter(([, , , members = '']) => members.split(',').includes(entry[0]!)).map(([, , id]) => Number(id))
      : [];
  const groups = [...new Set([...own.filter(isId), ...further.map(gidOf)])];
  const home = entry?.[5] || '/';
  return { uid, gid: isId(gid) ? gid : 0, groups, home };
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < 2 ** 31;
}

function asId(text: string): number | null {
  return /^\d{1,10}$/.test(text) ? Number(text) : null;
}

async function readTable(image: ImageFiles, name: 'passwd' | 'group'): Promise<readonly string[][]> {
  const { index } = image;
  const etc = index.child(index.root, 'etc');
  const file = etc < 0 ? -1 : index.child(etc, name);
  if (file < 0 || index.size(file) > passwd_bytes_max) return [];
  const fd = memoryFile(name);
  try {
    await image.copy(file, fd);
    const bytes = Buffer.alloc(index.size(file));
    pread(fd, bytes, 0n);
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(':'));
  } finally {
    close(fd);
  }
}
