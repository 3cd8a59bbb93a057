import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestDaemon } from '../daemon-for-tests.ts';

test('what another client of containerd keeps in its namespace can be looked at', async (t) => {
  const daemon = await TestDaemon.start(t);
  const spec = {
    type_url: 'types.containerd.io/opencontainers/runtime-spec/1/Spec',
    value: Buffer.from(JSON.stringify({ process: { args: ['/bin/server', '-v', 'two words'] } })),
  };
  await daemon.core.transact((tx) => {
    const fields = { runtime: 'io.containerd.runc.v2', snapshot_key: '', labels: { app: 'web' }, extensions: {} };
    tx.containers('pods').create({ ...fields, id: 'web-1', image: 'example.com/web:1', spec });
    // A client may write what it likes.
    tx.containers('pods').create({
      ...fields,
      id: 'odd',
      image: '',
      spec: { type_url: 'x', value: Buffer.from('{]') },
    });
  });

  assert.deepEqual((await daemon.send('GET', '/namespaces')).json, ['pods']);
  assert.deepEqual((await daemon.send('GET', '/namespaces/pods/containers/json')).json, []);
  const all = (await daemon.send('GET', '/namespaces/pods/containers/json?all=1')).json as Record<string, unknown>[];
  const web = all.find(({ Id }) => Id === 'web-1');
  assert.equal(web?.['Command'], "/bin/server -v 'two words'");
  assert.equal(web?.['Status'], 'Created');
  assert.equal(all.find(({ Id }) => Id === 'odd')?.['Command'], '');
  assert.deepEqual((await daemon.send('GET', '/namespaces/pods/images/json')).json, []);
  const missing = await daemon.send('GET', '/namespaces/nowhere/containers/json');
  assert.equal(missing.status, 404);
  assert.equal(missing.message, 'namespace "nowhere": not found');
});
