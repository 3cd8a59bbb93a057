import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testApi } from '../testing.ts';

test('a volume is made, told of, pruned and removed', async (t) => {
  const api = await testApi(t);
  const made = await api.send('POST', '/volumes/create', { Name: 'data', Labels: { a: '1' } });
  assert.equal(made.status, 201);
  const { CreatedAt, ...volume } = made.json as Record<string, unknown>;
  assert.match(String(CreatedAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const Mountpoint = `${api.core.root}/volumes/data/_data`;
  assert.deepEqual(volume, {
    Driver: 'local',
    Labels: { a: '1' },
    Mountpoint,
    Name: 'data',
    Options: null,
    Scope: 'local',
  });
  assert.deepEqual((await api.send('GET', '/volumes')).json, { Volumes: [made.json], Warnings: null });
  assert.deepEqual((await api.send('GET', '/volumes/data')).json, made.json);
  assert.deepEqual((await api.send('POST', '/volumes/prune')).json, { VolumesDeleted: null, SpaceReclaimed: 0 });
  // Before 1.42 every volume that nobody used went.
  assert.deepEqual((await api.send('POST', '/v1.41/volumes/prune')).json, {
    VolumesDeleted: ['data'],
    SpaceReclaimed: 0,
  });
  await api.send('POST', '/volumes/create', { Name: 'data' });
  api.users.push({ id: 'a'.repeat(64), image: '', running: true, volumes: ['data'] });
  const held = await api.send('DELETE', '/volumes/data');
  assert.deepEqual([held.status, held.json], [409, { message: `remove data: volume is in use - [${'a'.repeat(64)}]` }]);
  api.users.length = 0;
  assert.equal((await api.send('DELETE', '/volumes/data')).status, 204);
  assert.equal((await api.send('DELETE', '/volumes/data')).status, 404);
  assert.equal((await api.send('DELETE', '/volumes/data?force=1')).status, 204);
});

test('a body that is not what it should be is refused', async (t) => {
  const api = await testApi(t);
  const wrong = await api.send('POST', '/volumes/create', { Name: 'data', Labels: { a: 1 } });
  assert.equal(wrong.status, 400);
  assert.match((wrong.json as { message: string }).message, /^invalid JSON: Labels\.a: /);
  assert.equal((await api.send('POST', '/volumes/create', [])).status, 400);
  assert.equal((await api.send('PUT', '/volumes/data?version=1', {})).status, 503);
});
