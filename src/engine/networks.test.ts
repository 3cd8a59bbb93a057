import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';

import { parseFilters } from './filters.ts';
import { Networks, type NetworkUser } from './networks.ts';

const users: NetworkUser[] = [{ id: 'a'.repeat(64), name: 'clock', network: 'bridge', running: true, ports: [] }];
const networks = new Networks({ root: tmpdir(), users: () => users });

test('the three networks of every Docker are there, with the same ids each time', () => {
  const all = networks.list(new Map());
  assert.deepEqual(
    all.map(({ name, driver }) => `${name} ${driver}`),
    ['bridge bridge', 'host host', 'none null'],
  );
  const again = new Networks({ root: tmpdir(), users: () => [] });
  assert.deepEqual(
    again.list(new Map()).map(({ id }) => id),
    all.map(({ id }) => id),
  );
  for (const { id, name } of all) {
    assert.match(id, /^[0-9a-f]{64}$/);
    for (const query of [id, name, id.slice(0, 12)]) assert.equal(networks.get(query).name, name);
  }
  assert.deepEqual(networks.get('bridge').attached, users);
  assert.throws(() => networks.get('mine'), { class: 'NotFound', message: 'network mine not found' });
});

test('filters choose among them', () => {
  const names = (filters: string): string =>
    networks
      .list(parseFilters(filters))
      .map(({ name }) => name)
      .join(' ');
  assert.equal(names('{"driver":["null"]}'), 'none');
  assert.equal(names('{"name":["o"]}'), 'host none');
  assert.equal(names('{"type":["custom"]}'), '');
  assert.equal(names('{"scope":["swarm"]}'), '');
  assert.equal(names('{"dangling":["true"]}'), '');
  assert.equal(names('{"dangling":["false"]}'), 'bridge host none');
  assert.throws(() => names('{"type":["x"]}'), { message: "invalid filter: 'type'='x'" });
  assert.throws(() => names('{"dangling":["1","0"]}'), {
    message: 'got more than one value for filter key "dangling"',
  });
});

test('what cannot be done is refused, in Docker’s words where it has some', () => {
  assert.throws(() => networks.create('bridge', ''), {
    class: 'PermissionDenied',
    message: 'operation is not permitted on predefined bridge network ',
  });
  assert.throws(() => networks.create('', ''), { message: 'invalid name: name is empty' });
  assert.throws(() => networks.create('x', 'weave'), { class: 'NotFound', message: 'plugin "weave" not found' });
  assert.throws(() => networks.create('x', 'overlay'), {
    class: 'PermissionDenied',
    message: /^This node is not a swarm manager/,
  });
  assert.throws(() => networks.create('x', 'bridge'), {
    class: 'Unimplemented',
    message: /^Cannot create network x: /,
  });
  assert.throws(() => networks.remove('none'), {
    class: 'PermissionDenied',
    message: 'none is a pre-defined network and cannot be removed',
  });
  assert.throws(() => networks.remove('mine'), { class: 'NotFound' });
  assert.throws(() => networks.connect('host', 'c'), { message: /^cannot connect container to host network/ });
  assert.throws(() => networks.connect('bridge', 'c'), { class: 'Unimplemented' });
  assert.deepEqual(networks.prune(new Map()), []);
});
