import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { temporaryFolder } from '../testing/temporary.ts';
import { parseHostsToml } from './hosts-toml.ts';
import { configuredHosts } from './registry-hosts.ts';

test('tables, keys and values of hosts.toml are read', () => {
  const tables = parseHostsToml(`
server = "https://registry.example" # where it is
[host."https://mirror.example"]
  capabilities = ["pull", 'resolve',
    ]
  skip_verify = true
[host."https://mirror.example".header]
  x-custom = ["a", "b"]
`);
  assert.deepEqual(
    tables.map(({ name, values }) => [name, Object.fromEntries(values)]),
    [
      [[], { server: 'https://registry.example' }],
      [['host', 'https://mirror.example'], { capabilities: ['pull', 'resolve'], skip_verify: true }],
      [['host', 'https://mirror.example', 'header'], { 'x-custom': ['a', 'b'] }],
    ],
  );
  for (const bad of ['a', 'a =', '[a', 'a = 1 b', 'a = 1979-05-27', 'a = {}', 'a=1\na=2', `a = ${'['.repeat(50)}`]) {
    assert.throws(() => parseHostsToml(bad), { class: 'InvalidArgument' }, bad);
  }
});

test('mirrors come before the registry, and a folder is found by host and port', async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'registry.example_5000_'));
  writeFileSync(
    join(root, 'registry.example_5000_', 'hosts.toml'),
    '[host."http://mirror.example/cache"]\ncapabilities = ["pull"]\n[host."http://mirror.example/cache".header]\nx-a = "b"\n',
  );
  const hosts = await configuredHosts(root, 'registry.example:5000', 'https');
  assert.deepEqual(hosts, [
    {
      origin: 'http://mirror.example',
      path: '/cache/v2',
      can: { pull: true, resolve: false, push: false },
      headers: { 'x-a': 'b' },
    },
    {
      origin: 'https://registry.example:5000',
      path: '/v2',
      can: { pull: true, resolve: true, push: true },
      headers: {},
    },
  ]);
  assert.deepEqual(await configuredHosts(root, 'other.example', 'https'), []);
});
