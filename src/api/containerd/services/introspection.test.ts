import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  IntrospectionService,
  ReflectionAlphaService,
  ReflectionService,
  VersionService,
} from '../../../wire/services.ts';
import { serve } from '../testing/serve.ts';

test('clients find the snapshotters that they ask for', async (t) => {
  const introspection = (await serve(t)).connect({ namespace: '' }).service(IntrospectionService);
  const { plugins } = await introspection.plugins({ filters: ['type==io.containerd.snapshotter.v1, id==overlayfs'] });
  assert.deepEqual(
    plugins.map(({ id, platforms }) => [id, platforms.map(({ os }) => os)]),
    [['overlayfs', ['linux']]],
  );
  const all = (await introspection.plugins({})).plugins.map(({ type, id }) => `${type}.${id}`);
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.includes('io.containerd.snapshotter.v1.wherry'));
  const { plugin } = await introspection.pluginInfo({ type: 'io.containerd.runtime.v2', id: 'task' });
  assert.equal(plugin?.id, 'task');
  await assert.rejects(introspection.pluginInfo({ type: 'x', id: 'y' }), { code: 5 });
});

test('a server is the same as long as its data is', async (t) => {
  const { connect } = await serve(t);
  const [one, two] = await Promise.all([1, 2].map(() => connect().service(IntrospectionService).server({})));
  assert.match(one!.uuid, /^[0-9a-f-]{36}$/);
  assert.equal(one!.uuid, two!.uuid);
  assert.equal(one!.pid, BigInt(process.pid));
});

test('reflection describes every service, in both of its versions', async (t) => {
  const client = (await serve(t)).connect();
  for (const service of [ReflectionService, ReflectionAlphaService]) {
    const stream = client.service(service).serverReflectionInfo();
    const ask = async (messageRequest: {
      case: string;
      value: string;
    }): Promise<{ case?: string; value?: unknown }> => {
      stream.send({ messageRequest } as never);
      return (await stream.next()).messageResponse;
    };
    const listed = await ask({ case: 'listServices', value: '' });
    assert.equal(listed.case, 'listServicesResponse');
    const names = (listed.value as { service: { name: string }[] }).service.map(({ name }) => name);
    assert.ok(names.includes('containerd.services.content.v1.Content'));
    for (const name of names)
      assert.equal((await ask({ case: 'fileContainingSymbol', value: name })).case, 'fileDescriptorResponse');
    const path = 'google/protobuf/any.proto';
    assert.equal((await ask({ case: 'fileByFilename', value: path })).case, 'fileDescriptorResponse');
    assert.equal((await ask({ case: 'fileByFilename', value: '/etc/passwd' })).case, 'errorResponse');
    assert.equal((await ask({ case: 'fileContainingSymbol', value: 'no.Such' })).case, 'errorResponse');
    stream.end();
  }
  assert.equal((await client.service(VersionService).version({})).version, 'v2.1.0');
});
