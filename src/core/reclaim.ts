import { readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { ingest_abandoned_ms } from '../limits/index.ts';
import { readRecord, writtenAt } from './content/ingests.ts';
import type { Log } from './log.ts';
import { lease_until_restart } from './model.ts';
import { docker_namespace, type Paths, temporary_prefix } from './paths.ts';
import { directoryName, isDirectoryName } from './snapshots/pieces.ts';
import { no_namespace, type Tables } from './store/tables.ts';
import { keptProgram } from './tasks/runtimes/bundle-folder.ts';

/**
 * Removes what a dead daemon left half done: ingests, temporary names, files and folders without a record, records
 * without a file, leases that were to end with it. Runs inside a transaction, before anybody else does anything.
 */
export function reclaim(paths: Paths, tables: Tables, log: Log): void {
  for (const name of list(paths.ingests)) {
    const folder = join(paths.ingests, name);
    if (!mayGoOn(folder)) remove(folder);
  }
  for (const folder of [
    paths.root,
    paths.layers,
    paths.chains,
    paths.unpacked,
    paths.work,
    paths.containers,
    paths.bundles,
    paths.blobs,
  ]) {
    for (const name of list(folder)) if (name.startsWith(temporary_prefix)) remove(join(folder, name));
  }
  reclaimBlobs(paths, tables, log);
  const active = new Set(tables.snapshots.all().map(({ value }) => value.folder));
  for (const folder of list(paths.active)) if (!active.has(folder)) remove(join(paths.active, folder));
  for (const folder of list(paths.work)) if (!active.has(folder)) remove(join(paths.work, folder));
  const own = new Set([...active].map((folder) => directoryName(folder)));
  for (const name of list(paths.unpacked)) {
    if (isDirectoryName(name) && !own.has(name)) remove(join(paths.unpacked, name));
  }
  reclaimContainers(paths.containers, tables, () => false);
  // A shim that is not ours may have mounted the container's files there: it is asked first.
  reclaimContainers(paths.bundles, tables, (bundle) => keptProgram(bundle) !== null);
  const now = new Date().toISOString();
  for (const { namespace, key, value } of tables.leases.all()) {
    const over = lease_until_restart in value.labels || (value.expires_at !== null && value.expires_at <= now);
    if (over) tables.leases.delete(namespace, key);
  }
}

/** Whether a client may come back for the ingest in `folder`. */
function mayGoOn(folder: string): boolean {
  const record = readRecord(folder);
  return record !== null && record.client && Date.now() - writtenAt(folder) < ingest_abandoned_ms;
}

function reclaimBlobs(paths: Paths, tables: Tables, log: Log): void {
  const there = new Set<string>();
  for (const algorithm of ['sha256', 'sha512']) {
    for (const hex of list(join(paths.blobs, algorithm))) {
      const digest = `${algorithm}:${hex}`;
      if (tables.blobs.has(no_namespace, digest)) there.add(digest);
      else remove(join(paths.blobs, algorithm, hex));
    }
  }
  for (const { key: digest } of tables.blobs.all()) {
    if (there.has(digest)) continue;
    log.error(`the blob ${digest} is gone from ${paths.blobs}: images that need it must be pulled again`);
    tables.blobs.delete(no_namespace, digest);
    tables.layers.delete(no_namespace, digest);
    for (const { key: namespace } of tables.namespaces.list(no_namespace)) tables.contents.delete(namespace, digest);
  }
}

/** Removes what containers without a record have in `folder`, but what `stays` says so of. */
function reclaimContainers(folder: string, tables: Tables, stays: (path: string) => boolean): void {
  for (const name of list(folder)) {
    const path = join(folder, name);
    if (!name.startsWith('@')) {
      if (!tables.containers.has(docker_namespace, name) && !stays(path)) remove(path);
      continue;
    }
    for (const id of list(path)) {
      const isTemporary = id.startsWith(temporary_prefix);
      const goes = isTemporary || !tables.containers.has(basename(path).slice(1), id);
      if (goes && !stays(join(path, id))) remove(join(path, id));
    }
  }
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function list(folder: string): string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
}
