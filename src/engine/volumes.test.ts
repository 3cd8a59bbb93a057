import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { pack } from 'tar-stream';

import { parseFilters } from './filters.ts';
import { testImages } from './images/testing.ts';
import { type VolumeEvent, Volumes, type VolumeUser } from './volumes.ts';

async function testVolumes(t: TestContext) {
  const { core, context } = await testImages(t);
  const events: VolumeEvent[] = [];
  const users: VolumeUser[] = [];
  const volumes = new Volumes({ core, publish: (event) => void events.push(event), users: () => users });
  return { core, context, volumes, events, users };
}

const named = (name: string) => ({ name, driver: '', options: {}, labels: {} });

test('a volume is a directory with a name; made again it is the first one', async (t) => {
  const { volumes, events } = await testVolumes(t);
  const volume = await volumes.create({ ...named('data'), labels: { a: '1' } });
  assert.ok(statSync(volume.mountpoint).isDirectory());
  assert.match(volume.mountpoint, /\/volumes\/data\/_data$/);
  const again = await volumes.create({ ...named('data'), driver: 'local', labels: { a: '2' } });
  assert.deepEqual(again, volume);
  assert.deepEqual(events, [
    { Type: 'volume', Action: 'create', Actor: { ID: 'data', Attributes: { driver: 'local' } } },
  ]);
});

test('a volume without a name gets one and is anonymous', async (t) => {
  const { volumes } = await testVolumes(t);
  const { name, labels } = await volumes.create(named(''));
  assert.match(name, /^[0-9a-f]{64}$/);
  assert.deepEqual(labels, { 'com.docker.volume.anonymous': '' });
});

test('bad names, drivers and options are refused in Docker’s words', async (t) => {
  const { core, volumes } = await testVolumes(t);
  const cases: readonly [Partial<Parameters<Volumes['create']>[0]>, string, RegExp][] = [
    [
      { name: '../x' },
      'InvalidArgument',
      /^create \.\.\/x: "\.\.\/x" includes invalid characters for a local volume name, only "\[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\]" are allowed\. If you intended to pass a host directory, use absolute path$/,
    ],
    [{ name: '.x' }, 'InvalidArgument', /includes invalid characters/],
    [
      { name: 'x' },
      'InvalidArgument',
      /^create x: volume name is too short, names should be at least two alphanumeric characters$/,
    ],
    [{ driver: 'nfs' }, 'NotFound', /^create vol: error looking up volume plugin nfs: plugin "nfs" not found$/],
    [{ options: { color: 'red' } }, 'InvalidArgument', /^create vol: invalid option: "color"$/],
    [{ options: { type: 'tmpfs' } }, 'InvalidArgument', /^create vol: missing required option: "device"$/],
    [{ options: { size: '1g' } }, 'InvalidArgument', /quota size requested but no quota support$/],
    [{ options: { type: 'none', o: 'bind', device: '/etc' } }, 'Unimplemented', /use a bind mount$/],
  ];
  for (const [request, errorClass, message] of cases) {
    await assert.rejects(volumes.create({ ...named('vol'), ...request }), { class: errorClass, message });
  }
  assert.deepEqual(readdirSync(join(core.root, 'volumes')), []);
});

test('a volume that containers have stays', async (t) => {
  const { volumes, users, events } = await testVolumes(t);
  const { mountpoint } = await volumes.create(named('data'));
  users.push({ id: 'a'.repeat(64), volumes: ['data'] });
  await assert.rejects(volumes.remove('data', { force: true }), {
    class: 'Conflict',
    message: `remove data: volume is in use - [${'a'.repeat(64)}]`,
  });
  users.length = 0;
  await volumes.remove('data', { force: false });
  assert.ok(!existsSync(mountpoint));
  assert.equal(events.at(-1)?.Action, 'destroy');
  await assert.rejects(volumes.remove('data', { force: false }), {
    class: 'NotFound',
    message: 'get data: no such volume',
  });
  await volumes.remove('data', { force: true });
});

test('list filters by name, label, driver and being in use', async (t) => {
  const { volumes, users } = await testVolumes(t);
  await volumes.create({ ...named('alpha'), labels: { tier: 'db' } });
  await volumes.create(named('beta'));
  users.push({ id: 'a'.repeat(64), volumes: ['beta'] });
  const names = (filters: string): string =>
    volumes
      .list(parseFilters(filters))
      .map(({ name }) => name)
      .join(' ');
  assert.equal(names(''), 'alpha beta');
  assert.equal(names('{"name":["^al"]}'), 'alpha');
  assert.equal(names('{"label":["tier=db"]}'), 'alpha');
  assert.equal(names('{"driver":["nfs"]}'), '');
  assert.equal(names('{"dangling":["true"]}'), 'alpha');
  assert.equal(names('{"dangling":["0"]}'), 'beta');
  assert.throws(() => names('{"bogus":["1"]}'), { message: "invalid filter 'bogus'" });
});

test('prune takes anonymous volumes, and named ones when asked', async (t) => {
  const { volumes, users } = await testVolumes(t);
  const anonymous = await volumes.create(named(''));
  const used = await volumes.create(named(''));
  await volumes.create(named('data'));
  users.push({ id: 'a'.repeat(64), volumes: [used.name] });
  writeFileSync(join(anonymous.mountpoint, 'x'), 'x'.repeat(1234));
  assert.deepEqual(await volumes.prune(new Map()), { names: [anonymous.name], reclaimed_bytes: 1234 });
  assert.deepEqual(await volumes.prune(parseFilters('{"all":["1"]}')), { names: ['data'], reclaimed_bytes: 0 });
  await assert.rejects(volumes.prune(parseFilters('{"all":["1","0"]}')), {
    message: "invalid filter 'all=[1 0]': only one value is expected",
  });
});

test('after a crash directories without a record are volumes again', async (t) => {
  const { core, volumes } = await testVolumes(t);
  for (const name of ['kept', 'f'.repeat(64), '.removed-1'])
    mkdirSync(join(core.root, 'volumes', name, '_data'), { recursive: true });
  await volumes.recover();
  assert.deepEqual(
    volumes.list(new Map()).map(({ name }) => name),
    ['f'.repeat(64), 'kept'],
  );
  assert.ok(!existsSync(join(core.root, 'volumes', '.removed-1')));
  assert.deepEqual(volumes.get('f'.repeat(64)).labels, { 'com.docker.volume.anonymous': '' });
});

test('an empty volume gets what the image has at its path, once', async (t) => {
  const { core, context, volumes } = await testVolumes(t);
  const tar = pack();
  const mtime = new Date('2020-02-02T02:02:02Z');
  tar.entry({ name: 'srv/data/', type: 'directory', mode: 0o750, mtime });
  tar.entry({ name: 'srv/data/deep/', type: 'directory' });
  tar.entry({ name: 'srv/data/deep/big', mode: 0o640, mtime }, Buffer.alloc(200_000, 'ab'));
  tar.entry({ name: 'srv/data/again', type: 'link', linkname: 'srv/data/deep/big' });
  tar.entry({ name: 'srv/data/out', type: 'symlink', linkname: '/etc/passwd' });
  tar.entry({ name: 'data', type: 'symlink', linkname: '/srv/data' });
  tar.finalize();
  const bytes = Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>));
  const writer = await context.space.content.writer('tar');
  await writer.write(bytes);
  const { digest } = await writer.commit(null, null);
  const { diff_id } = await context.space.layers.fromBlob(digest, '', null);
  const chain = await context.space.layers.chain([diff_id]);
  await core.transact((tx) => tx.snapshots('moby').prepare('snap', chain, [diff_id]));
  const mounts = await context.space.mounts('snap');

  const { mountpoint } = await volumes.create(named('data'));
  await Promise.all([volumes.copyUp('data', mounts, '/data'), volumes.copyUp('data', mounts, '/data')]);
  assert.deepEqual(readdirSync(mountpoint).sort(), ['again', 'deep', 'out']);
  assert.equal(readFileSync(join(mountpoint, 'deep/big'), 'utf8'), 'ab'.repeat(100_000));
  assert.equal(statSync(join(mountpoint, 'again')).ino, statSync(join(mountpoint, 'deep/big')).ino);
  assert.equal(readlinkSync(join(mountpoint, 'out')), '/etc/passwd');
  assert.equal(statSync(join(mountpoint, 'deep/big')).mode & 0o7777, 0o640);
  assert.equal(statSync(join(mountpoint, 'deep/big')).mtime.toISOString(), mtime.toISOString());
  assert.equal(statSync(mountpoint).mode & 0o7777, 0o750);

  writeFileSync(join(mountpoint, 'mine'), 'x');
  await volumes.copyUp('data', mounts, '/srv');
  assert.ok(!existsSync(join(mountpoint, 'data')));
  await volumes.create(named('other'));
  await volumes.copyUp('other', mounts, '/nowhere');
  assert.deepEqual(readdirSync(volumes.get('other').mountpoint), []);
});
