import { randomBytes } from 'node:crypto';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { checkLabels } from '../labels.ts';
import type { Activation, Activations, Labels, Mount } from '../model.ts';
import { checkName } from '../names.ts';
import type { Paths } from '../paths.ts';
import type { Store } from '../store/store.ts';
import type { Tables } from '../store/tables.ts';
import { canMount } from './kernel-mounts.ts';
import { mountHere, unmountAll } from './mount-here.ts';

export interface ActivationsOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
}

/** What the store knows of one; its folder lies below `paths.mounts`. */
interface Recorded {
  readonly folder: string;
  readonly mounts: readonly Mount[];
  readonly labels: Labels;
  readonly mounted_at: string;
}

const bucket = (namespace: string): string => `containerd.mounts.${namespace}`;

/** The mounts that a namespace has had made. */
export function createActivations(namespace: string, { paths, store, tables }: ActivationsOptions): Activations {
  const { records } = tables;
  const find = (name: string): Recorded | null => (records.find(bucket(namespace), name)?.value as Recorded) ?? null;
  const shown = (name: string, { folder, mounts, labels, mounted_at }: Recorded): Activation => {
    const active = mounts.map((mount, i) => ({
      mount,
      mount_point: join(paths.mounts, folder, String(i)),
      mounted_at: new Date(mounted_at),
    }));
    const last = active.at(-1);
    const system: Mount[] = last === undefined ? [] : [{ type: 'bind', source: last.mount_point, options: ['rbind'] }];
    return { name, active, system, labels };
  };
  return {
    async activate(name, mounts, given, temporary) {
      checkName('a mount', name);
      const labels = checkLabels('mount.Labels', given);
      if (!temporary || mounts.length === 0) throw new WherryError('Unimplemented', 'not implemented');
      if (!canMount()) {
        throw new WherryError(
          'FailedPrecondition',
          `Cannot mount "${name}": only root can mount, and the daemon runs as another user. Run it as root.`,
        );
      }
      const folder = `kept-${randomBytes(8).toString('hex')}`;
      const row: Recorded = { folder, mounts, labels, mounted_at: new Date().toISOString() };
      await store.transact(() => {
        if (find(name) !== null) throw new WherryError('AlreadyExists', `mount "${name}": already exists`);
        records.put(bucket(namespace), name, { value: row });
      });
      try {
        mountAll(join(paths.mounts, folder), mounts);
      } catch (error) {
        await store.transact(() => records.delete(bucket(namespace), name));
        unmountFolder(join(paths.mounts, folder), mounts.length);
        throw error;
      }
      return shown(name, row);
    },
    async deactivate(name) {
      const row = find(name);
      if (row === null) throw new WherryError('NotFound', `missing mount "${name}" bucket: not found`);
      await store.transact(() => records.delete(bucket(namespace), name));
      unmountFolder(join(paths.mounts, row.folder), row.mounts.length);
    },
    info(name) {
      const row = find(name);
      if (row === null) throw new WherryError('NotFound', `mount "${name}" not found`);
      return shown(name, row);
    },
    list: () => records.list(bucket(namespace)).map(({ key, value }) => shown(key, value.value as Recorded)),
  };
}

function mountAll(folder: string, mounts: readonly Mount[]): void {
  mkdirSync(folder, { mode: 0o700 });
  for (const [i, mount] of mounts.entries()) {
    const target = join(folder, String(i));
    mkdirSync(target, { mode: 0o700 });
    mountHere(mount, target);
  }
}

function unmountFolder(folder: string, count: number): void {
  for (let i = count - 1; i >= 0; i--) {
    const target = join(folder, String(i));
    unmountAll(target);
    removeEmpty(target);
  }
  removeEmpty(folder);
}

/** Only ever an empty folder: nothing is removed through a mount. */
function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // It was not made, or is still in use: boot looks again.
  }
}

/** The folders below `paths.mounts` that are kept; what is recorded and not there any more is forgotten. */
export function keptFolders(tables: Tables, isThere: (folder: string) => boolean): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const { namespace, key, value } of tables.records.all()) {
    if (!namespace.startsWith(bucket(''))) continue;
    const { folder } = value.value as Recorded;
    if (isThere(folder)) kept.add(folder);
    else tables.records.delete(namespace, key);
  }
  return kept;
}
