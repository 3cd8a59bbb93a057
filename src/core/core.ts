import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { type CollectOptions, Collector } from './collect.ts';
import { collection_spare_ms, namespace_views_max } from '../limits/index.ts';
import { CollectSoon } from './collect-soon.ts';
import { Blobs } from './content/blobs.ts';
import { createContent } from './content/contents.ts';
import { Ingests } from './content/ingests.ts';
import { temporaryName } from './durable.ts';
import { createDiffer } from './diff/differ.ts';
import { EventBus } from './events.ts';
import { LayerStore } from './layers/layer-store.ts';
import type { Log } from './log.ts';
import { Mirror } from './mirror.ts';
import type { Collected, Core, Gate, Mount, NamespaceView } from './model.ts';
import { checkNamespace } from './names.ts';
import { Paths } from './paths.ts';
import { rebuild, repairRecords } from './rebuild.ts';
import { reclaim } from './reclaim.ts';
import { removeTree } from './remove-tree.ts';
import type { ShimLauncher } from './shim-contract.ts';
import { createActivations } from './snapshots/activations.ts';
import { FolderLayers } from './snapshots/folder-layers.ts';
import { kernelMounts } from './snapshots/kernel-mounts.ts';
import { directoryName } from './snapshots/pieces.ts';
import { createSnapshotter } from './snapshots/snapshotters.ts';
import { reclaimMounts } from './snapshots/temporary-mount.ts';
import { findSnapshot, wherryMounts } from './snapshots/wherry-mounts.ts';
import { SpareFolders } from './spare-folders.ts';
import { showAll } from './store/contents-of-before.ts';
import { openDatabase } from './store/database.ts';
import { type Lock, lockRoot } from './store/lock.ts';
import { touchNamespace, touchNamespaces } from './store/namespaces.ts';
import type { ObjectEvent } from './store/object-events.ts';
import { Reserve } from './store/reserve.ts';
import type { SnapshotRow } from './store/rows.ts';
import type { Publish } from './store/scope.ts';
import { checkSnapshotter, snapshotSpace } from './store/snapshot-space.ts';
import { Store } from './store/store.ts';
import { no_namespace, type Tables } from './store/tables.ts';
import { type Aftermath, createTransaction } from './store/transaction.ts';
import { isCode } from './system-error.ts';
import { infoProgram, type ShimEnvironment, shimFolders } from './tasks/runtimes/program.ts';
import { recoverForeignShims } from './tasks/runtimes/recover.ts';
import { shimProgram } from './tasks/runtimes/runtime-name.ts';
import { recoverShims } from './tasks/recover-shims.ts';
import { TaskStore } from './tasks/task-store.ts';
import { UnpackedLayers } from './unpacked/unpacked-layers.ts';
import { createWasmRoot } from './tasks/wasm-root.ts';
import { tasksView } from './tasks/tasks-view.ts';

export interface CoreOptions {
  /** The data directory, on a local filesystem. */
  readonly root: string;
  /** The directory of what lives as long as the machine is up: shims and their sockets. */
  readonly state: string;
  readonly gate: Gate;
  readonly launcher: ShimLauncher;
  readonly log: Log;
  /** The namespace that always has a shim ready for its next container; none when left out. */
  readonly warm?: string;
  /** The daemon's version, as shims that are not ours are told it. */
  readonly version?: string;
  /** A program by which shims of an early generation publish events; without it they cannot. */
  readonly publish_binary?: string;
}

/**
 * Opens the store in `root`, or makes it; one process at a time has it. `recover` is to be called once before anybody
 * is served, after the listeners for exits are there.
 *
 * @throws WherryError FailedPrecondition when another daemon has it, a newer version wrote it, or it is on NFS
 */
export async function createCore(options: CoreOptions): Promise<Core> {
  const { root, state, log } = options;
  const paths = new Paths(root, state);
  makeFolders(paths);
  const lock = lockRoot(root, paths.lock);
  let store: Store | null = null;
  try {
    const { database, tables, version, damaged } = openDatabase(paths.database, log);
    const reserve = new Reserve(paths.reserve, log);
    reserve.refill();
    store = new Store(database, log, reserve);
    await store.transact(() => {
      if (version === 0) rebuild(paths, tables, damaged, log);
      else repairRecords(paths, tables, log);
      if (version === 1) showAll(tables);
      touchNamespaces(tables);
    });
    return assemble(options, { paths, store, tables, reserve, lock });
  } catch (error) {
    store?.close();
    lock.release();
    throw error;
  }
}

interface Opened {
  readonly paths: Paths;
  readonly store: Store;
  readonly tables: Tables;
  readonly reserve: Reserve;
  readonly lock: Lock;
}

/** What Docker calls the log of a container, behind its id. */
const log_suffix = '-json.log';

/** Puts the parts together. */
function assemble(options: CoreOptions, { paths, store, tables, reserve, lock }: Opened): Core {
  const { root, state, gate, launcher, log, warm, version = '', publish_binary = join(state, 'publish') } = options;
  const events = new EventBus(log);
  const mirror = new Mirror(paths, tables, log);
  const spare = new SpareFolders(log);
  const blobs = new Blobs({ paths, store, tables });
  const ingests = new Ingests(paths);
  const layers = new LayerStore({ paths, store, tables, blobs });
  const unpacked = new UnpackedLayers({ paths, layers, log });
  const folders = new FolderLayers({ paths, store, tables, layers });
  const snapshotOf = (name: string, key: string, snapshotter?: string): SnapshotRow =>
    findSnapshot(tables, snapshotSpace(name, checkSnapshotter(snapshotter)), key);
  const mounts = async (name: string, key: string, snapshotter?: string): Promise<readonly Mount[]> =>
    await wherryMounts({ paths, layers, folders }, snapshotOf(name, key, snapshotter));
  const mountsOfKernel = async (row: SnapshotRow, in_namespace = false): Promise<readonly Mount[]> =>
    await kernelMounts({ paths, unpacked, folders }, row, in_namespace);
  const environment: ShimEnvironment = {
    address: join(state, 'containerd.sock'),
    ttrpc_address: join(state, 'containerd.sock.ttrpc'),
    publish_binary,
    version,
  };
  const tasks = new TaskStore({
    paths,
    tables,
    mounts,
    wasmRoot: createWasmRoot({
      paths,
      layers,
      log,
      mounts,
      findImage: (namespace, name) => transaction.images(namespace).find(name),
      content: (namespace) => createContent(namespace, { paths, store, tables, blobs, ingests, publish }),
    }),
    // Shims have namespaces of their own where the daemon is not root.
    kernelMounts: async (namespace, key, snapshotter) =>
      await mountsOfKernel(snapshotOf(namespace, key, snapshotter), true),
    environment,
    gate,
    launcher,
    bus: events,
    log,
    warm: warm ?? null,
  });
  const aftermath: Aftermath = {
    imagesChanged: () => mirror.imagesChanged(),
    containerChanged: (namespace, id) => mirror.containerChanged(namespace, id),
    containerRemoved: (namespace, id) => {
      tasks.containerRemoved(namespace, id);
      const folder = moveAway(paths.container(namespace, id), paths.containers);
      if (folder !== null) void spare.add(folder, log_suffix);
      if (!tasks.holdsBundle(namespace, id)) throwAway(moveAway(paths.bundle(namespace, id), paths.bundles), log);
    },
    snapshotRemoved: (folder) => {
      const path = join(paths.active, folder);
      throwAway(existsSync(path) ? path : null, log);
      throwAway(moveAway(join(paths.unpacked, directoryName(folder)), paths.unpacked), log);
      throwAway(moveAway(join(paths.work, folder), paths.work), log);
    },
    namespaceRemoved: (namespace) => {
      for (const known of ingests.list(namespace)) void ingests.discard(known);
    },
    publish: (namespace, topic, event) => events.publish(namespace, topic, event),
  };
  const publish: Publish = (namespace, { topic, pack }) => store.after(() => aftermath.publish(namespace, topic, pack));
  const transaction = createTransaction({ tables, scope: store, gate, aftermath, ingests });
  const collector = new Collector({ store, tables, blobs, ingests, layers, unpacked, aftermath, publish, log });
  const snapshotters = {
    paths,
    store,
    tables,
    layers,
    folders,
    publish,
    tell: (namespace: string, { topic, pack }: ObjectEvent) => events.publish(namespace, topic, pack),
    sequences: new Map<string, number>(),
    leases: (namespace: string) => transaction.leases(namespace),
    touch: (namespace: string) => touchNamespace(tables, namespace),
    kernelMounts: mountsOfKernel,
    removed: (folder: string) => aftermath.snapshotRemoved(folder),
  };
  let closed = false;
  const views = new Map<string, NamespaceView>();

  const view = (name: string): NamespaceView => ({
    name: checkNamespace(name),
    content: createContent(name, { paths, store, tables, blobs, ingests, publish }),
    layers,
    tasks: tasksView(tasks, name),
    sandboxes: tasks.sandboxes.view(name),
    logPath: (container) => join(paths.container(name, container), `${container}${log_suffix}`),
    reuseFolder: (container) => void spare.take(paths.container(name, container), `${container}${log_suffix}`),
    bundle: (container) => paths.bundle(name, container),
    mounts: (key, snapshotter) => mounts(name, key, snapshotter),
    kernelMounts: async (key, snapshotter) => await mountsOfKernel(snapshotOf(name, key, snapshotter)),
    snapshots: (snapshotter) => createSnapshotter(name, checkSnapshotter(snapshotter), snapshotters),
    activations: createActivations(name, { paths, store, tables }),
    differ: createDiffer(name, {
      paths,
      store,
      tables,
      layers,
      content: createContent(name, { paths, store, tables, blobs, ingests, publish }),
    }),
    images: () => transaction.images(name).list(),
    containers: () => transaction.containers(name).list(),
    findImage: (image) => transaction.images(name).find(image),
    findContainer: (id) => transaction.containers(name).find(id),
  });

  const collect = async (how?: CollectOptions): Promise<Collected> => {
    const collected = await collector.collect(how);
    reserve.refill();
    return collected;
  };
  const soon = new CollectSoon(() => collect({ spare_ms: collection_spare_ms }), log);

  return {
    root,
    state,
    events: {
      publish: (namespace, topic, event) => events.publish(namespace, topic, event),
      subscribe: (listener, signal) => events.subscribe(listener, signal),
      forward: (envelope) => {
        events.forward(envelope);
        tasks.heard(envelope);
      },
    },
    transact: (act) => store.transact(() => act(transaction)),
    read: (act) => act(transaction),
    namespace(name) {
      let one = views.get(name);
      if (one === undefined) {
        one = view(name);
        if (views.size >= namespace_views_max) views.clear();
        views.set(name, one);
      }
      return one;
    },
    namespaces: () => tables.namespaces.list(no_namespace).map(({ key }) => key),
    runtimeInfo: async (runtime, given) =>
      await infoProgram(shimProgram(runtime, shimFolders(environment)), environment, given),
    collect: () => collect(),
    collectSoon: () => soon.ask(),
    async recover() {
      await store.transact(() => {
        reclaimMounts(paths, tables);
        reclaim(paths, tables, log);
      });
      ingests.load();
      // Ours first: they hold streams for the others.
      await recoverShims({ paths, tables, tasks, log });
      await tasks.sandboxes.recover().then(() => recoverForeignShims({ tables, tasks, log }));
      await mirror.reconcile();
      tasks.pool.keepWarm();
    },
    async close() {
      if (closed) return;
      closed = true;
      soon.close();
      await tasks.close();
      await mirror.flush();
      await spare.close();
      store.close();
      lock.release();
    },
  };
}

/** Takes a folder out of the way at once, under a name that boot removes; null when there is none. */
function moveAway(path: string, parent: string): string | null {
  const away = join(parent, temporaryName());
  try {
    renameSync(path, away);
    return away;
  } catch (thrown) {
    if (isCode(thrown, 'ENOENT')) return null;
    throw thrown;
  }
}

/** Removes a folder behind the caller's back. */
function throwAway(path: string | null, log: Log): void {
  if (path === null) return;
  removeTree(path).catch((error: Error) => log.warn(`cannot remove ${path}: ${error.message}`));
}

function makeFolders(paths: Paths): void {
  mkdirSync(paths.root, { recursive: true, mode: 0o700 });
  mkdirSync(paths.state, { recursive: true, mode: 0o700 });
  for (const folder of [
    join(paths.blobs, 'sha256'),
    join(paths.blobs, 'sha512'),
    paths.ingests,
    paths.layers,
    paths.chains,
    paths.active,
    paths.unpacked,
    paths.work,
    paths.containers,
    paths.bundles,
    paths.sandboxes,
    paths.mounts,
    paths.shims,
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
}
