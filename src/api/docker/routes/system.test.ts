import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testApi } from '../testing.ts';

test('ping says which API this is', async (t) => {
  const api = await testApi(t);
  for (const [method, body] of [
    ['GET', 'OK'],
    ['HEAD', ''],
  ] as const) {
    const { status, text, headers } = await api.send(method, '/_ping');
    assert.deepEqual([status, text], [200, body]);
    assert.equal(headers.get('api-version'), '1.55');
    assert.equal(headers.get('builder-version'), '2');
    assert.equal(headers.get('swarm'), 'inactive');
    assert.equal(headers.get('ostype'), 'linux');
    assert.equal(headers.get('cache-control'), 'no-cache, no-store, must-revalidate');
    assert.equal(headers.get('docker-experimental'), 'false');
  }
});

test('version and info are what clients need of them', async (t) => {
  const api = await testApi(t);
  const version = (await api.send('GET', '/version')).json as Record<string, unknown>;
  assert.deepEqual(version['Platform'], { Name: 'Wherry' });
  assert.equal(version['ApiVersion'], '1.55');
  assert.equal(version['MinAPIVersion'], '1.24');
  const [engine] = version['Components'] as [{ Name: string; Version: string }];
  assert.deepEqual([engine.Name, engine.Version], ['Engine', '1.2.3']);

  const info = (await api.send('GET', '/info')).json as Record<string, unknown>;
  assert.equal(info['Containers'], 3);
  assert.match(String(info['ID']), /^([A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
  assert.equal((await api.send('GET', '/info')).text.includes(String(info['ID'])), true);
  assert.equal(info['DefaultRuntime'], 'io.containerd.wherry.v1');
  assert.deepEqual(info['Warnings'], []);
  const older = (await api.send('GET', '/v1.43/info')).json as Record<string, Record<string, Record<string, unknown>>>;
  assert.ok(!('status' in (older['Runtimes']?.['io.containerd.wherry.v1'] ?? {})));
  assert.ok('BridgeNfIptables' in older && !('FirewallBackend' in older));
  assert.equal(older['RuncCommit']?.['Expected'], 'N/A');
});

test('a build cache that is not there is pruned of nothing', async (t) => {
  const api = await testApi(t);
  assert.deepEqual((await api.send('POST', '/build/prune')).json, { CachesDeleted: null, SpaceReclaimed: 0 });
  assert.equal((await api.send('POST', '/build/prune?filters={"x":["1"]}')).status, 400);
});

test('a login that is not one is refused', async (t) => {
  const api = await testApi(t);
  assert.equal((await api.send('POST', '/auth', { username: 7 })).status, 400);
  const nowhere = await api.send('POST', '/auth', { username: 'a', password: 'b', serveraddress: '127.0.0.1:1' });
  assert.equal(nowhere.status, 500);
});
