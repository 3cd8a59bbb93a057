import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  ContainersService,
  ImagesService,
  LeasesService,
  NamespacesService,
  SandboxStoreService,
} from '../../../wire/services.ts';
import { serve } from '../testing/serve.ts';

const spec = { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from('{"a":1}') };
const runtime = { name: 'io.containerd.runc.v2', options: { typeUrl: 'o', value: Buffer.from('p') } };
const digest = `sha256:${'a'.repeat(64)}`;

test('a namespace comes to be with what is written in it, and goes when that has gone', async (t) => {
  const client = (await serve(t)).connect({ namespace: 'new' });
  const namespaces = client.service(NamespacesService);
  assert.deepEqual((await namespaces.list({})).namespaces, []);
  const containers = client.service(ContainersService);
  await containers.create({ container: { id: 'c', runtime, spec } });
  assert.deepEqual(
    (await namespaces.list({})).namespaces.map(({ name }) => name),
    ['new'],
  );
  await assert.rejects(namespaces.delete({ name: 'new' }), {
    code: 9,
    details: 'namespace "new" must be empty, but it still has containers: failed precondition',
  });
  await containers.delete({ id: 'c' });
  await client.service(LeasesService).create({ id: 'l' });
  await namespaces.delete({ name: 'new' });
  assert.deepEqual((await namespaces.list({})).namespaces, []);
  assert.deepEqual((await client.service(LeasesService).list({})).leases, []);
});

test('a container is as it was made, all of it', async (t) => {
  const containers = (await serve(t)).connect().service(ContainersService);
  const container = {
    id: 'c',
    image: 'i',
    runtime,
    spec,
    labels: { l: '1' },
    snapshotter: 'overlayfs',
    snapshotKey: 'k',
    extensions: { e: spec },
    sandbox: 's',
  };
  await containers.create({ container });
  const { container: made } = await containers.get({ id: 'c' });
  assert.deepEqual(
    [made?.image, made?.labels, made?.snapshotter, made?.snapshotKey, made?.sandbox],
    ['i', { l: '1' }, 'overlayfs', 'k', 's'],
  );
  assert.deepEqual([made?.runtime?.name, made?.runtime?.options?.typeUrl], ['io.containerd.runc.v2', 'o']);
  assert.deepEqual(Buffer.from(made?.spec?.value ?? []), spec.value);
  assert.deepEqual(Buffer.from(made?.extensions['e']?.value ?? []), spec.value);
});

test('fields changed at the same time by many clients are all kept', async (t) => {
  const served = await serve(t);
  const first = served.connect().service(ContainersService);
  await first.create({ container: { id: 'c', runtime, spec } });
  await Promise.all(
    Array.from({ length: 30 }, (_, i) =>
      served
        .connect()
        .service(ContainersService)
        .update({ container: { id: 'c', labels: { [`l${i}`]: 'v' } }, updateMask: { paths: [`labels.l${i}`] } }),
    ),
  );
  const { container } = await first.get({ id: 'c' });
  assert.equal(Object.keys(container?.labels ?? {}).length, 30);
});

test('of many who make the same object one does, and the rest are told that it is there', async (t) => {
  const served = await serve(t);
  const image = { name: 'i', target: { mediaType: 'm/x', digest, size: 1n } };
  const makes: readonly (() => Promise<unknown>)[] = [
    () => served.connect().service(ImagesService).create({ image }),
    () =>
      served
        .connect()
        .service(ContainersService)
        .create({ container: { id: 'c', runtime, spec } }),
    () => served.connect().service(LeasesService).create({ id: 'l' }),
    () =>
      served
        .connect()
        .service(NamespacesService)
        .create({ namespace: { name: 'n' } }),
    () =>
      served
        .connect()
        .service(SandboxStoreService)
        .create({ sandbox: { sandboxId: 's', runtime } }),
  ];
  for (const make of makes) {
    const results = await Promise.allSettled(Array.from({ length: 10 }, make));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results)
      if (result.status === 'rejected') assert.equal((result.reason as { code: number }).code, 6);
  }
});

test('a lease is found by its labels and gives what it holds', async (t) => {
  const leases = (await serve(t)).connect().service(LeasesService);
  await leases.create({ id: 'a', labels: { k: 'v' } });
  const { lease } = await leases.create({});
  assert.match(lease?.id ?? '', /^\d+-.{4}$/);
  const found = await leases.list({ filters: ['labels.k==v'] });
  assert.deepEqual(
    found.leases.map(({ id }) => id),
    ['a'],
  );
  await leases.addResource({ id: 'a', resource: { type: 'snapshots/overlayfs', id: 'k' } });
  await leases.addResource({ id: 'a', resource: { type: 'content', id: digest } });
  const { resources } = await leases.listResources({ id: 'a' });
  assert.deepEqual(
    resources.map(({ type, id }) => `${type} ${id}`),
    [`content ${digest}`, 'snapshots/overlayfs k'],
  );
  await leases.deleteResource({ id: 'a', resource: { type: 'content', id: digest } });
  assert.equal((await leases.listResources({ id: 'a' })).resources.length, 1);
});

test('labels have names that JavaScript gives a meaning to', async (t) => {
  const images = (await serve(t)).connect().service(ImagesService);
  const target = { mediaType: 'm/x', digest, size: 1n };
  const labels = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as Record<string, string>;
  await images.create({ image: { name: 'i', target, labels } });
  const filters = ['labels.__proto__==a,labels.constructor==b,labels.toString==c'];
  const [image] = (await images.list({ filters })).images;
  assert.deepEqual(new Map(Object.entries(image?.labels ?? {})), new Map(Object.entries(labels)));
  await images.update({ image: { name: 'i', target, labels: {} }, updateMask: { paths: ['labels.__proto__'] } });
  assert.deepEqual(Object.keys((await images.get({ name: 'i' })).image?.labels ?? {}).toSorted(), [
    'constructor',
    'toString',
  ]);
});
