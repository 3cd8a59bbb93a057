import { WherryError } from '../../errors/index.ts';
import { mount, MS, SystemError, unmount } from '../../os/index.ts';
import type { Mount } from '../model.ts';

/** Options that are flags of the call: what each sets, or takes back. */
const flags: Readonly<Record<string, { readonly flag: number; readonly clear?: true }>> = {
  async: { flag: MS.SYNCHRONOUS, clear: true },
  atime: { flag: MS.NOATIME, clear: true },
  bind: { flag: MS.BIND },
  dev: { flag: MS.NODEV, clear: true },
  diratime: { flag: MS.NODIRATIME, clear: true },
  dirsync: { flag: MS.DIRSYNC },
  exec: { flag: MS.NOEXEC, clear: true },
  noatime: { flag: MS.NOATIME },
  nodev: { flag: MS.NODEV },
  nodiratime: { flag: MS.NODIRATIME },
  noexec: { flag: MS.NOEXEC },
  norelatime: { flag: MS.RELATIME, clear: true },
  nostrictatime: { flag: MS.STRICTATIME, clear: true },
  nosuid: { flag: MS.NOSUID },
  rbind: { flag: MS.BIND | MS.REC },
  relatime: { flag: MS.RELATIME },
  ro: { flag: MS.RDONLY },
  rw: { flag: MS.RDONLY, clear: true },
  strictatime: { flag: MS.STRICTATIME },
  suid: { flag: MS.NOSUID, clear: true },
  sync: { flag: MS.SYNCHRONOUS },
};

/** The kernel takes a page of options. */
const data_bytes_max = 4095;
const lower_option = 'lowerdir=';

/** Filesystems that a client may have mounted here for a moment. */
const types: ReadonlySet<string> = new Set(['bind', 'overlay']);

/**
 * Mounts at the folder `target`, which nobody else uses. `unmount` undoes it.
 *
 * @throws WherryError InvalidArgument for a mount that is none of a snapshot's, FailedPrecondition when the kernel
 *   refuses
 */
export function mountHere({ type, source, options }: Mount, target: string): void {
  if (!types.has(type) && !(type === '' && options.some((option) => option === 'bind' || option === 'rbind'))) {
    throw new WherryError('InvalidArgument', `Cannot mount ${source} of type "${type}": only bind and overlay are.`);
  }
  let bits = 0;
  const data: string[] = [];
  for (const option of options) {
    const known = flags[option];
    if (known === undefined) data.push(option);
    else bits = known.clear ? bits & ~known.flag : bits | known.flag;
  }
  try {
    if (type === 'overlay') mountOverlay(source, target, bits, data);
    else mount(source, target, '', bits, data.join(','));
    const read_only = MS.BIND | MS.RDONLY;
    // A bind mount takes its flags only when it is mounted again.
    if ((bits & read_only) === read_only) mount('', target, '', bits | MS.REMOUNT, '');
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    throw new WherryError('FailedPrecondition', `Cannot mount ${source} of type "${type}": ${thrown.message}.`, {
      cause: thrown,
    });
  }
}

/** Mounts an overlay; when the names of its layers are too long, from the folder that they have in common. */
function mountOverlay(source: string, target: string, bits: number, data: readonly string[]): void {
  const whole = data.join(',');
  if (Buffer.byteLength(whole) <= data_bytes_max) {
    mount(source, target, 'overlay', bits, whole);
    return;
  }
  const lower = data.find((option) => option.startsWith(lower_option)) ?? lower_option;
  const paths = lower.slice(lower_option.length).split(':');
  const common = commonFolder(paths);
  const shorter = paths.map((path) => path.slice(common.length)).join(':');
  const rest = data.filter((option) => option !== lower);
  const before = process.cwd();
  // Nothing else runs until the directory is what it was.
  process.chdir(common);
  try {
    mount(source, target, 'overlay', bits, [...rest, lower_option + shorter].join(','));
  } finally {
    process.chdir(before);
  }
}

/** The folder, with its slash, that all paths lie in. */
function commonFolder(paths: readonly string[]): string {
  let common = paths[0] ?? '/';
  for (const path of paths) while (!path.startsWith(common)) common = common.slice(0, -1);
  return common.slice(0, common.lastIndexOf('/') + 1) || '/';
}

/** Takes away whatever is mounted at `target`. */
export function unmountAll(target: string): void {
  for (let tries = 0; tries < 64 && unmount(target); tries++);
}
