import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  bareModulePath,
  type Digester,
  entryType,
  indexLayer,
  type LayerIndex,
  LayerError,
  LayerIndexer,
  layerLimits,
  mergeIndexes,
  openIndex,
  verifyIndex,
} from './index.ts';
import { makeTar, type Member } from './testdata/make-tar.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

function indexOf(members: readonly Member[]): LayerIndex {
  const indexer = new LayerIndexer({ digester });
  indexer.write(makeTar(members));
  return openIndex(indexer.finish().index);
}

function chain(...layers: (readonly Member[])[]): LayerIndex {
  return openIndex(mergeIndexes(layers.map(indexOf), digester));
}

function at(index: LayerIndex, path: string): number {
  let entry = index.root;
  for (const name of path.split('/')) if (entry >= 0) entry = index.child(entry, name);
  return entry;
}

/** All paths, directories with a slash at their end. */
function paths(index: LayerIndex, dir: number = index.root): string[] {
  const found: string[] = [];
  for (let i = 0; i < index.childCount(dir); i++) {
    const entry = index.childAt(dir, i);
    const isDirectory = index.type(entry) === entryType.directory;
    found.push(isDirectory ? `${index.path(entry)}/` : index.path(entry));
    if (isDirectory) found.push(...paths(index, entry));
  }
  return found;
}

function refusal(make: () => unknown): LayerError {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof LayerError, String(error));
    return error;
  }
  return assert.fail('was taken');
}

const dir = (name: string, more: Partial<Member> = {}): Member => ({ name, flag: '5', mode: 0o755, ...more });
const link = (name: string, target: string): Member => ({ name, flag: '2', link: target });

test('a layer can be looked up and listed by exact bytes, with what its tar says of each entry', () => {
  const index = indexOf([
    dir('etc', { mode: 0o1777, uid: 5, gid: 6 }),
    { name: 'etc/motd', data: 'hello', mode: 0o600, mtime: 1_700_000_000 },
    { name: 'etc/Motd', data: 'other' },
    { name: 'usr/bin/tool', data: 'x', pax: { mtime: '1.000000005', 'SCHILY.xattr.user.a': 'v' } },
    link('bin', 'usr/bin'),
    { name: 'ä/ü', data: '' },
    { name: new Uint8Array([0xff, 0x61]), data: 'raw' },
  ]);
  assert.deepEqual(paths(index), [
    '/bin',
    '/etc/',
    '/etc/Motd',
    '/etc/motd',
    '/usr/',
    '/usr/bin/',
    '/usr/bin/tool',
    '/ä/',
    '/ä/ü',
    '/\ufffda',
  ]);
  const motd = at(index, 'etc/motd');
  assert.deepEqual(
    [index.type(motd), index.mode(motd), index.size(motd), index.offset(motd), index.mtime_ns(motd), index.nlink(motd)],
    [entryType.file, 0o600, 5, 1024, 1_700_000_000_000_000_000n, 1],
  );
  const etc = at(index, 'etc');
  assert.deepEqual([index.mode(etc), index.uid(etc), index.gid(etc), index.synthesised(etc)], [0o1777, 5, 6, false]);
  assert.deepEqual([index.mode(at(index, 'usr')), index.synthesised(at(index, 'usr'))], [0o755, true]);
  assert.equal(index.target(at(index, 'bin')), 'usr/bin');
  const tool = at(index, 'usr/bin/tool');
  assert.equal(index.mtime_ns(tool), 1_000_000_005n);
  assert.deepEqual([...index.xattrs(tool)], [['user.a', new Uint8Array([0x76])]]);
  assert.equal(index.size(index.child(0, new Uint8Array([0xff, 0x61]))), 3);
  assert.equal(at(index, 'etc/nothing'), -1);
  assert.equal(index.child(motd, 'x'), -1);
  const inodes = Array.from({ length: index.entryCount }, (_, entry) => index.ino(entry));
  assert.equal(new Set(inodes).size, index.entryCount);
});

test('the hash of every 64 KiB and of the whole tar are those of its bytes', async () => {
  const data = new Uint8Array(200_000).map((_, i) => i * 7);
  const tar = makeTar([{ name: 'big', data }]);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let start = 0; start < tar.length; start += 1000) yield tar.subarray(start, start + 1000);
  }
  const layer = await indexLayer(pieces(), { digester });
  const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  assert.equal(layer.diffID, `sha256:${hash(tar)}`);
  assert.equal(layer.size, tar.length);
  const index = openIndex(layer.index);
  assert.equal(index.chunkCount, Math.ceil(tar.length / 65_536));
  for (let i = 0; i < index.chunkCount; i++) {
    const chunk = tar.subarray(i * 65_536, (i + 1) * 65_536);
    assert.equal(Buffer.from(index.chunkHash(i)).toString('hex'), hash(chunk));
  }
});

test('later entries replace earlier ones, as when a tar is extracted', () => {
  const index = indexOf([
    { name: 'a', data: '1' },
    { name: 'a', data: '22' },
    { name: 'd/x', data: '' },
    { name: 'd', data: 'now a file' },
    { name: 'e', data: 'was a file' },
    dir('e'),
    { name: 'e/in', data: '' },
    dir('f', { mode: 0o700 }),
    { name: 'f/kept', data: '' },
    dir('f/', { mode: 0o711 }),
  ]);
  assert.deepEqual(paths(index), ['/a', '/d', '/e/', '/e/in', '/f/', '/f/kept']);
  assert.equal(index.size(at(index, 'a')), 2);
  assert.equal(index.mode(at(index, 'f')), 0o711);
});

test('hard links are one file with several names, also when the first name goes', () => {
  const index = indexOf([
    { name: 'a', data: 'data' },
    { name: 'b', flag: '1', link: './a' },
    { name: 'sub/c', flag: '1', link: '/b' },
    { name: 'a', data: 'new' },
  ]);
  const [a, b, c] = [at(index, 'a'), at(index, 'b'), at(index, 'sub/c')];
  assert.deepEqual([index.ino(b), index.offset(b), index.size(b), index.nlink(b)], [index.ino(c), 512, 4, 2]);
  assert.notEqual(index.ino(a), index.ino(b));
  assert.equal(index.nlink(a), 1);
});

test('entries behind a symlink of the same layer land where it leads, and never outside', () => {
  const index = indexOf([
    dir('usr/lib'),
    link('lib', 'usr/lib'),
    { name: 'lib/x', data: '' },
    link('up', '../../../etc'),
    { name: 'up/passwd', data: '' },
    link('abs', '/usr'),
    { name: 'abs/y', data: '' },
  ]);
  assert.deepEqual(paths(index), [
    '/abs',
    '/etc/',
    '/etc/passwd',
    '/lib',
    '/up',
    '/usr/',
    '/usr/lib/',
    '/usr/lib/x',
    '/usr/y',
  ]);
});

test('hostile layers are refused in words that name the entry', () => {
  const cases: [readonly Member[], RegExp][] = [
    [[{ name: '../etc/passwd' }], /"\.\.\/etc\/passwd".*contains "\.\."/],
    [[{ name: 'a/../../b' }], /contains "\.\."/],
    [[{ name: 'a' }, { name: 'a/b' }], /goes through a file/],
    [[link('l', 'l'), { name: 'l/x' }], /too many symlinks/],
    [[{ name: './.' }], /root/],
    [[{ name: 'a', flag: '1', link: 'a' }, { name: 'a' }, { name: 'a', flag: '1', link: 'a' }], /itself/],
    [[dir('d'), { name: 'h', flag: '1', link: 'd' }], /to a directory/],
    [[{ name: 'h', flag: '1', link: '../x' }], /contains "\.\."/],
    [[{ name: '.wh.' }], /names no child/],
    [[{ name: 'd/.wh..' }], /names no child/],
    [[{ name: '.wh...' }], /names no child/],
    [[{ name: '.wh.a/b' }], /named like a whiteout/],
    [[dir('d'), link('l', 'd'), { name: 'l/.wh..wh..opq' }], /behind a symlink/],
    [[dir('d'), link('l', 'd'), { name: 'l/.wh.x' }], /behind a symlink/],
    [[{ name: 'x', pax: { path: 'n'.repeat(256) } }], /more than 255 bytes/],
    [[{ name: 'x', pax: { path: 'd/'.repeat(300) } }], /directories deep/],
    [[{ name: 'x', pax: { path: 'd/'.repeat(3000) } }], /more than 4096 bytes/],
  ];
  for (const [members, message] of cases) assert.match(refusal(() => indexOf(members)).message, message);
});

test('a layer with more entries than the limit is refused', () => {
  const indexer = new LayerIndexer({ digester, limits: { ...layerLimits, entries_max: 4 } });
  const tar = makeTar([{ name: 'a/b/c' }, { name: 'a/d' }]);
  const error = refusal(() => indexer.write(tar));
  assert.equal(error.class, 'ResourceExhausted');
  assert.equal(error.entry, 'a/d');
});

test('a layer that expands beyond all measure is refused', () => {
  const indexer = new LayerIndexer({ digester, compressedSize: 100 });
  assert.equal(refusal(() => indexer.write(new Uint8Array(2 * 1024 * 1024))).class, 'ResourceExhausted');
});

test('devices and sockets of a layer are recorded and have no data; a module alone is a layer of one file', () => {
  const index = indexOf([{ name: 'dev/sda', flag: '4' }]);
  assert.equal(index.type(at(index, 'dev/sda')), entryType.blockDevice);

  const indexer = new LayerIndexer({ digester, module: true });
  indexer.write(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  const module = openIndex(indexer.finish().index);
  assert.deepEqual(paths(module), [bareModulePath]);
  assert.deepEqual([module.offset(1), module.size(1), module.mode(1)], [0, 8, 0o755]);
});

test('merging: upper layers replace, whiteouts remove, opaque directories hide', () => {
  const index = chain(
    [
      dir('etc', { mode: 0o700 }),
      { name: 'etc/a', data: 'base' },
      { name: 'etc/b', data: 'base' },
      { name: 'cache/x', data: '' },
      { name: 'cache/y/z', data: '' },
      { name: 'tree/one', data: '' },
    ],
    [
      { name: 'etc/a', data: 'upper!' },
      { name: 'etc/.wh.b' },
      { name: 'cache/.wh..wh..opq' },
      { name: 'cache/new', data: '' },
      { name: '.wh.tree' },
      { name: '.wh..wh.plnk/17.2', data: '' },
    ],
    [{ name: 'tree/two', data: '' }],
  );
  assert.deepEqual(paths(index), ['/cache/', '/cache/new', '/etc/', '/etc/a', '/tree/', '/tree/two']);
  const a = at(index, 'etc/a');
  assert.deepEqual([index.layer(a), index.size(a)], [1, 6]);
  assert.equal(index.mode(at(index, 'etc')), 0o700, 'a directory no entry made keeps what was below');
  assert.equal(index.layerCount, 3);
  assert.deepEqual([index.chunkCount, index.merged], [0, true]);
});

test('merging: a whiteout hides only layers below, and a name with its whiteout hides all that was there', () => {
  const index = chain(
    [
      { name: 'd/old', data: '' },
      { name: 'e/old', data: '' },
    ],
    [{ name: '.wh.d' }, { name: 'd/new', data: '' }, { name: 'e/new', data: '' }, { name: '.wh.e' }],
  );
  assert.deepEqual(paths(index), ['/d/', '/d/new', '/e/', '/e/new']);
});

test('merging: files go where a symlink of a layer below leads, unless the layer makes the directory itself', () => {
  const base: Member[] = [dir('usr/lib'), link('lib', 'usr/lib'), { name: 'usr/lib/libc', data: '' }];
  assert.deepEqual(paths(chain(base, [{ name: 'lib/new', data: '' }])), [
    '/lib',
    '/usr/',
    '/usr/lib/',
    '/usr/lib/libc',
    '/usr/lib/new',
  ]);
  assert.deepEqual(paths(chain(base, [dir('lib'), { name: 'lib/new', data: '' }])), [
    '/lib/',
    '/lib/new',
    '/usr/',
    '/usr/lib/',
    '/usr/lib/libc',
  ]);
  assert.match(refusal(() => chain(base, [{ name: 'lib/.wh.libc' }])).message, /behind a symlink.*layer 2/);
});

test('merging: a hard link finds its file in a layer below, or is refused', () => {
  const index = chain([{ name: 'a', data: '12345' }], [{ name: 'b', flag: '1', link: 'a' }]);
  const [a, b] = [at(index, 'a'), at(index, 'b')];
  assert.deepEqual([index.ino(b), index.layer(b), index.size(b), index.nlink(a)], [index.ino(a), 0, 5, 2]);
  assert.match(refusal(() => chain([{ name: 'b', flag: '1', link: 'gone' }])).message, /"gone", which is no file/);
});

test('an index of another version, cut off or flipped is told', () => {
  const { bytes } = indexOf([{ name: 'a', data: 'x' }]);
  verifyIndex(bytes, digester);
  const other = bytes.slice();
  other[8] = 9;
  assert.equal(refusal(() => openIndex(other)).class, 'FailedPrecondition');
  assert.equal(refusal(() => openIndex(bytes.subarray(0, bytes.length - 1))).class, 'DataLoss');
  for (let i = 0; i < bytes.length; i++) {
    const flipped = bytes.slice();
    flipped[i]! ^= 1 << (i % 8);
    assert.equal(refusal(() => verifyIndex(flipped, digester)).class, 'DataLoss');
  }
});

test('a damaged index that nobody verified still gives only LayerErrors and ends', () => {
  const { bytes } = chain(
    [{ name: 'a/b/c', data: 'x', pax: { 'SCHILY.xattr.user.a': 'v' } }, link('l', 'a'), dir('d')],
    [{ name: 'a/e', data: '' }],
  );
  const change = fc.record({ at: fc.nat(bytes.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      const damaged = bytes.slice();
      for (const { at: place, byte } of changes) damaged[place] = byte;
      try {
        const index = openIndex(damaged);
        index.child(0, 'a');
        for (let e = 0; e < index.entryCount; e++) {
          index.path(e);
          index.xattrs(e);
          index.layer(e);
          index.target(e);
          index.mtime_ns(e);
          for (let i = 0; i < index.childCount(e); i++) index.type(index.childAt(e, i));
        }
      } catch (error) {
        assert.ok(error instanceof LayerError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
