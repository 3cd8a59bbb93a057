import { readdirSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';

import { type Descriptor, isDigest } from '../oci/index.ts';
import type { Log } from './log.ts';
import { type ContainerMirror, mirrorAnnotation } from './mirror.ts';
import type { Labels } from './model.ts';
import type { Paths } from './paths.ts';
import { openTables, no_namespace, type Tables } from './store/tables.ts';

/** What is put into a new database after the old one was lost. */
export interface Rebuilt {
  readonly images: number;
  readonly containers: number;
  readonly blobs: number;
  readonly records: number;
}

/**
 * Fills empty tables from the mirrors and the files that are there, and with what can still be read of the records in
 * the `damaged` database, if there was one. Runs inside a transaction.
 */
export function rebuild(paths: Paths, tables: Tables, damaged: string | null, log: Log): Rebuilt {
  const rebuilt = {
    blobs: rebuildBlobs(paths, tables),
    images: rebuildImages(paths, tables),
    containers: rebuildContainers(paths, tables, log),
    records: damaged === null ? 0 : salvageRecords(tables, damaged),
  };
  if (damaged === null && rebuilt.images + rebuilt.containers + rebuilt.blobs === 0) return rebuilt;
  log.warn(
    `the store was rebuilt: ${rebuilt.images} images, ${rebuilt.containers} containers, ${rebuilt.blobs} blobs and ` +
      `${rebuilt.records} other records were found`,
  );
  return rebuilt;
}

/** Repairs single records that are damaged from their mirrors; what has none is dropped. Runs inside a transaction. */
export function repairRecords(paths: Paths, tables: Tables, log: Log): void {
  const images = new Map(mirroredImages(paths).map((image) => [`${image.namespace}/${image.name}`, image]));
  for (const table of Object.values(tables)) {
    for (const { namespace, key } of table.damaged()) {
      table.delete(namespace, key);
      let repaired = false;
      if (table === tables.images) repaired = restoreImage(tables, images.get(`${namespace}/${key}`));
      else if (table === tables.blobs) repaired = restoreBlob(paths, tables, key);
      else if (table === tables.containers) repaired = restoreContainer(tables, readMirror(paths.container(namespace, key)));
      else if (table === tables.snapshots) repaired = restoreSnapshot(paths, tables, namespace, key);
      log.error(`the record of ${table.name} "${key}" was damaged and ${repaired ? 'restored from its mirror' : 'is lost'}`);
    }
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
  if (!isDigest(digest)) return false;
  try {
    const { size, mtime } = statSync(paths.blob(digest));
    tables.blobs.put(no_namespace, digest, { size, created_at: mtime.toISOString() });
    return true;
  } catch {
    return false;
  }
}

function rebuildImages(paths: Paths, tables: Tables): number {
  const images = mirroredImages(paths);
  for (const image of images) restoreImage(tables, image);
  return images.length;
}

function restoreImage(tables: Tables, image: MirroredImage | undefined): boolean {
  if (image === undefined) return false;
  const { namespace, name, target, labels, created_at } = image;
  tables.images.put(namespace, name, { target, labels, created_at, updated_at: created_at });
  return true;
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
    if (restoreContainer(tables, readMirror(folder))) count++;
    else log.error(`the container in ${folder} cannot be restored: its container.json is missing or damaged`);
  }
  return count;
}

function restoreContainer(tables: Tables, mirror: ContainerMirror | null): boolean {
  if (mirror === null) return false;
  const { namespace, id, container, snapshot } = mirror;
  tables.containers.put(namespace, id, container);
  if (snapshot !== null) tables.snapshots.put(namespace, container.snapshot_key, snapshot);
  return true;
}

function restoreSnapshot(paths: Paths, tables: Tables, namespace: string, key: string): boolean {
  for (const { key: id, value } of tables.containers.list(namespace)) {
    if (value.snapshot_key !== key) continue;
    const mirror = readMirror(paths.container(namespace, id));
    if (mirror?.snapshot == null) continue;
    tables.snapshots.put(namespace, key, mirror.snapshot);
    return true;
  }
  return false;
}

/** The folders of all containers, of Docker's namespace and of the others. */
export function containerFolders(paths: Paths): string[] {
  return list(paths.containers).flatMap((name) => {
    const path = join(paths.containers, name);
    return name.startsWith('@') ? list(path).map((id) => join(path, id)) : [path];
  });
}

function readMirror(folder: string): ContainerMirror | null {
  const mirror = readJson(join(folder, 'container.json')) as Partial<ContainerMirror> | null;
  const whole = typeof mirror?.namespace === 'string' && typeof mirror.id === 'string' && typeof mirror.container === 'object';
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
