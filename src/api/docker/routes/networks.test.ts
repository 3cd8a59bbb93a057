import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testApi } from '../testing.ts';

test('networks are listed and told of', async (t) => {
  const api = await testApi(t);
  const list = (await api.send('GET', '/networks')).json as Record<string, unknown>[];
  assert.deepEqual(
    list.map(({ Name, Driver, Scope }) => [Name, Driver, Scope]),
    [
      ['bridge', 'bridge', 'local'],
      ['host', 'host', 'local'],
      ['none', 'null', 'local'],
    ],
  );
  assert.ok(list.every((network) => !('Containers' in network)));
  const older = (await api.send('GET', '/v1.27/networks')).json as Record<string, unknown>[];
  assert.ok(older.every((network) => 'Containers' in network));
  const bridge = (await api.send('GET', '/networks/bridge')).json as Record<string, unknown>;
  assert.deepEqual(bridge['Containers'], {});
  assert.deepEqual((await api.send('GET', `/networks/${String(bridge['Id']).slice(0, 12)}`)).json, bridge);
  assert.equal((await api.send('GET', '/networks/bridge?scope=swarm')).status, 404);
});

test('what cannot be done to networks has Docker’s status', async (t) => {
  const api = await testApi(t);
  assert.equal((await api.send('POST', '/networks/create', { Name: 'host' })).status, 403);
  assert.equal((await api.send('POST', '/networks/create', { Name: 'mine' })).status, 501);
  assert.equal((await api.send('POST', '/networks/create', { Name: 1 })).status, 400);
  assert.equal((await api.send('DELETE', '/networks/bridge')).status, 403);
  assert.equal((await api.send('DELETE', '/networks/mine')).status, 404);
  assert.equal((await api.send('POST', '/networks/host/connect', { Container: 'c' })).status, 400);
  assert.equal((await api.send('POST', '/networks/bridge/disconnect', { Container: 'c' })).status, 501);
  assert.deepEqual((await api.send('POST', '/networks/prune')).json, { NetworksDeleted: null });
});
