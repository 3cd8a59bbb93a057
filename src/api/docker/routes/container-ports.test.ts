import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, afterEach, test } from 'node:test';

import { TestDaemon } from '../daemon-for-tests.ts';

const daemon = await TestDaemon.start({ after });
for (const name of ['clock', 'web']) await daemon.load(name);
afterEach(() => daemon.empty());

type Ports = Record<string, { HostIp: string; HostPort: string }[] | null>;

interface Summary {
  readonly Names: readonly string[];
  readonly Ports: readonly { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[];
}

async function inspected(id: string): Promise<Ports> {
  const { json } = await daemon.send('GET', `/containers/${id}/json`);
  return (json as { NetworkSettings: { Ports: Ports } }).NetworkSettings.Ports;
}

async function listed(filters: Record<string, string[]> = {}): Promise<readonly Summary[]> {
  const query = encodeURIComponent(JSON.stringify(filters));
  return (await daemon.send('GET', `/containers/json?all=1&filters=${query}`)).json as Summary[];
}

async function started(name: string, body: Record<string, unknown>): Promise<string> {
  const id = await daemon.create(name, body);
  const { status, message } = await daemon.send('POST', `/containers/${id}/start`);
  assert.equal(status, 204, message);
  return id;
}

test('a published port answers, and is told of while the container runs', async () => {
  const id = await started('web', {
    Image: 'web',
    ExposedPorts: { '8080/tcp': {}, '9090/tcp': {} },
    HostConfig: { PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
  });
  const ports = await inspected(id);
  const [binding] = ports['8080/tcp']!;
  assert.deepEqual(ports, { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: binding!.HostPort }], '9090/tcp': null });
  assert.equal((await fetch(`http://127.0.0.1:${binding!.HostPort}/guestbook`)).status, 200);
  const [summary] = await listed();
  assert.deepEqual(summary!.Ports, [
    { IP: '127.0.0.1', PrivatePort: 8080, Type: 'tcp', PublicPort: Number(binding!.HostPort) },
    { PrivatePort: 9090, Type: 'tcp' },
  ]);
  const names = async (filters: Record<string, string[]>): Promise<readonly string[]> =>
    (await listed(filters)).flatMap(({ Names }) => Names);
  assert.deepEqual(await names({ publish: ['8000-8080'] }), ['/web']);
  assert.deepEqual(await names({ publish: ['9090/tcp'] }), []);
  assert.deepEqual(await names({ expose: ['9090'] }), ['/web']);
  await daemon.send('POST', `/containers/${id}/kill`);
  await daemon.send('POST', `/containers/${id}/wait`);
  assert.deepEqual(await inspected(id), {});
  assert.deepEqual((await listed())[0]!.Ports, []);
  await assert.rejects(fetch(`http://127.0.0.1:${binding!.HostPort}/`));
});

test('an empty list of bindings, like no port, is any port at all addresses; so is all that is exposed', async () => {
  const empty = await started('empty', { Image: 'web', HostConfig: { PortBindings: { '80/tcp': [] } } });
  const all = await started('all', {
    Image: 'web',
    ExposedPorts: { '80-81/tcp': {} },
    HostConfig: { PublishAllPorts: true, PortBindings: { '443/tcp': [{ HostIp: '', HostPort: '0' }] } },
  });
  const addresses = (await inspected(empty))['80/tcp']!.map(({ HostIp }) => HostIp);
  // A machine without IPv6 has but one.
  assert.deepEqual(addresses, ['0.0.0.0', '::'].slice(0, addresses.length));
  const ports = await inspected(all);
  assert.deepEqual(Object.keys(ports), ['80/tcp', '81/tcp', '443/tcp']);
  const numbers = Object.values(ports).map((bindings) => bindings![0]!.HostPort);
  assert.equal(new Set(numbers).size, 3);
  for (const number of numbers) assert.equal((await fetch(`http://127.0.0.1:${number}/guestbook`)).status, 200);
});

test('a port that is taken is told of as Docker does, and nothing else is left open', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const bindings = (HostPort: number): unknown => [{ HostIp: '127.0.0.1', HostPort: String(HostPort) }];
  const id = await daemon.create('one', { Image: 'web', HostConfig: { PortBindings: { '80/tcp': bindings(port) } } });
  const { status, message } = await daemon.send('POST', `/containers/${id}/start`);
  assert.equal(status, 500);
  assert.match(
    message,
    new RegExp(
      '^failed to set up container networking: driver failed programming external connectivity on endpoint one ' +
        `\\([0-9a-f]{64}\\): failed to bind host port 127\\.0\\.0\\.1:${port}/tcp: address already in use$`,
    ),
  );
  server.close();
  assert.equal((await daemon.send('POST', `/containers/${id}/start`)).status, 204, 'it can be started later');
  const other = await daemon.create('two', {
    Image: 'web',
    HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: String(port) }] } },
  });
  assert.match(
    (await daemon.send('POST', `/containers/${other}/start`)).message,
    new RegExp(`: Bind for 0\\.0\\.0\\.0:${port} failed: port is already allocated$`),
  );
});

test('ports are the shim’s to open: an annotation of a user’s opens none', async () => {
  const annotation = '[{"container_port":80,"host_ip":"127.0.0.1","host_port_first":0,"host_port_last":0}]';
  const id = await started('clock', {
    Image: 'clock',
    HostConfig: { Annotations: { 'dev.wherry.ports': annotation } },
  });
  assert.deepEqual(await inspected(id), {});
});

test('with another network than the default one nothing is published', async () => {
  const PortBindings = { '80/tcp': [{ HostIp: '', HostPort: '' }] };
  const id = await started('none', { Image: 'clock', HostConfig: { NetworkMode: 'none', PortBindings } });
  assert.deepEqual(await inspected(id), {});
});
