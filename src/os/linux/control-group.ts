import {
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { cpu_period_us as usual_period_us } from '../../limits/index.ts';
import type { Controller, Hierarchies, Hierarchy } from './cgroup-hierarchies.ts';
import { close, tryLock } from './descriptors.ts';
import { errno } from './errno.ts';
import { SystemError } from './library.ts';

/** What a group may use; null is no limit. */
export interface GroupLimits {
  readonly memory_bytes: number | null;
  /** Memory and swap together. */
  readonly memory_and_swap_bytes: number | null;
  readonly cpu_quota_us: number | null;
  readonly cpu_period_us: number;
  /** As version 1 counts them: 1024 is a usual share. */
  readonly cpu_shares: number | null;
  readonly pids: number | null;
}

export const no_limits: GroupLimits = {
  memory_bytes: null,
  memory_and_swap_bytes: null,
  cpu_quota_us: null,
  cpu_period_us: usual_period_us,
  cpu_shares: null,
  pids: null,
};

/** The group of groups that are ours, below each base. */
const our_group = 'wherry';

/** How often what another process removed in between is made again. */
const attempts_max = 5;

/** What the kernel says of a group that was removed before, or in between. */
const gone: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV']);

interface Folder {
  readonly hierarchy: Hierarchy;
  readonly path: string;
  /** Locked for as long as we live, so that nobody takes it for one that was left over. */
  readonly lock: number | null;
  /** What was counted here before our time. */
  readonly kills_before: number;
}

/** Groups above those that somebody else named, which were made for them here. */
const made_above = new Set<string>();

/**
 * A group of processes with limits: `wherry/<names>`, in every hierarchy that one of its limits needs; or the group that
 * somebody else names (`path`), in all of them.
 */
export class ControlGroup {
  readonly #hierarchies: Hierarchies;
  readonly #names: readonly string[];
  readonly #path: string | null;
  readonly #folders = new Map<string, Folder>();
  readonly #members = new Set<number>();
  #limits: GroupLimits = no_limits;

  constructor(hierarchies: Hierarchies, names: readonly string[], path: string | null = null) {
    this.#hierarchies = hierarchies;
    this.#names = names;
    this.#path = path;
  }

  /**
   * Puts a process into the group, its limits in force. Nothing happens where it has none and nobody named the group.
   * Throws the system's error.
   *
   * `by_itself`: it has one thread, and goes where that can be done by itself, which the kernel lets nobody wait for, as
   * it does when another is moved. It is to write `0` into each of the files that are given, which are the caller's.
   */
  place(pid: number, by_itself: boolean = false): readonly number[] {
    const files: number[] = [];
    try {
      this.#again(() => {
        for (const file of files.splice(0)) close(file);
        this.#apply(this.#limits);
        for (const { hierarchy, path } of this.#folders.values())
          if (by_itself && hierarchy.version === 1) files.push(openSync(join(path, 'tasks'), constants.O_WRONLY));
          else writeFileSync(join(path, 'cgroup.procs'), String(pid));
      });
    } catch (error) {
      for (const file of files) close(file);
      throw error;
    }
    this.#members.add(pid);
    return files;
  }

  /** A process of it has gone. */
  left(pid: number): void {
    this.#members.delete(pid);
  }

  /**
   * Changes the limits of the group and of the processes in it. A group that gets its first limit of a kind counts what
   * they use from then on. Throws the system's error, and the limits are then as they were, as far as may be.
   */
  change(limits: GroupLimits): void {
    if (this.#members.size === 0) {
      this.#limits = limits;
      return;
    }
    const before = this.#limits;
    try {
      this.#again(() => this.#apply(limits));
      this.#limits = limits;
    } catch (error) {
      try {
        this.#again(() => this.#apply(before));
      } catch {
        // The first error tells more.
      }
      throw error;
    }
  }

  /** How often the kernel ended a process of this group for want of memory. */
  get memory_kills(): number {
    const folder = this.#folderOf('memory');
    return folder === undefined ? 0 : countKills(folder) - folder.kills_before;
  }

  /** All the memory that is charged to the group; null where none is counted. */
  get memory_bytes(): number | null {
    const folder = this.#folderOf('memory');
    if (folder === undefined) return null;
    const { hierarchy, path } = folder;
    return numberIn(join(path, hierarchy.version === 2 ? 'memory.current' : 'memory.usage_in_bytes'));
  }

  /** Takes the group away; false while a process is in it. */
  remove(): boolean {
    this.#members.clear();
    for (const [key, folder] of this.#folders) {
      if (!removeGroup(folder.path)) return false;
      if (folder.lock !== null) close(folder.lock);
      this.#folders.delete(key);
      if (this.#path === null) removeParents(folder.path, folder.hierarchy.base);
      else removeGroupsAbove();
    }
    return true;
  }

  /** Another shim that clears up may take a parent away at any moment: then once more. */
  #again(act: () => void): void {
    for (let attempt = 1; ; attempt++) {
      try {
        act();
        return;
      } catch (error) {
        if (!gone.has((error as NodeJS.ErrnoException).code ?? '') || attempt === attempts_max) throw error;
        for (const { lock } of this.#folders.values()) if (lock !== null) close(lock);
        this.#folders.clear();
      }
    }
  }

  #apply(limits: GroupLimits): void {
    for (const controller of ['memory', 'cpu', 'pids'] as const) this.#applyOne(controller, limits);
  }

  #applyOne(controller: Controller, limits: GroupLimits): void {
    const hierarchy = this.#hierarchies[controller];
    if (hierarchy === undefined) return;
    const known = this.#folderOf(controller);
    if (known === undefined && this.#path === null && !limitsOf[controller](limits)) return;
    const folder = known ?? this.#make(hierarchy, controller);
    write[controller](folder, limits);
    if (known === undefined) for (const pid of this.#members) moveIfThere(folder, pid);
  }

  #folderOf(controller: Controller): Folder | undefined {
    return this.#folders.get(keyOf(this.#hierarchies[controller], controller));
  }

  #make(hierarchy: Hierarchy, controller: Controller): Folder {
    const path =
      this.#path === null ? join(hierarchy.base, our_group, ...this.#names) : join(hierarchy.base, this.#path);
    if (this.#path !== null)
      for (const above of between(hierarchy.base, dirname(path))) if (!exists(above)) made_above.add(above);
    if (hierarchy.version === 2) passOn(this.#hierarchies, hierarchy, path);
    else for (const folder of between(hierarchy.base, path)) makeGroup(folder);
    const folder = { hierarchy, path, lock: lockFolder(path), kills_before: countKills({ hierarchy, path }) };
    this.#folders.set(keyOf(hierarchy, controller), folder);
    return folder;
  }
}

function moveIfThere({ path }: Folder, pid: number): void {
  try {
    writeFileSync(join(path, 'cgroup.procs'), String(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** In version 2 one folder serves several controllers. */
function keyOf(hierarchy: Hierarchy | undefined, controller: Controller): string {
  return hierarchy?.version === 2 ? hierarchy.base : controller;
}

const limitsOf: Readonly<Record<Controller, (limits: GroupLimits) => boolean>> = {
  memory: ({ memory_bytes }) => memory_bytes !== null,
  cpu: ({ cpu_quota_us, cpu_shares }) => cpu_quota_us !== null || cpu_shares !== null,
  pids: ({ pids }) => pids !== null,
};

const write: Readonly<Record<Controller, (folder: Folder, limits: GroupLimits) => void>> = {
  memory: writeMemory,
  cpu: writeCpu,
  pids: ({ path }, { pids }) => writeFileSync(join(path, 'pids.max'), pids === null ? 'max' : String(pids)),
};

function writeMemory({ hierarchy, path }: Folder, { memory_bytes, memory_and_swap_bytes }: GroupLimits): void {
  const set = (name: string, value: string): void => writeFileSync(join(path, name), value);
  if (hierarchy.version === 2) {
    // Version 1 refuses it by itself; here the kernel would end the process.
    if (memory_bytes !== null && numberIn(join(path, 'memory.current')) > memory_bytes)
      throw new SystemError('write', errno.EBUSY, 'memory.max');
    set('memory.max', memory_bytes === null ? 'max' : String(memory_bytes));
    if (!exists(join(path, 'memory.swap.max'))) return;
    const bounded = memory_bytes !== null && memory_and_swap_bytes !== null;
    set('memory.swap.max', bounded ? String(Math.max(0, memory_and_swap_bytes - memory_bytes)) : 'max');
    return;
  }
  const limit = String(memory_bytes ?? -1);
  const whole = String(memory_bytes === null ? -1 : (memory_and_swap_bytes ?? -1));
  const with_swap = exists(join(path, 'memory.memsw.limit_in_bytes'));
  // The one must never be above the other, and which moves first depends on where they stand.
  if (with_swap) set('memory.memsw.limit_in_bytes', '-1');
  set('memory.limit_in_bytes', limit);
  if (with_swap) set('memory.memsw.limit_in_bytes', whole);
}

function writeCpu({ hierarchy, path }: Folder, { cpu_quota_us, cpu_period_us, cpu_shares }: GroupLimits): void {
  const set = (name: string, value: string): void => writeFileSync(join(path, name), value);
  if (hierarchy.version === 2) {
    set('cpu.max', `${cpu_quota_us ?? 'max'} ${cpu_period_us}`);
    set('cpu.weight', String(weightOf(cpu_shares)));
    return;
  }
  set('cpu.cfs_quota_us', '-1');
  set('cpu.cfs_period_us', String(cpu_period_us));
  if (cpu_quota_us !== null) set('cpu.cfs_quota_us', String(cpu_quota_us));
  set('cpu.shares', String(Math.max(2, cpu_shares ?? 1024)));
}

/** Shares are from 2 to 262144, weights from 1 to 10000. */
function weightOf(shares: number | null): number {
  if (shares === null) return 100;
  const clamped = Math.min(262_144, Math.max(2, shares));
  return 1 + Math.floor(((clamped - 2) * 9999) / 262_142);
}

function countKills({ hierarchy, path }: Pick<Folder, 'hierarchy' | 'path'>): number {
  try {
    const text = readFileSync(join(path, hierarchy.version === 2 ? 'memory.events' : 'memory.oom_control'), 'utf8');
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Makes the folder at `path`, every group above it passing on the controllers that live in its hierarchy. */
function passOn(hierarchies: Hierarchies, { base, version }: Hierarchy, path: string): void {
  const wanted = (['memory', 'cpu', 'pids'] as const).filter((controller) => {
    const hierarchy = hierarchies[controller];
    return hierarchy?.version === version && hierarchy.base === base;
  });
  for (const folder of [base, ...between(base, path)]) {
    if (folder !== base) makeGroup(folder);
    if (folder === path) return;
    const control = join(folder, 'cgroup.subtree_control');
    const missing = wanted.filter((controller) => !hasWord(control, controller));
    if (missing.length > 0) writeFileSync(control, missing.map((controller) => `+${controller}`).join(' '));
  }
}

/** The folders below `base` on the way to `path`, and `path`. */
function between(base: string, path: string): readonly string[] {
  const found: string[] = [];
  for (let folder = path; folder.length > base.length; folder = dirname(folder)) found.unshift(folder);
  return found;
}

/** One after the other: where the kernel says that there can be none, Node's way of making several tries for ever. */
function makeGroup(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function numberIn(path: string): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

function hasWord(path: string, word: string): boolean {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).includes(word);
  } catch {
    return false;
  }
}

/** null when a group of this name is still being taken away; that one is then in use by us all the same. */
function lockFolder(path: string): number | null {
  const fd = openSync(path, 'r');
  try {
    // It may have been removed, and made again, between.
    if (tryLock(fd) && fstatSync(fd).ino === statSync(path).ino) return fd;
    close(fd);
    return null;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** False when a process is in it. */
function removeGroup(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** The groups above it that have become empty, up to the one that is not ours. */
function removeParents(path: string, base: string): void {
  for (let folder = dirname(path); folder.length > base.length; folder = dirname(folder))
    if (!removeGroup(folder)) return;
}

/** Removes a group that somebody else named, in all hierarchies; it is left where a group or a process is in it. */
export function removeNamedGroup(hierarchies: Hierarchies, path: string): void {
  for (const { base } of Object.values(hierarchies)) removeGroup(join(base, path));
}

/** Removes the groups that were made here for those that others named in them, where nothing is in them any more. */
export function removeGroupsAbove(): void {
  for (const above of [...made_above].toSorted((a, b) => b.length - a.length))
    if (removeGroup(above)) made_above.delete(above);
}

/** Removes the groups whose maker has died and whose processes have gone. */
export function removeLeftGroups(hierarchies: Hierarchies): void {
  const bases = new Set(Object.values(hierarchies).map(({ base }) => base));
  for (const base of bases) {
    const ours = join(base, our_group);
    for (const namespace of foldersIn(ours)) {
      for (const name of foldersIn(join(ours, namespace))) {
        const path = join(ours, namespace, name);
        if (isLeft(path) && removeGroup(path)) removeParents(path, base);
      }
      removeParents(join(ours, namespace, '-'), base);
    }
  }
}

/** Nobody who lives holds it. */
function isLeft(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    return tryLock(fd);
  } finally {
    close(fd);
  }
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
