import { readdirSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

import { type Descriptor, isDigest } from '../oci/index.ts';
import type { Log } from './log.ts';
import { type ContainerMirror, mirrorAnnotation } from './mirror.ts';
import type { Labels } from './model.ts';
import type { Paths } from './paths.ts';
import { showAll } from './store/contents-of-before.ts';
import type { Table } from './store/table.ts';
import { no_namespace, openTables, type Tables } from './store/tables.ts';

/** What is put into a new database after the old one was lost. */
export interface Rebuilt {
  readonly images: number;
  readonly containers: number;
  readonly blobs: number;
  readonly records: number;
}

/**
 * Fills tables that lost what they had from the mirrors and the files that are there, and with what can still be read
 * of the records in the `damaged` database, if there was one; what a table has stays. Runs inside a transaction.
 */
export function rebuild(paths: Paths, tables: Tables, damaged: string | null, log: Log): Rebuilt {
  const rebuilt = {
    blobs: rebuildBlobs(paths, tables),
    images: rebuildImages(paths, tables),
    containers: rebuildContainers(paths, tables, log),
    records: damaged === null ? 0 : salvageRecords(tables, damaged),
  };
  showAll(tables);
  if (damaged === null && rebuilt.images + rebuilt.containers + rebuilt.blobs === 0) return rebuilt;
  log.warn(
    `the store was rebuilt: ${rebuilt.images} images, ${rebuilt.containers} containers, ${rebuilt.blobs} blobs and ` +
      `${rebuilt.records} other records were found`,
  );
  return rebuilt;
}

/** Repairs single records that are damaged from their mirrors; what has none is dropped. Runs inside a transaction. */
export function repairRecords(paths: Paths, tables: Tables, log: Log): void {
  const all: readonly Table<object>[] = Object.values(tables);
  const damaged = all.flatMap((table) => table.damaged().map((place) => ({ table, ...place })));
  if (damaged.length === 0) return;
  for (const { table, namespace, key } of damaged) table.delete(namespace, key);
  // The name of a record may be what was damaged, so everything that is missing is looked for, not these names.
  rebuild(paths, tables, null, log);
  for (const { table, namespace, key } of damaged) {
    const fate = table.has(namespace, key) ? 'was restored from its mirror' : 'is lost';
    log.error(`the record of ${table.name} "${key}" was damaged and ${fate}`);
  }
}

interface MirroredImage {
  readonly namespace: string;
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly created_at: string;
}

function rebuildBlobs(paths: Paths, tables: Tables): number {
  let count = 0;
  for (const algorithm of ['sha256', 'sha512']) {
    for (const hex of list(join(paths.blobs, algorithm))) {
      if (restoreBlob(paths, tables, `${algorithm}:${hex}`)) count++;
    }
  }
  return count;
}

function restoreBlob(paths: Paths, tables: Tables, digest: string): boolean {
  if (!isDigest(digest) || tables.blobs.has(no_namespace, digest)) return false;
  try {
    const { size, mtime } = statSync(paths.blob(digest));
    tables.blobs.put(no_namespace, digest, { size, created_at: mtime.toISOString() });
    return true;
  } catch {
    return false;
  }
}

function rebuildImages(paths: Paths, tables: Tables): number {
  let count = 0;
  for (const { namespace, name, target, labels, created_at } of mirroredImages(paths)) {
    if (tables.images.has(namespace, name)) continue;
    tables.images.put(namespace, name, { target, labels, created_at, updated_at: created_at });
    count++;
  }
  return count;
}

function mirroredImages(paths: Paths): MirroredImage[] {
  const index = readJson(paths.images) as { manifests?: unknown } | null;
  if (index === null || !Array.isArray(index.manifests)) return [];
  return (index.manifests as Descriptor[]).flatMap((descriptor) => {
    const { annotations = {}, ...rest } = descriptor;
    const own: Record<string, string> = { ...annotations };
    const name = own[mirrorAnnotation.name];
    const namespace = own[mirrorAnnotation.namespace];
    const created_at = own[mirrorAnnotation.created_at];
    if (name === undefined || namespace === undefined || created_at === undefined || !isDigest(rest.digest)) return [];
    const labels = parse(own[mirrorAnnotation.labels] ?? '{}') as Labels | null;
    for (const key of Object.values(mirrorAnnotation)) delete own[key];
    const target = Object.keys(own).length === 0 ? rest : { ...rest, annotations: own };
    return [{ namespace, name, target, labels: labels ?? {}, created_at }];
  });
}

function rebuildContainers(paths: Paths, tables: Tables, log: Log): number {
  let count = 0;
  for (const folder of containerFolders(paths)) {
    const mirror = readMirror(folder);
    if (mirror === null) log.error(`the container in ${folder} has no sound container.json: it cannot be restored`);
    else if (restoreContainer(tables, mirror)) count++;
  }
  return count;
}

/** Restores a container and its snapshot where they are missing; false when nothing was. */
function restoreContainer(tables: Tables, { namespace, id, container, snapshot }: ContainerMirror): boolean {
  const isMissing = !tables.containers.has(namespace, id);
  if (isMissing) tables.containers.put(namespace, id, container);
  const { snapshot_key } = tables.containers.find(namespace, id) ?? container;
  if (snapshot === null || tables.snapshots.has(namespace, snapshot_key)) return isMissing;
  tables.snapshots.put(namespace, snapshot_key, snapshot);
  return true;
}

/** The folders of all containers, of Docker's namespace and of the others. */
function containerFolders(paths: Paths): string[] {
  return list(paths.containers).flatMap((name) => {
    const path = join(paths.containers, name);
    return name.startsWith('@') ? list(path).map((id) => join(path, id)) : [path];
  });
}

function readMirror(folder: string): ContainerMirror | null {
  const mirror = readJson(join(folder, 'container.json')) as Partial<ContainerMirror> | null;
  const whole =
    typeof mirror?.namespace === 'string' && typeof mirror.id === 'string' && typeof mirror.container === 'object';
  return whole ? (mirror as ContainerMirror) : null;
}

/** Other rooms' records have no mirror: what the damaged database still gives is taken. */
function salvageRecords(tables: Tables, damaged: string): number {
  let count = 0;
  try {
    const database = new DatabaseSync(damaged, { readOnly: true });
    try {
      for (const { namespace, key, value } of openTables(database).records.all()) {
        tables.records.put(namespace, key, value);
        count++;
      }
    } finally {
      database.close();
    }
  } catch {
    // It is damaged: as much as could be read was taken.
  }
  return count;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

function readJson(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
