import { rename } from 'node:fs/promises';

import { WherryError } from '../../errors/index.ts';
import { ingest_abandoned_ms } from '../../limits/index.ts';
import { isDigest, parseDigest } from '../../oci/index.ts';
import { syncFolder } from '../durable.ts';
import { checkLabels, keyOfPath, withKey } from '../labels.ts';
import type { Content, ContentInfo, ContentWriter, Labels, WriterOptions } from '../model.ts';
import { checkName } from '../names.ts';
import type { Paths } from '../paths.ts';
import { createLeases } from '../store/leases.ts';
import { touchNamespace } from '../store/namespaces.ts';
import { objectEvent } from '../store/object-events.ts';
import type { ContentRow } from '../store/rows.ts';
import type { Publish } from '../store/scope.ts';
import type { Store } from '../store/store.ts';
import { no_namespace, type Tables } from '../store/tables.ts';
import { fromSystem } from '../system-error.ts';
import type { Blobs } from './blobs.ts';
import { type MadeBlob, openIngest } from './ingest.ts';
import type { Holder, IngestRecord, Ingests, KnownIngest } from './ingests.ts';
import { OfferedContent } from './offered.ts';

export interface ContentsOptions {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
  readonly blobs: Blobs;
  readonly ingests: Ingests;
  readonly publish: Publish;
}

interface Expected {
  readonly digest?: string;
  readonly size?: number;
}

/** The content as `namespace` sees it: what it has written, of the blobs that all share. */
export function createContent(namespace: string, options: ContentsOptions): Content {
  const { paths, store, tables, blobs, ingests, publish } = options;
  const { contents } = tables;
  const leases = createLeases(namespace, {
    table: tables.leases,
    scope: store,
    touch: () => {},
    ingests,
  });

  const row = (digest: string): ContentRow => {
    const found = isDigest(digest) ? contents.find(namespace, digest) : null;
    if (found === null) throw new WherryError('NotFound', `content digest ${digest.slice(0, 200)}: not found`);
    return found;
  };
  const has = (digest: string): boolean => isDigest(digest) && contents.has(namespace, digest);

  const toInfo = (digest: string, { labels, created_at, updated_at }: ContentRow): ContentInfo => {
    const blob = blobs.row(digest);
    const created = created_at ?? blob.created_at;
    return {
      digest,
      size: blob.size,
      labels,
      created_at: new Date(created),
      updated_at: new Date(updated_at ?? created),
    };
  };

  const hold = (digest: string, lease: string | undefined): void => {
    if (lease === undefined) return;
    requireLease(lease);
    leases.add(lease, { type: 'content', id: digest });
  };
  const requireLease = (lease: string): void => {
    if (!leases.has(lease)) throw new WherryError('NotFound', 'lease does not exist: not found');
  };

  /** Makes a blob that the store has visible. Inside a transaction. */
  const show = (digest: string, labels: Labels, lease: string | undefined): void => {
    touchNamespace(tables, namespace);
    const at = new Date().toISOString();
    contents.put(namespace, digest, { labels, created_at: at, updated_at: at });
    hold(digest, lease);
    publish(namespace, objectEvent.contentCreate(digest, blobs.size(digest)));
  };

  /** Puts the complete and durable `file` in its place and makes it visible. */
  const install = async (file: string, made: MadeBlob, lease: string | undefined): Promise<void> => {
    const { digest, size, labels } = made;
    const arrived = blobs.arrive(digest);
    try {
      if (!blobs.has(digest)) {
        await rename(file, paths.blob(digest));
        await syncFolder(paths.blobFolder(digest));
      }
      const is_new = await store.transact(() => {
        if (!tables.blobs.has(no_namespace, digest))
          tables.blobs.put(no_namespace, digest, { size, created_at: new Date().toISOString() });
        if (has(digest)) {
          hold(digest, lease);
          return false;
        }
        show(digest, labels, lease);
        return true;
      });
      if (!is_new) throw alreadyExists(digest);
    } finally {
      arrived();
    }
  };

  const begin = async (record: IngestRecord, before: KnownIngest | null, lease?: string): Promise<ContentWriter> => {
    const folder = paths.ingest(namespace, record.ref);
    const known: KnownIngest = before ?? { folder, record, leases: new Set(), expires_at: null, holder: null };
    known.holder = opening();
    ingests.add(known);
    if (lease === undefined) known.expires_at = new Date(Date.now() + ingest_abandoned_ms);
    else known.leases.add(lease);
    try {
      return await openIngest({
        known,
        install: (file, made) => install(file, made, lease),
        release: async (done) => {
          known.holder = null;
          if (done) await ingests.discard(known);
        },
      });
    } catch (thrown) {
      known.holder = null;
      if (before === null) ingests.forget(known);
      throw fromSystem(thrown, `Cannot write "${record.ref}"`);
    }
  };

  const writer = async (ref: string, expected: Expected, how: WriterOptions): Promise<ContentWriter> => {
    if (ref === '') throw new WherryError('InvalidArgument', 'ref must not be empty: invalid argument');
    checkName('an ingest', ref);
    const { lease, as_client = false } = how;
    const { digest = '', size = 0 } = expected;
    if (!as_client && digest !== '') parseDigest(digest);
    if (lease !== undefined) requireLease(lease);
    if (has(digest)) {
      await store.transact(() => hold(digest, lease));
      throw alreadyExists(digest);
    }
    const is_offered = blobs.has(digest) && (size === 0 || size === blobs.size(digest));
    if (is_offered && !as_client) {
      await store.transact(() => show(digest, {}, lease));
      throw alreadyExists(digest);
    }
    const before = ingests.find(namespace, ref);
    const started_at = new Date().toISOString();
    const record: IngestRecord = {
      namespace,
      ref,
      total: size,
      expected: digest,
      started_at,
      client: as_client,
      offered: is_offered ? digest : '',
    };
    if (!is_offered) {
      if (before !== null && before.holder !== null) throw locked(before, before.holder.since);
      const is_other = before !== null && size > 0 && before.record.total > 0 && size !== before.record.total;
      if (is_other) await ingests.discard(before);
      return begin(record, is_other || before?.record.offered !== '' ? null : before, lease);
    }
    const known: KnownIngest = before ?? {
      folder: paths.ingest(namespace, ref),
      record: { ...record, total: blobs.size(digest) },
      leases: new Set(lease === undefined ? [] : [lease]),
      expires_at: lease === undefined ? new Date(Date.now() + ingest_abandoned_ms) : null,
      holder: null,
    };
    ingests.add(known);
    return new OfferedContent({
      status: {
        ref,
        offset: blobs.size(digest),
        total: blobs.size(digest),
        expected: digest,
        started_at: new Date(started_at),
        updated_at: new Date(started_at),
      },
      take: async (labels) => {
        const kept = checkLabels('info.Labels', labels);
        await store.transact(() => {
          if (has(digest)) hold(digest, lease);
          else if (blobs.has(digest)) show(digest, kept, lease);
          else throw new WherryError('NotFound', `content digest ${digest}: not found`);
        });
        await ingests.discard(known);
      },
      begin: () => begin({ ...record, offered: '' }, null, lease),
    });
  };

  return {
    has,
    info: async (digest) => toInfo(digest, row(digest)),
    readAll: async (digest, bytes_max) => {
      row(digest);
      return blobs.read(digest, bytes_max);
    },
    open: async (digest) => {
      row(digest);
      return blobs.open(digest);
    },
    path: (digest) => {
      row(digest);
      return paths.blob(digest);
    },
    writer: (ref, expected, how) => writer(ref, expected ?? {}, how ?? {}),
    list: async () => contents.list(namespace).map(({ key, value }) => toInfo(key, value)),
    setLabels: (digest, labels) =>
      store.transact(() => contents.put(namespace, digest, { ...row(digest), labels, updated_at: now() })),
    update: (digest, given, paths_of_mask = []) =>
      store.transact(() => {
        const before = row(digest);
        const labels = checkLabels('info.Labels', masked(digest, before.labels, given, paths_of_mask));
        const after = { ...before, labels, updated_at: now() };
        contents.put(namespace, digest, after);
        return toInfo(digest, after);
      }),
    delete: (digest, { lease } = {}) =>
      store.transact(() => {
        row(digest);
        contents.delete(namespace, digest);
        if (lease !== undefined && leases.has(lease)) leases.remove(lease, { type: 'content', id: digest });
        const is_seen = tables.namespaces.list(no_namespace).some(({ key }) => contents.has(key, digest));
        const is_wanted = ingests.all().some(({ record }) => record.offered === digest);
        if (!is_seen && !is_wanted) blobs.remove(digest);
        publish(namespace, objectEvent.contentDelete(digest));
      }),
    status: (ref) => ingests.status(ingests.get(namespace, ref)),
    statuses: () => ingests.list(namespace).map((known) => ingests.status(known)),
    abort: async (ref) => ingests.discard(ingests.get(namespace, ref)),
  };
}

/** Who holds an ingest while it is being opened. */
function opening(): Holder {
  const since = new Date();
  return { since, offset: 0, updated_at: since, drop: () => {} };
}

function masked(digest: string, labels: Labels, given: Labels, paths: readonly string[]): Labels {
  if (paths.length === 0) return given;
  let next = labels;
  for (const path of paths) {
    const key = keyOfPath(path, 'labels');
    if (key !== null) next = withKey(next, key, given);
    else if (path === 'labels') next = given;
    else {
      throw new WherryError(
        'InvalidArgument',
        `cannot update ${JSON.stringify(path)} field on content info ${JSON.stringify(digest)}: invalid argument`,
      );
    }
  }
  return next;
}

function locked({ record: { namespace, ref } }: KnownIngest, since: Date): WherryError {
  const seconds = (Date.now() - since.getTime()) / 1000;
  return new WherryError(
    'Unavailable',
    `ref ${namespace}/1/${ref} locked for ${seconds}s (since ${since.toISOString()}): unavailable`,
  );
}

function alreadyExists(digest: string): WherryError {
  return new WherryError('AlreadyExists', `content ${digest}: already exists`);
}

function now(): string {
  return new Date().toISOString();
}
