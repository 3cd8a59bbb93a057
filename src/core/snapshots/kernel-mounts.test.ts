import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import tar from 'tar-stream';

import { unpacked_kept_ms } from '../../limits/index.ts';
import type { Core, Mount } from '../index.ts';
import { putBlob, putImage, tarOf } from '../testing/fixtures.ts';
import { openCore } from '../testing/open-core.ts';
import { coreFolders, type Places } from '../testing/temporary.ts';
import { canMount } from './kernel-mounts.ts';
import { mountHere, unmountAll } from './mount-here.ts';

type Entry = Partial<tar.Header> & { readonly name: string; readonly body?: string };

async function tarWith(entries: readonly Entry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { body, ...header } of entries) pack.entry({ mtime: new Date(1_000_000), ...header }, body ?? '');
  pack.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of pack) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** A snapshot on these layers. */
async function snapshotOn(core: Core, key: string, tars: readonly Buffer[], kind: 'prepare' | 'view'): Promise<void> {
  const { content, layers } = core.namespace('moby');
  const diff_ids: string[] = [];
  for (const plain of tars) {
    const digest = await putBlob(content, gzipSync(plain));
    diff_ids.push((await layers.fromBlob(digest, '', null)).diff_id);
  }
  const chain = await layers.chain(diff_ids);
  await core.transact((tx) => tx.snapshots('moby')[kind](key, chain, diff_ids));
}

let mounted = 0;

/** Mounts for this test; gives where. */
function mountAt(places: Places, [mount]: readonly Mount[]): string {
  const target = join(places.state, `m${mounted++}`);
  mkdirSync(target);
  places.cores.push({ close: async () => unmountAll(target) });
  mountHere(mount!, target);
  return target;
}

test('who is not root is told that only root mounts', async (t) => {
  if (canMount()) return;
  const core = await openCore(coreFolders(t));
  await snapshotOn(core, 'x', [await tarOf({ a: '1' })], 'view');
  await assert.rejects(core.namespace('moby').kernelMounts('x'), {
    class: 'FailedPrecondition',
    message: /only root can mount/,
  });
});

test('the kernel shows what the layers have', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const core = await openCore(places);
  const base = await tarWith([
    { name: 'bin/', type: 'directory', mode: 0o755 },
    { name: 'bin/busybox', body: 'program', mode: 0o4755, uid: 7, gid: 8 },
    { name: 'bin/sh', type: 'link', linkname: 'bin/busybox' },
    { name: 'lib', type: 'symlink', linkname: '../../../bin' },
    { name: 'dev/', type: 'directory', mode: 0o700, uid: 3 },
    { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 },
    { name: 'dev/pipe', type: 'fifo', mode: 0o600 },
    { name: 'old/', type: 'directory' },
    { name: 'old/one', body: '1' },
    { name: 'gone', body: 'x' },
    { name: 'attributed', body: 'x', pax: { 'SCHILY.xattr.user.colour': 'blue' } },
  ]);
  const above = await tarWith([
    { name: '.wh.gone', body: '' },
    { name: 'old/', type: 'directory' },
    { name: 'old/.wh..wh..opq', body: '' },
    { name: 'old/two', body: '2' },
  ]);
  const bare = await tarWith([
    // Says nothing of the folder, and links to a file of a layer below.
    { name: 'dev/new', body: 'n' },
    { name: 'bash', type: 'link', linkname: 'bin/busybox' },
    { name: 'lib/through', body: 't' },
  ]);
  await snapshotOn(core, 'x', [base, above, bare], 'prepare');
  const mounts = await core.namespace('moby').kernelMounts('x');
  const at = mountAt(places, mounts);
  assert.deepEqual(readdirSync(at).sort(), ['attributed', 'bash', 'bin', 'dev', 'lib', 'old']);
  const busybox = lstatSync(join(at, 'bin/busybox'));
  assert.deepEqual([busybox.mode & 0o7777, busybox.uid, busybox.gid, busybox.mtimeMs], [0o4755, 7, 8, 1_000_000]);
  assert.equal(lstatSync(join(at, 'bin/sh')).ino, busybox.ino);
  assert.equal(lstatSync(join(at, 'bash')).ino, busybox.ino);
  assert.equal(readFileSync(join(at, 'bash'), 'utf8'), 'program');
  assert.equal(readlinkSync(join(at, 'lib')), '../../../bin');
  assert.equal(readFileSync(join(at, 'bin/through'), 'utf8'), 't');
  assert.deepEqual(readdirSync(join(at, 'old')), ['two']);
  const dev = lstatSync(join(at, 'dev'));
  assert.deepEqual([dev.mode & 0o7777, dev.uid], [0o700, 3]);
  assert.deepEqual(readdirSync(join(at, 'dev')).sort(), ['new', 'null', 'pipe']);
  assert.equal(lstatSync(join(at, 'dev/null')).rdev, (1 << 8) | 3);
  assert.ok(lstatSync(join(at, 'dev/pipe')).isFIFO());
  writeFileSync(join(at, 'dev/null'), 'away');
  writeFileSync(join(at, 'mine'), 'written');
});

test('a view of one layer is that layer, read-only', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const core = await openCore(places);
  await snapshotOn(core, 'x', [await tarOf({ a: '1', '.wh.b': '' })], 'view');
  const mounts = await core.namespace('moby').kernelMounts('x');
  assert.deepEqual(
    mounts.map(({ type, options }) => ({ type, options })),
    [{ type: 'bind', options: ['ro', 'rbind'] }],
  );
  const at = mountAt(places, mounts);
  assert.deepEqual(readdirSync(at), ['a']);
  assert.throws(() => writeFileSync(join(at, 'b'), 'x'), { code: 'EROFS' });
});

test('a chain of 120 layers is mounted', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const core = await openCore(places);
  const tars = await Promise.all(Array.from({ length: 120 }, (_, i) => tarOf({ [`f${i}`]: String(i), last: `${i}` })));
  await snapshotOn(core, 'x', tars, 'prepare');
  const at = mountAt(places, await core.namespace('moby').kernelMounts('x'));
  assert.equal(readdirSync(at).length, 121);
  assert.equal(readFileSync(join(at, 'last'), 'utf8'), '119');
});

test('unpacked layers that nobody asks for go after a day, and come back', async (t) => {
  if (!canMount()) return;
  const core = await openCore(coreFolders(t));
  const view = core.namespace('moby');
  const made = await putImage(view, [{ a: '1' }, { b: '2' }]);
  await core.transact((tx) => tx.images('moby').put({ name: 'image', target: made.target }));
  const snapshots = view.snapshots();
  const chain = await snapshots.adopt(made.diff_ids);
  const there = (): number =>
    readdirSync(join(core.root, 'snapshots', 'unpacked')).filter((name) => name.startsWith('d')).length;
  await snapshots.view('see', chain, { labels: { 'containerd.io/gc.root': '1' } });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  t.mock.timers.tick(unpacked_kept_ms * 2);
  await core.collect();
  assert.equal(there(), 2);
  await snapshots.remove('see');
  await core.collect();
  assert.equal(there(), 0);
  await core.transact((tx) => tx.snapshots('moby').view('later', chain, made.diff_ids));
  assert.equal((await view.kernelMounts('later')).length, 1);
  assert.equal(there(), 2);
});

test('unpacked layers go with the image, and not before its snapshots', async (t) => {
  if (!canMount()) return;
  const core = await openCore(coreFolders(t));
  const view = core.namespace('moby');
  const folders = (): number =>
    readdirSync(join(core.root, 'snapshots', 'unpacked')).filter((n) => n.startsWith('d')).length;
  await snapshotOn(core, 'x', [await tarOf({ a: '1' })], 'view');
  await core.transact((tx) =>
    tx.containers('moby').create({
      id: 'c',
      image: '',
      runtime: 'io.containerd.runc.v2',
      snapshot_key: 'x',
      labels: {},
      extensions: {},
      spec: { type_url: 'spec', value: Buffer.from('{}') },
    }),
  );
  await view.kernelMounts('x');
  await core.collect();
  assert.equal(folders(), 1);
  await core.transact((tx) => tx.containers('moby').delete('c'));
  await core.collect();
  assert.equal(folders(), 0);
});
