/** What two clients may do to one object at the same time, for every kind of object. */
import { createHash } from 'node:crypto';

import {
  ContainersService,
  contentApi,
  ContentService,
  ImagesService,
  LeasesService,
  NamespacesService,
  SnapshotsService,
  TasksService,
} from '../../src/wire/services.ts';
import type { Client } from './client.ts';

/** Who of the two does it; an update of each sets a label of its own. */
export type Who = 'a' | 'b';
type Act = (client: Client, id: string, who: Who) => Promise<unknown>;

export interface Racer {
  readonly kind: string;
  readonly root: boolean;
  /** What lasts long is raced less often. */
  readonly rounds: number;
  readonly actions: Readonly<Record<string, Act>>;
  /** Actions that find nothing there yet. */
  readonly makers: readonly string[];
  /** Makes what the others count on. */
  readonly make: Act;
  /** Makes what even makers count on. */
  readonly prepare?: Act;
  /** Labels that the object has; null when it is not there. */
  labels(client: Client, id: string): Promise<Readonly<Record<string, string>> | null>;
  /** Removes what a round left, whatever it is. */
  clear(client: Client, id: string): Promise<void>;
}

const overlayfs = 'overlayfs';
const media_type = 'application/vnd.oci.image.manifest.v1+json';

const images: Racer = {
  kind: 'images',
  root: false,
  rounds: 12,
  makers: ['create'],
  actions: {
    create: (client, id) => client.call(ImagesService.method.create, { image: image(id) }),
    update: (client, id, who) =>
      client.call(ImagesService.method.update, {
        image: { ...image(id), labels: { [who]: '1' } },
        updateMask: { paths: [`labels.${who}`] },
      }),
    delete: (client, id) => client.call(ImagesService.method.delete, { name: id, sync: false }),
    read: (client, id) => client.call(ImagesService.method.get, { name: id }),
  },
  make: (client, id) => images.actions['create']!(client, id, 'a'),
  labels: (client, id) => orNull(async () => (await client.call(ImagesService.method.get, { name: id })).image!.labels),
  clear: (client, id) => whatever(client.call(ImagesService.method.delete, { name: id })),
};

const containers: Racer = {
  kind: 'containers',
  root: false,
  rounds: 12,
  makers: ['create'],
  actions: {
    create: (client, id) => client.call(ContainersService.method.create, { container: container(id) }),
    update: (client, id, who) =>
      client.call(ContainersService.method.update, {
        container: { ...container(id), labels: { [who]: '1' } },
        updateMask: { paths: [`labels.${who}`] },
      }),
    delete: (client, id) => client.call(ContainersService.method.delete, { id }),
    read: (client, id) => client.call(ContainersService.method.get, { id }),
  },
  make: (client, id) => containers.actions['create']!(client, id, 'a'),
  labels: (client, id) =>
    orNull(async () => (await client.call(ContainersService.method.get, { id })).container!.labels),
  clear: (client, id) => whatever(client.call(ContainersService.method.delete, { id })),
};

const content: Racer = {
  kind: 'content',
  root: false,
  rounds: 12,
  makers: ['create'],
  actions: {
    create: (client, id) => write(client, id),
    update: (client, id, who) =>
      client.call(ContentService.method.update, {
        info: { digest: digestOf(id), labels: { [who]: '1' } },
        updateMask: { paths: [`labels.${who}`] },
      }),
    delete: (client, id) => client.call(ContentService.method.delete, { digest: digestOf(id) }),
    read: (client, id) => client.call(ContentService.method.info, { digest: digestOf(id) }),
  },
  make: (client, id) => write(client, id),
  labels: (client, id) =>
    orNull(async () => (await client.call(ContentService.method.info, { digest: digestOf(id) })).info!.labels),
  clear: async (client, id) => {
    await whatever(client.call(ContentService.method.delete, { digest: digestOf(id) }));
    await whatever(client.call(ContentService.method.abort, { ref: id }));
  },
};

const snapshots: Racer = {
  kind: 'snapshots',
  root: false,
  rounds: 10,
  makers: ['prepare', 'view'],
  actions: {
    prepare: (client, id) => client.call(SnapshotsService.method.prepare, { snapshotter: overlayfs, key: id, labels }),
    view: (client, id) => client.call(SnapshotsService.method.view, { snapshotter: overlayfs, key: id, labels }),
    update: (client, id, who) =>
      client.call(SnapshotsService.method.update, {
        snapshotter: overlayfs,
        info: { name: id, labels: { [who]: '1' } },
        updateMask: { paths: [`labels.${who}`] },
      }),
    commit: (client, id) =>
      client.call(SnapshotsService.method.commit, { snapshotter: overlayfs, key: id, name: `${id}-done`, labels }),
    child: (client, id, who) =>
      client.call(SnapshotsService.method.prepare, {
        snapshotter: overlayfs,
        key: `${id}-child-${who}`,
        parent: id,
        labels,
      }),
    delete: (client, id) => client.call(SnapshotsService.method.remove, { snapshotter: overlayfs, key: id }),
    read: (client, id) => client.call(SnapshotsService.method.stat, { snapshotter: overlayfs, key: id }),
  },
  make: (client, id) => snapshots.actions['prepare']!(client, id, 'a'),
  labels: (client, id) =>
    orNull(
      async () => (await client.call(SnapshotsService.method.stat, { snapshotter: overlayfs, key: id })).info!.labels,
    ),
  clear: async (client, id) => {
    for (const key of [`${id}-child-a`, `${id}-child-b`, id, `${id}-done`])
      await whatever(client.call(SnapshotsService.method.remove, { snapshotter: overlayfs, key }));
  },
};

const leases: Racer = {
  kind: 'leases',
  root: false,
  rounds: 12,
  makers: ['create'],
  actions: {
    create: (client, id) => client.call(LeasesService.method.create, { id }),
    update: (client, id, who) =>
      client.call(LeasesService.method.addResource, { id, resource: { id: digestOf(who), type: 'content' } }),
    delete: (client, id) => client.call(LeasesService.method.delete, { id }),
    read: (client, id) => client.call(LeasesService.method.listResources, { id }),
  },
  make: (client, id) => client.call(LeasesService.method.create, { id }),
  // What a lease holds is what its updates add.
  labels: (client, id) =>
    orNull(async () => {
      const { resources } = await client.call(LeasesService.method.listResources, { id });
      const held = (who: Who): object => (resources.some((each) => each.id === digestOf(who)) ? { [who]: '1' } : {});
      return { ...held('a'), ...held('b') };
    }),
  clear: (client, id) => whatever(client.call(LeasesService.method.delete, { id })),
};

const namespaces: Racer = {
  kind: 'namespaces',
  root: false,
  rounds: 12,
  makers: ['create'],
  actions: {
    create: (client, id) => client.call(NamespacesService.method.create, { namespace: { name: id } }),
    update: (client, id, who) =>
      client.call(NamespacesService.method.update, {
        namespace: { name: id, labels: { [who]: '1' } },
        updateMask: { paths: [`labels.${who}`] },
      }),
    delete: (client, id) => client.call(NamespacesService.method.delete, { name: id }),
    read: (client, id) => client.call(NamespacesService.method.get, { name: id }),
  },
  make: (client, id) => namespaces.actions['create']!(client, id, 'a'),
  // A containerd gets any namespace, there or not; it lists those that are.
  labels: async (client, id) => {
    const { namespaces: all } = await client.call(NamespacesService.method.list, {});
    return all.find(({ name }) => name === id)?.labels ?? null;
  },
  clear: (client, id) => whatever(client.call(NamespacesService.method.delete, { name: id })),
};

/** Tasks of `spec`, by runc; they have no labels. */
export function tasks(spec: object): Racer {
  const create: Act = (client, id) => client.call(TasksService.method.create, { containerId: id });
  const start: Act = (client, id) => client.call(TasksService.method.start, { containerId: id });
  const kill: Act = (client, id) => client.call(TasksService.method.kill, { containerId: id, signal: 9 });
  return {
    kind: 'tasks',
    root: true,
    rounds: 2,
    makers: ['create'],
    actions: {
      create,
      start,
      kill,
      pause: (client, id) => client.call(TasksService.method.pause, { containerId: id }),
      delete: (client, id) => client.call(TasksService.method.delete, { containerId: id }),
      read: (client, id) => client.call(TasksService.method.get, { containerId: id }),
    },
    prepare: (client, id) =>
      client.call(ContainersService.method.create, {
        container: {
          id,
          runtime: { name: 'io.containerd.runc.v2' },
          spec: {
            typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
            value: Buffer.from(JSON.stringify({ ...spec, linux: { ...linux, cgroupsPath: `/${id}` } })),
          },
        },
      }),
    make: async (client, id) => {
      await create(client, id, 'a');
      await start(client, id, 'a');
    },
    labels: async () => null,
    clear: async (client, id) => {
      await whatever(client.call(TasksService.method.resume, { containerId: id }));
      await whatever(kill(client, id, 'a'));
      await whatever(client.call(TasksService.method.wait, { containerId: id }));
      await whatever(client.call(TasksService.method.delete, { containerId: id }));
      await whatever(client.call(ContainersService.method.delete, { id }));
    },
  };
}

const linux = { namespaces: [{ type: 'pid' }, { type: 'mount' }] };

export const racers: readonly Racer[] = [images, containers, content, snapshots, leases, namespaces];

/** The digest of the content that is called `name` here. */
export function digestOf(name: string): string {
  return `sha256:${createHash('sha256').update(name).digest('hex')}`;
}

/** Labels that keep something from being collected while it is raced for. */
const labels = { 'containerd.io/gc.root': 'now' };

function image(name: string): { name: string; target: object } {
  return { name, target: { mediaType: media_type, digest: digestOf(name), size: 5n } };
}

function container(id: string): { id: string; image: string; runtime: object; spec: object } {
  const value = Buffer.from('{"ociVersion":"1.0.2"}');
  return {
    id,
    image: 'example.com/none:1',
    runtime: { name: 'io.containerd.runc.v2' },
    spec: { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value },
  };
}

/** Writes the name as content, by its own reference, as a client does: ask, write, commit. */
async function write(client: Client, name: string): Promise<void> {
  const data = Buffer.from(name);
  const common = { ref: name, total: BigInt(data.length), expected: digestOf(name) };
  const stream = client.open(ContentService.method.write);
  const answers = stream.received[Symbol.asyncIterator]();
  try {
    for (const message of [
      { ...common, action: contentApi.WriteAction.STAT },
      { ...common, action: contentApi.WriteAction.WRITE, data, offset: 0n },
      { ...common, action: contentApi.WriteAction.COMMIT, offset: BigInt(data.length), labels },
    ]) {
      stream.send(message);
      await answers.next();
    }
    stream.end();
  } finally {
    stream.cancel();
  }
}

async function orNull<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch {
    return null;
  }
}

async function whatever(call: Promise<unknown>): Promise<void> {
  await call.catch(() => {});
}
