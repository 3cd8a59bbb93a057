import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What limits a group of processes: cgroups(7). */
export type Controller = 'memory' | 'cpu' | 'pids';

const controllers: readonly Controller[] = ['memory', 'cpu', 'pids'];

/** Where this process may make groups for one controller. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** The group below which they are made. */
  readonly base: string;
}

/** By controller; one that is missing here cannot be used, because the kernel has it not or we have no rights. */
export type Hierarchies = Readonly<Partial<Record<Controller, Hierarchy>>>;

interface Mount {
  readonly type: string;
  /** What of the filesystem is mounted, and where. */
  readonly root: string;
  readonly point: string;
  readonly options: readonly string[];
}

/**
 * Finds where this process may make control groups: at the top where that is allowed (root), else in the nearest group
 * around this process that was handed over to its user. Controllers are looked for in version 2 and then in version 1,
 * where each may be mounted by itself. `proc` is for tests.
 */
export function findHierarchies(proc: string = '/proc'): Hierarchies {
  let mounts: readonly Mount[];
  let groups: ReadonlyMap<string, string>;
  try {
    mounts = readFileSync(join(proc, 'self/mountinfo'), 'utf8').split('\n').flatMap(parseMount);
    groups = parseGroups(readFileSync(join(proc, 'self/cgroup'), 'utf8'));
  } catch {
    return {};
  }
  const found: Partial<Record<Controller, Hierarchy>> = {};
  for (const mount of mounts) {
    if (mount.type !== 'cgroup2') continue;
    for (const controller of controllers) {
      const base = candidates(mount, groups.get('') ?? '/', false).find((folder) => mayUseUnified(folder, controller));
      if (base !== undefined) found[controller] ??= { version: 2, base };
    }
  }
  for (const mount of mounts) {
    if (mount.type !== 'cgroup') continue;
    for (const controller of controllers) {
      if (!mount.options.includes(controller)) continue;
      const base = candidates(mount, groups.get(controller) ?? '/', true).find(mayUse);
      if (base !== undefined) found[controller] ??= { version: 1, base };
    }
  }
  return found;
}

/** Whether memory and swap together can be limited. */
export function limitsSwap({ memory }: Hierarchies): boolean {
  if (memory?.version === 1) return existsSync(join(memory.base, 'memory.memsw.limit_in_bytes'));
  return memory !== undefined;
}

/**
 * The top, then from the group of this process outwards. In version 2 a group that has processes has no groups with
 * limits below it, so our own is none to choose.
 */
function candidates({ root, point }: Mount, own: string, with_own: boolean): readonly string[] {
  const below = relative(root, own);
  const found = [point];
  if (below.startsWith('..')) return found;
  for (let folder = join(point, with_own ? below : dirname(below)); folder.length > point.length;) {
    found.push(folder);
    folder = dirname(folder);
  }
  return found;
}

function mayUse(folder: string): boolean {
  return isWritable(folder) && isWritable(join(folder, 'cgroup.procs'));
}

/** A controller reaches the groups below when it is passed on, which only a group without processes, or the top, does. */
function mayUseUnified(folder: string, controller: Controller): boolean {
  if (!mayUse(folder) || !isWritable(join(folder, 'cgroup.subtree_control'))) return false;
  if (words(join(folder, 'cgroup.subtree_control')).includes(controller)) return true;
  if (!words(join(folder, 'cgroup.controllers')).includes(controller)) return false;
  // The top of all has no type.
  return words(join(folder, 'cgroup.type')).length === 0 || words(join(folder, 'cgroup.procs')).length === 0;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function words(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split(/\s+/)
      .filter((word) => word !== '');
  } catch {
    return [];
  }
}

/** A line of proc_pid_mountinfo(5). */
function parseMount(line: string): readonly Mount[] {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root, point] = before.split(' ');
  const [type, , options = ''] = after.split(' ');
  if (root === undefined || point === undefined || type === undefined) return [];
  return [{ type, root: plain(root), point: plain(point), options: options.split(',') }];
}

/** Spaces and the like are written as octal numbers. */
function plain(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

/** The groups of a process by controller; that of version 2 by ''. */
function parseGroups(text: string): ReadonlyMap<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    for (const name of names.split(',')) groups.set(name, path);
  }
  return groups;
}
