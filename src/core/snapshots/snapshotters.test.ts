import assert from 'node:assert/strict';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { chainID, mediaType, openIndex } from '../../oci/index.ts';
import { setAttribute } from '../../os/index.ts';
import { digester } from '../digester.ts';
import type { Core, Envelope, Mount, NamespaceView } from '../index.ts';
import { putBlob, tarOf } from '../testing/fixtures.ts';
import { openCore } from '../testing/open-core.ts';
import { coreFolders, type Places } from '../testing/temporary.ts';
import { canMount } from './kernel-mounts.ts';
import { mountHere, unmountAll } from './mount-here.ts';

interface Layer {
  readonly digest: string;
  readonly diff_id: string;
  readonly size: number;
}

async function layerOf(view: NamespaceView, files: Readonly<Record<string, string>>): Promise<Layer> {
  const plain = await tarOf(files);
  const digest = await putBlob(view.content, gzipSync(plain));
  const diff_id = `sha256:${hash(plain)}`;
  return { digest, diff_id, size: plain.length };
}

function hash(bytes: Uint8Array): string {
  const hasher = digester('sha256');
  hasher.update(bytes);
  return hasher.digest();
}

/** What a client does to unpack an image: layer after layer is prepared, applied, committed. */
async function unpack(view: NamespaceView, snapshotter: string, layers: readonly Layer[]): Promise<string> {
  const snapshots = view.snapshots(snapshotter);
  const diff_ids: string[] = [];
  for (const { digest, diff_id, size } of layers) {
    const parent = chainID(diff_ids, digester);
    diff_ids.push(diff_id);
    const chain = chainID(diff_ids, digester);
    const key = `extract-123 ${chain}`;
    const mounts = await snapshots.prepare(key, parent);
    const applied = await view.differ.apply({ mediaType: mediaType.ociLayerGzip, digest, size: 0 }, mounts);
    assert.deepEqual(applied, { mediaType: mediaType.ociLayer, digest: diff_id, size });
    await snapshots.commit(chain, key);
  }
  return chainID(diff_ids, digester);
}

let mounted = 0;

function mountAt(places: Places, mounts: readonly Mount[]): string {
  const target = join(places.state, `m${mounted++}`);
  mkdirSync(target);
  places.cores.push({ close: async () => unmountAll(target) });
  for (const mount of mounts) mountHere(mount, target);
  return target;
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return `${(error as { class: string }).class}: ${(error as Error).message}`;
  }
  return 'done';
}

test('snapshots have the errors of containerd, in its words', async (t) => {
  const core = await openCore(coreFolders(t));
  const snapshots = core.namespace('default').snapshots('wherry');
  await snapshots.prepare('a', '');
  await snapshots.view('v', '');
  await snapshots.commit('c1', 'a');
  await snapshots.prepare('d', 'c1');
  const told = [
    snapshots.prepare('d', ''),
    snapshots.prepare('b', 'nope'),
    snapshots.prepare('e', 'd'),
    snapshots.commit('c1', 'd'),
    snapshots.commit('x', 'v'),
    snapshots.commit('x', 'nope'),
    snapshots.remove('c1'),
    snapshots.remove('nope'),
    snapshots.stat('nope'),
    snapshots.mounts('c1'),
    snapshots.prepare('', ''),
    snapshots.update('c1', {}, ['kind']),
    snapshots.prepare('f', '', { labels: { 'containerd.io/snapshot.ref': 'c1' } }),
    snapshots.prepare('f', '', { labels: { long: 'x'.repeat(5000) } }),
  ];
  assert.deepEqual(await Promise.all(told.map((promise) => refusal(promise))), [
    'AlreadyExists: snapshot "d": already exists',
    'NotFound: parent snapshot nope does not exist: not found',
    'InvalidArgument: failed to create snapshot: parent "default/4/d" is not committed snapshot: invalid argument',
    'AlreadyExists: snapshot "c1": already exists',
    'FailedPrecondition: failed to commit snapshot default/2/v: snapshot "default/2/v" is not active: failed precondition',
    'NotFound: snapshot nope does not exist: not found',
    'FailedPrecondition: cannot remove snapshot with child: failed precondition',
    'NotFound: snapshot nope does not exist: not found',
    'NotFound: snapshot nope does not exist: not found',
    'FailedPrecondition: failed to get active mount: requested snapshot default/3/c1 not active or view: failed precondition',
    'Unknown: bucket name required',
    'InvalidArgument: cannot update "kind" field on snapshot "c1": invalid argument',
    'AlreadyExists: target snapshot "c1": already exists',
    'InvalidArgument: info.Labels: label key and value length (5004 bytes) greater than maximum size (4096 bytes), key: long: invalid argument',
  ]);
  assert.throws(() => core.namespace('default').snapshots('btrfs'), {
    class: 'InvalidArgument',
    message: 'snapshotter not loaded: btrfs: invalid argument',
  });
  await snapshots.remove('d');
  await snapshots.remove('c1');
  assert.deepEqual(
    (await snapshots.list()).map(({ key }) => key),
    ['v'],
  );
});

test('labels are updated by field masks, and one with no value goes', async (t) => {
  const core = await openCore(coreFolders(t));
  const snapshots = core.namespace('default').snapshots();
  await snapshots.prepare('a', '', { labels: { one: '1', two: '2' } });
  const before = await snapshots.stat('a');
  const after = await snapshots.update('a', { one: '', three: '3', two: 'no' }, ['labels.one', 'labels.three']);
  assert.deepEqual(after.labels, { two: '2', three: '3' });
  assert.ok(after.updated_at >= before.updated_at);
  assert.deepEqual(after.created_at, before.created_at);
  assert.deepEqual((await snapshots.update('a', { x: 'y' }, [])).labels, { x: 'y' });
});

test('an image is unpacked without being unpacked, and a program of ours runs on it', async (t) => {
  const core = await openCore(coreFolders(t));
  const view = core.namespace('default');
  const heard: Envelope[] = [];
  core.events.subscribe((envelope) => heard.push(envelope), new AbortController().signal);
  const chain = await unpack(view, 'wherry', [
    await layerOf(view, { 'bin/app': 'program', old: 'x' }),
    await layerOf(view, { '.wh.old': '', new: 'y' }),
  ]);
  const snapshots = view.snapshots();
  assert.equal((await snapshots.stat(chain)).kind, 'committed');
  assert.deepEqual(readdirSync(join(core.root, 'snapshots', 'unpacked')), []);
  // The root, "new" and a whiteout: what containerd counts in what it unpacked.
  assert.deepEqual(await snapshots.usage(chain), { size: 8192, inodes: 3 });
  if (!canMount()) assert.deepEqual(await snapshots.prepare('run', chain), []);
  else await snapshots.prepare('run', chain);
  const [mount] = await view.mounts('run');
  const index = openIndex(readFileSync(mount!.options[0]!.slice('chain='.length)));
  assert.ok(index.child(index.root, 'new') > 0);
  assert.equal(index.child(index.root, 'old'), -1);
  await snapshots.remove('run');
  assert.deepEqual(
    heard.map(({ topic }) => topic).filter((topic) => topic.startsWith('/snapshot/')),
    ['prepare', 'commit', 'prepare', 'commit', 'prepare', 'remove'].map((what) => `/snapshot/${what}`),
  );
});

test('each snapshotter has its own keys, and a lease holds what is made under it', async (t) => {
  const core = await openCore(coreFolders(t));
  const view = core.namespace('default');
  await core.transact((tx) => tx.leases('default').create({ id: 'l' }));
  await view.snapshots('wherry').prepare('same', '', { lease: 'l' });
  const mounts = await view.snapshots('overlayfs').prepare('same', '');
  assert.equal(mounts.length, canMount() ? 1 : 0);
  const shown = await refusal(view.snapshots('overlayfs').view('/mnt', ''));
  assert.match(shown, canMount() ? /^done$/ : /^FailedPrecondition: Cannot mount at \/mnt: only root can mount/);
  assert.deepEqual(
    core.read((tx) => tx.leases('default').resources('l')),
    [{ type: 'snapshots/wherry', id: 'same' }],
  );
  assert.deepEqual(core.namespaces(), ['default']);
  await core.collect();
  assert.deepEqual(
    (await view.snapshots('wherry').list()).map(({ key }) => key),
    ['same'],
  );
  assert.deepEqual(await view.snapshots('overlayfs').list(), []);
  await view.snapshots('wherry').commit('done', 'same', { lease: 'l' });
  assert.deepEqual(
    core.read((tx) => tx.leases('default').resources('l')),
    [{ type: 'snapshots/wherry', id: 'done' }],
  );
  await core.transact((tx) => tx.leases('default').delete('l'));
  await core.collect();
  assert.deepEqual(await view.snapshots('wherry').list(), []);
});

test('a snapshot keeps those it lies on, its layers and their unpacked directories', async (t) => {
  const core = await openCore(coreFolders(t));
  const view = core.namespace('default');
  const chain = await unpack(view, 'wherry', [await layerOf(view, { a: '1' }), await layerOf(view, { b: '2' })]);
  await view.snapshots().prepare('run', chain, { labels: { 'containerd.io/gc.root': 'now' } });
  await core.collect();
  assert.equal((await view.snapshots().list()).length, 3);
  assert.equal((await view.mounts('run')).length, 1);
  await view.snapshots().update('run', {}, []);
  await core.collect();
  assert.equal((await view.snapshots().list()).length, 0);
  assert.deepEqual(
    readdirSync(join(core.root, 'snapshots', 'layers')).filter((name) => !name.startsWith('.')),
    [],
  );
});

test('layers that are there are adopted as snapshots', async (t) => {
  const core = await openCore(coreFolders(t));
  const view = core.namespace('default');
  const layers = [await layerOf(view, { a: '1' }), await layerOf(view, { b: '2' })];
  for (const { digest } of layers) await view.layers.fromBlob(digest, '', null);
  const snapshots = view.snapshots('overlayfs');
  const chain = await snapshots.adopt(layers.map(({ diff_id }) => diff_id));
  const other = core.namespace('other');
  const same = [await layerOf(other, { a: '1' }), await layerOf(other, { b: '2' })];
  assert.equal(await unpack(other, 'overlayfs', same), chain);
  const shown = async (name: string): Promise<unknown> =>
    (await core.namespace(name).snapshots('overlayfs').list()).map(({ key, parent, kind }) => ({ key, parent, kind }));
  assert.deepEqual(await shown('default'), await shown('other'));
  assert.equal(await snapshots.adopt([layers[0]!.diff_id]), layers[0]!.diff_id);
});

test('a difference is a layer, the same whenever it is made', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const core = await openCore(places);
  const view = core.namespace('default');
  const chain = await unpack(view, 'wherry', [await layerOf(view, { keep: 'k', gone: 'g', 'dir/f': '1' })]);
  const snapshots = view.snapshots();
  const mounts = await snapshots.prepare('work', chain);
  const root = mountAt(places, mounts);
  writeFileSync(join(root, 'dir/new'), 'n');
  rmSync(join(root, 'gone'));
  const left = await snapshots.view('below', chain);
  const one = await view.differ.diff(left, mounts, { media_type: mediaType.ociLayer, labels: { mine: 'yes' } });
  const two = await view.differ.diff(left, await snapshots.mounts('work'), { media_type: mediaType.ociLayer });
  assert.equal(one.digest, two.digest);
  const { labels } = await view.content.info(one.digest);
  assert.deepEqual(labels, { mine: 'yes', 'containerd.io/uncompressed': one.digest });
  const zipped = await view.differ.diff(left, mounts);
  assert.equal((await view.content.info(zipped.digest)).labels['containerd.io/uncompressed'], one.digest);
  const { diff_id } = await view.layers.fromBlob(zipped.digest, zipped.mediaType, null);
  const index = openIndex(readFileSync(join(core.root, 'snapshots/layers', diff_id.slice(7), 'index')));
  const names = Array.from({ length: index.entryCount }, (_, e) => index.path(e)).sort();
  assert.deepEqual(names, ['/', '/dir', '/dir/new', '/gone']);
});

test('what a client writes to its mounts and commits is there for the kernel and for our programs', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const core = await openCore(places);
  const view = core.namespace('default');
  const chain = await unpack(view, 'overlayfs', [await layerOf(view, { keep: 'k', gone: 'g' })]);
  const snapshots = view.snapshots('overlayfs');
  const root = mountAt(places, await snapshots.prepare('work', chain));
  writeFileSync(join(root, 'made'), 'by hand');
  rmSync(join(root, 'gone'));
  await snapshots.commit('mine', 'work');
  assert.equal((await snapshots.usage('mine')).inodes, 3);
  // A layer above a directory.
  const above = await layerOf(view, { 'more/x': '2' });
  const key = 'extract-1 top';
  await view.differ.apply(
    { mediaType: mediaType.ociLayerGzip, digest: above.digest, size: 0 },
    await snapshots.prepare(key, 'mine'),
  );
  await snapshots.commit('top', key);
  for (const parent of ['mine', 'top']) {
    const at = mountAt(places, await snapshots.view(`see ${parent}`, parent));
    const wanted = parent === 'mine' ? ['keep', 'made'] : ['keep', 'made', 'more'];
    assert.deepEqual(readdirSync(at), wanted);
    const [mount] = await view.mounts(`see ${parent}`, 'overlayfs');
    const index = openIndex(readFileSync(mount!.options[0]!.slice('chain='.length)));
    const names = Array.from({ length: index.childCount(0) }, (_, i) => index.name(index.childAt(0, i)));
    assert.deepEqual(names, wanted);
  }
});

test('what a program of ours has written is committed as a layer', async (t) => {
  const core = await openCore(coreFolders(t));
  const view = core.namespace('default');
  const chain = await unpack(view, 'wherry', [await layerOf(view, { keep: 'k', gone: 'g', 'dir/old': 'o' })]);
  const snapshots = view.snapshots();
  await snapshots.prepare('run', chain);
  const [mount] = await view.mounts('run');
  // As the broker leaves it: what was removed, what hides the image's, and what was on its way.
  mkdirSync(join(mount!.source, 'dir'), { recursive: true });
  for (const [name, text] of [
    ['made', 'm'],
    ['.wh.gone', ''],
    ['dir/.wh..wh..opq', ''],
    ['dir/.wh..wh.12.0', 'half'],
    ['dir/new', 'n'],
  ] as const)
    writeFileSync(join(mount!.source, name), text);
  const fd = openSync(join(mount!.source, 'made'), 'r');
  setAttribute(fd, 'user.wherry.owner', Buffer.from('7:8'));
  setAttribute(fd, 'user.wherry.mode', Buffer.from('4755'));
  closeSync(fd);
  await snapshots.commit('mine', 'run');
  await snapshots.view('see', 'mine');
  const [seen] = await view.mounts('see');
  const index = openIndex(readFileSync(seen!.options[0]!.slice('chain='.length)));
  const paths = Array.from({ length: index.entryCount }, (_, e) => index.path(e)).sort();
  assert.deepEqual(paths, ['/', '/dir', '/dir/new', '/keep', '/made']);
  const made = index.child(index.root, 'made');
  assert.deepEqual([index.uid(made), index.gid(made), index.mode(made)], [7, 8, 0o4755]);
  await core.collect();
});

test('a layer is extracted over what any mounts show, and nowhere else', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const core = await openCore(places);
  const view = core.namespace('default');
  const folder = join(places.root, 'given');
  const outside = join(places.root, 'outside');
  for (const path of [folder, outside]) mkdirSync(path);
  mkdirSync(join(folder, 'dir'));
  for (const name of ['dir/one', 'dir/two']) writeFileSync(join(folder, name), 'old');
  symlinkSync('/dir', join(folder, 'link'));
  symlinkSync(outside, join(folder, 'away'));
  const apply = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const { digest } = await layerOf(view, files);
    const mounts = [{ type: 'bind', source: folder, options: ['rw', 'rbind'] }];
    return await refusal(view.differ.apply({ mediaType: mediaType.ociLayerGzip, digest, size: 0 }, mounts));
  };
  assert.equal(await apply({ 'dir/.wh.one': '', 'dir/two': 'new', 'link/three': '3' }), 'done');
  assert.deepEqual(readdirSync(join(folder, 'dir')), ['three', 'two']);
  assert.equal(readFileSync(join(folder, 'dir/two'), 'utf8'), 'new');
  assert.match(await apply({ 'away/x': 'x' }), /^InvalidArgument: .*there is no directory away/);
  assert.deepEqual(readdirSync(outside), []);
  assert.deepEqual(readdirSync(join(places.state, 'mounts')), []);
  assert.ok(lstatSync(join(folder, 'link')).isSymbolicLink());
});

test('a daemon that starts again reclaims directories and mounts that nobody has', async (t) => {
  const places = coreFolders(t);
  const core: Core = await openCore(places);
  const unpacked = join(places.root, 'snapshots/unpacked');
  await core
    .namespace('default')
    .snapshots()
    .prepare('kept', '', { labels: { 'containerd.io/gc.root': 'x' } });
  await core.close();
  const kept = readdirSync(unpacked);
  for (const name of ['.tmp-half', `f${'A'.repeat(22)}`]) mkdirSync(join(unpacked, name));
  const left = join(places.state, 'mounts/.tmp-left');
  mkdirSync(left);
  if (canMount()) mountHere({ type: 'bind', source: unpacked, options: ['rbind'] }, left);
  const again = await openCore(places);
  await again.recover();
  assert.deepEqual(readdirSync(unpacked), kept);
  assert.deepEqual(readdirSync(join(places.state, 'mounts')), []);
});
