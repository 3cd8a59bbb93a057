import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { openIndex, verifyIndex } from '../oci/index.ts';
import { digester } from './digester.ts';
import { type Core, lease_until_restart } from './index.ts';
import { containerOf, putBlob, putImage, sha256 } from './testing/fixtures.ts';
import { keptLog, openCore, type OpenOptions } from './testing/open-core.ts';
import { coreFolders, type Places } from './testing/temporary.ts';

async function reopen(places: Places, options: OpenOptions = {}): Promise<Core> {
  const core = await openCore(places, options);
  await core.recover();
  return core;
}

/** Every path below a folder with its size: two equal ones are the same state. */
function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(meta\.db.*|lock)$/.test(path))
    .map((path) => (statSync(path).isFile() ? `${path} ${statSync(path).size}` : path))
    .sort();
}

/** Throws unless all that is visible is whole and nothing else is there. */
async function checkWhole(core: Core): Promise<void> {
  const view = core.namespace('moby');
  const { root } = core;
  const listed = (await view.content.list()).map(({ digest }) => digest);
  assert.deepEqual(
    readdirSync(join(root, 'content/blobs/sha256'))
      .map((hex) => `sha256:${hex}`)
      .sort(),
    listed.sort(),
  );
  for (const digest of listed) {
    const bytes = readFileSync(view.content.path(digest));
    assert.equal(`sha256:${createHash('sha256').update(bytes).digest('hex')}`, digest);
  }
  for (const folder of ['content/ingest']) assert.deepEqual(readdirSync(join(root, folder)), []);
  for (const folder of ['snapshots/layers', 'snapshots/chains']) {
    for (const name of readdirSync(join(root, folder))) {
      const bytes = readFileSync(join(root, folder, name, 'index'));
      verifyIndex(bytes, digester);
      openIndex(bytes);
      if (folder.endsWith('layers'))
        assert.equal(sha256(readFileSync(join(root, folder, name, 'tar'))), `sha256:${name}`);
    }
  }
  for (const image of view.images()) {
    const manifest = JSON.parse(Buffer.from(await view.content.readAll(image.target.digest, 1e6)).toString()) as {
      layers: { digest: string }[];
    };
    for (const { digest } of manifest.layers) assert.ok(view.content.has(digest), `${image.name} has its layers`);
  }
  for (const { id, snapshot_key } of view.containers()) assert.equal((await view.mounts(snapshot_key)).length, 1, id);
  assert.deepEqual(
    core.read((tx) =>
      tx
        .records('names')
        .list()
        .map(({ key }) => key),
    ),
    view.containers().map(({ id }) => id),
  );
  assert.deepEqual(
    core.read((tx) => tx.leases('moby').list()),
    [],
  );
}

test('a daemon killed at any time leaves nothing half-visible and keeps all it acknowledged', async (t) => {
  const places = coreFolders(t);
  const script = fileURLToPath(new URL('./testing/writer.ts', import.meta.url));
  const kills = 16;
  const kills_per_check = 8;
  const present = new Set<string>();
  for (let i = 0; i < kills; i++) {
    const child = spawn(
      process.execPath,
      ['--experimental-ffi', '--no-warnings', script, places.root, places.state, String(i)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let said = '';
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.stdout.setEncoding('utf8');
    await new Promise<void>((resolve) =>
      child.stdout.on('data', (piece: string) => {
        said += piece;
        if (said.includes('ready\n')) resolve();
      }),
    );
    await sleep(Math.random() * 120);
    child.kill('SIGKILL');
    await ended;
    for (const line of said.slice(0, said.lastIndexOf('\n')).split('\n')) {
      const [what, name] = line.split(' ') as [string, string];
      if (what === 'image' || what === 'container') present.add(`${what} ${name}`);
      if (what === 'removing') present.delete(`container ${name}`);
    }
    if (i % kills_per_check !== kills_per_check - 1) continue;

    const core = await reopen(places);
    await checkWhole(core);
    const view = core.namespace('moby');
    const images = new Set(view.images().map(({ name }) => `image ${name}`));
    const containers = new Set(view.containers().map(({ id }) => `container ${id}`));
    for (const name of present) assert.ok(images.has(name) || containers.has(name), `${name} was acknowledged`);
    for (const name of containers) present.add(name);
    await core.close();
    const before = tree(places.root);
    await (await reopen(places)).close();
    assert.deepEqual(tree(places.root), before);
  }

  const core = await reopen(places);
  await core.transact((tx) => {
    for (const { name } of tx.images('moby').list()) tx.images('moby').delete(name);
    for (const { id, snapshot_key } of tx.containers('moby').list()) {
      tx.containers('moby').delete(id);
      tx.snapshots('moby').remove(snapshot_key);
    }
  });
  await core.collect();
  await core.close();
  const left = await reopen(places);
  for (const folder of [
    'content/blobs/sha256',
    'content/ingest',
    'snapshots/layers',
    'snapshots/chains',
    'snapshots/active',
    'containers',
  ])
    assert.deepEqual(readdirSync(join(left.root, folder)), [], folder);
});

test('a second daemon is refused in words, and not when the first is gone', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  await assert.rejects(openCore(places), {
    class: 'FailedPrecondition',
    message: new RegExp(`another daemon \\(pid ${process.pid}\\)`),
  });
  await core.close();
  await openCore(places);
});

async function fill(core: Core): Promise<{ image: string; chain: string }> {
  const view = core.namespace('moby');
  const made = await putImage(view, [{ a: '1' }, { b: '2' }]);
  const chain = await view.layers.chain(made.diff_ids);
  await core.transact((tx) => {
    tx.images('moby').put({ name: 'docker.io/library/x:latest', target: made.target, labels: { l: 'v' } });
    tx.images('k8s.io').put({ name: 'other', target: { ...made.target, annotations: { own: 'yes' } } });
    tx.snapshots('moby').prepare('snap', chain, made.diff_ids);
    tx.containers('moby').create(containerOf('one', { process: { args: ['x'] } }, 'snap'));
    tx.containers('k8s.io').create(containerOf('two'));
    tx.records('volumes').put('data', { driver: 'local' });
  });
  const [mount] = await view.mounts('snap');
  mkdirSync(mount!.source);
  writeFileSync(join(mount!.source, 'written'), 'by the guest');
  return { image: made.target.digest, chain };
}

function checkFilled(core: Core, { chain }: { chain: string }): void {
  const view = core.namespace('moby');
  assert.deepEqual(
    view.images().map(({ name, labels }) => ({ name, labels })),
    [{ name: 'docker.io/library/x:latest', labels: { l: 'v' } }],
  );
  assert.deepEqual(core.namespace('k8s.io').findImage('other')?.target.annotations, { own: 'yes' });
  const container = view.findContainer('one');
  assert.equal(Buffer.from(container!.spec.value).toString(), '{"process":{"args":["x"]}}');
  assert.equal(Buffer.from(container!.extensions['wherry.engine']!.value).toString(), '{"name":"clock"}');
  assert.ok(core.namespace('k8s.io').findContainer('two'));
  assert.deepEqual(
    core.read((tx) => tx.snapshots('moby').list()).map(({ key, parent }) => ({ key, parent })),
    [{ key: 'snap', parent: chain }],
  );
}

for (const [how, damage] of Object.entries<(path: string) => void>({
  'cut in half': (path) => truncateSync(path, statSync(path).size / 2),
  'cut to nothing': (path) => truncateSync(path, 0),
  'not a database': (path) => writeFileSync(path, 'x'.repeat(10_000)),
  gone: (path) => rmSync(path),
})) {
  test(`a database that is ${how} is set aside and rebuilt from what lies beside it`, async (t) => {
    const places = coreFolders(t);
    const core = await openCore(places);
    const filled = await fill(core);
    await core.close();
    const path = join(places.root, 'meta.db');
    damage(path);
    const log = keptLog();
    const again = await reopen(places, { log });
    checkFilled(again, filled);
    const [mount] = await again.namespace('moby').mounts('snap');
    assert.equal(readFileSync(join(mount!.source, 'written'), 'utf8'), 'by the guest');
    assert.ok(
      log.lines.some((line) => line.includes('the store was rebuilt: 2 images, 2 containers')),
      log.lines.join('\n'),
    );
    const aside = readdirSync(places.root).filter((name) => /^meta\.db\.damaged-.*Z$/.test(name));
    assert.equal(aside.length, how.startsWith('cut to') || how === 'gone' ? 0 : 1);
    await again.collect();
    checkFilled(again, filled);
    await again.close();
    await (await reopen(places)).close();
  });
}

test('flipped bytes anywhere in the database never stop the daemon, and nothing that has a mirror is lost', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  const filled = await fill(core);
  await core.close();
  const path = join(places.root, 'meta.db');
  const sound = readFileSync(path);
  for (let i = 0; i < 60; i++) {
    const at = Math.floor(Math.random() * sound.length);
    const bytes = Buffer.from(sound);
    bytes[at]! ^= 1 << Math.floor(Math.random() * 8);
    for (const name of readdirSync(places.root)) if (name.startsWith('meta.db')) rmSync(join(places.root, name));
    writeFileSync(path, bytes);
    const again = await reopen(places);
    checkFilled(again, filled);
    await again.close();
  }
});

test('one damaged record is restored from its mirror, and one without is reported', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  const filled = await fill(core);
  await core.close();
  const path = join(places.root, 'meta.db');
  const bytes = readFileSync(path);
  const marks = ['"created_at"', '{"name":"clock"}', '"driver":"local"'];
  const fd = openSync(path, 'r+');
  let hits = 0;
  for (const mark of marks) {
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) {
      writeSync(fd, 'X', at + 2);
      hits++;
    }
  }
  closeSync(fd);
  assert.ok(hits > 3);
  const log = keptLog();
  const again = await reopen(places, { log });
  checkFilled(again, filled);
  assert.ok(
    log.lines.some((line) => line.includes('record of container "one" was damaged and was restored from its mirror')),
    log.lines.join('\n'),
  );
  assert.ok(
    log.lines.some((line) => line.includes('record of record "data" was damaged and is lost')),
    log.lines.join('\n'),
  );
});

test('what a dead daemon left is gone at boot', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  await core.transact((tx) => {
    tx.leases('moby').create({ id: 'pull', labels: { [lease_until_restart]: '' } });
    tx.leases('moby').create({ id: 'kept' });
  });
  const writer = await core.namespace('moby').content.writer('half');
  await writer.write(Buffer.alloc(100_000));
  await writer.close();
  const digest = await putBlob(core.namespace('moby').content, 'to be lost', 'pull');
  await core.close();
  writeFileSync(join(places.root, 'content/blobs/sha256', 'f'.repeat(64)), 'no row');
  renameSync(join(places.root, 'content/blobs/sha256', digest.slice(7)), join(places.root, 'gone'));
  rmSync(join(places.root, 'gone'));

  const log = keptLog();
  const again = await reopen(places, { log });
  assert.equal(again.namespace('moby').content.has(digest), false);
  assert.ok(log.lines.some((line) => line.includes(`the blob ${digest} is gone`)));
  assert.deepEqual(readdirSync(join(places.root, 'content/ingest')), []);
  assert.equal(existsSync(join(places.root, 'content/blobs/sha256', 'f'.repeat(64))), false);
  assert.deepEqual(
    again.read((tx) => tx.leases('moby').list()).map(({ id }) => id),
    ['kept'],
  );
});

test('a client may come back for its ingest after the daemon was started again, for a day', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  for (const ref of ['half', 'old']) {
    const writer = await core.namespace('default').content.writer(ref, { size: 10 }, { as_client: true });
    await writer.write(Buffer.from('hello'));
    await writer.close();
  }
  await core.close();
  for (const name of readdirSync(join(places.root, 'content/ingest'))) {
    const folder = join(places.root, 'content/ingest', name);
    if (!readFileSync(join(folder, 'ref'), 'utf8').includes('old')) continue;
    const then = Date.now() / 1000 - 25 * 60 * 60;
    utimesSync(join(folder, 'data'), then, then);
  }
  const again = await reopen(places);
  const { content } = again.namespace('default');
  assert.deepEqual(
    content.statuses().map(({ ref, offset, total }) => ({ ref, offset, total })),
    [{ ref: 'half', offset: 5, total: 10 }],
  );
  const writer = await content.writer('half', { size: 10 }, { as_client: true });
  assert.equal(writer.offset, 5);
  await writer.write(Buffer.from('world'));
  await writer.commit(null, sha256('helloworld'));
});

test('a lease that has expired is gone at boot', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  await core.transact((tx) => {
    const past = { 'containerd.io/gc.expire': '2001-01-01T00:00:00Z' };
    tx.leases('default').create({ id: 'past', labels: past });
    tx.leases('default').create({ id: 'no-time', labels: { 'containerd.io/gc.expire': 'soon' } });
    tx.leases('default').create({ id: 'future', expires_at: new Date(Date.now() + 60_000) });
  });
  await core.close();
  const again = await reopen(places);
  assert.deepEqual(
    again.read((tx) => tx.leases('default').list()).map(({ id }) => id),
    ['future', 'no-time'],
  );
});

test('content of a store that knew no namespaces is Docker’s', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  const digest = await putBlob(core.namespace('moby').content, 'x');
  await core.transact((tx) => tx.images('k8s.io').put({ name: 'i', target: { mediaType: 'm/x', digest, size: 1 } }));
  await core.close();
  const database = new DatabaseSync(join(places.root, 'meta.db'));
  database.exec('DELETE FROM content; DROP TABLE namespace; DROP TABLE sandbox');
  database.exec('ALTER TABLE content RENAME TO blob_label; DELETE FROM migration WHERE version > 1');
  database.exec('PRAGMA user_version = 1');
  database.close();
  const again = await reopen(places);
  assert.deepEqual(
    [again.namespace('moby').content.has(digest), again.namespace('k8s.io').content.has(digest)],
    [true, true],
  );
  assert.equal(again.namespace('default').content.has(digest), false);
  assert.deepEqual(again.namespaces(), ['k8s.io', 'moby']);
});

test('a layer that was evicted comes back from its blob', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  await fill(core);
  await core.close();
  for (const folder of ['layers', 'chains']) rmSync(join(places.root, 'snapshots', folder), { recursive: true });
  const again = await reopen(places);
  const [mount] = await again.namespace('moby').mounts('snap');
  for (const option of mount!.options) assert.ok(existsSync(option.slice(option.indexOf('=') + 1)));
});

test('a damaged manifest is reported by who reads it, and collection takes nothing for it', async (t) => {
  const places = coreFolders(t);
  const core = await openCore(places);
  const { image } = await fill(core);
  const before = (await core.namespace('moby').content.list()).length;
  const path = core.namespace('moby').content.path(image);
  const bytes = readFileSync(path);
  bytes[20]! ^= 1;
  writeFileSync(path, bytes);
  await assert.rejects(core.namespace('moby').content.readAll(image, 1e6), { class: 'DataLoss' });
  assert.equal((await core.collect()).blobs, 0);
  assert.equal((await core.namespace('moby').content.list()).length, before);
});
