import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';

import { openInsideByKernel, openInsideByWalking, setUmask } from '../../os/index.ts';
import { filetype } from '../../wasi/index.ts';
import type { BrokerMount } from '../index.ts';
import {
  at,
  containerOf,
  creating,
  directoryAt,
  imageOf,
  namesIn,
  openAt,
  outcome,
  readAll,
  reading,
  readText,
  temporaryFolder,
  writeText,
  writing,
} from '../testing.ts';

const image = await imageOf([
  { name: 'etc/hosts', data: 'the image' },
  { name: 'var/run', type: 'symlink', linkname: '/run' },
  { name: 'app/readme', data: 'hidden' },
]);
const as_root = process.getuid!() === 0;

function mountOf(source: string, more: Partial<BrokerMount> = {}): BrokerMount {
  return { id: 1, path: '/work', source, read_only: false, kind: 'bind', ...more };
}

for (const [how, open] of [
  ['openat2', openInsideByKernel],
  ['the walker', openInsideByWalking],
] as const) {
  test(`a bind mount is read and written on the host, by ${how}`, () => {
    const source = temporaryFolder();
    mkdirSync(join(source, 'a/b'), { recursive: true });
    writeFileSync(join(source, 'a/b/data'), 'from the host');
    const container = containerOf({ image, mounts: [mountOf(source)], open });
    assert.equal(readText(container, '/work/a/b/data'), 'from the host');
    writeText(container, '/work/a/new', 'from the guest');
    assert.equal(readFileSync(join(source, 'a/new'), 'utf8'), 'from the guest');
    const work = directoryAt(container, '/work');
    const a = directoryAt(container, '/work/a');
    work.makeDirectory('d');
    work.symlink('a/new', 'link');
    a.rename('new', work, 'moved');
    work.link('moved', a, 'again');
    assert.equal(statSync(join(source, 'moved')).nlink, 2);
    assert.equal(readlinkSync(join(source, 'link')), 'a/new');
    assert.equal(work.readlink('link'), 'a/new');
    assert.deepEqual(namesIn(work), ['a', 'd', 'link', 'moved']);
    work.removeDirectory('d');
    work.unlink('moved');
    work.unlink('link');
    assert.equal(
      outcome(() => work.removeDirectory('a')),
      'NOTEMPTY',
    );
    work.setChildTimes('a', { mtim: 123_456_789_012_345_678n });
    assert.equal(statSync(join(source, 'a'), { bigint: true }).mtimeNs, 123_456_789_012_345_678n);
    assert.deepEqual(namesIn(work), ['a']);
    work.sync();
  });

  test(`a symlink in a mount is data and is never followed by the broker, with ${how}`, () => {
    const source = temporaryFolder();
    mkdirSync(join(source, 'in'));
    symlinkSync('/etc', join(source, 'out'));
    symlinkSync('in', join(source, 'alias'));
    const container = containerOf({ image, mounts: [mountOf(source)], open });
    const walked = container.files.root.walk(['work', 'out', 'passwd']);
    assert.deepEqual(
      [walked.taken, walked.stopped],
      [1, { type: filetype.symbolic_link, target: '/etc', absolute_links: 'refused' }],
    );
    const inside = container.files.root.walk(['work', 'alias', 'x']);
    assert.equal(inside.stopped?.target, 'in');
    assert.equal(
      outcome(() => openAt(container, '/work/out', reading)),
      'LOOP',
    );
    assert.equal(
      outcome(() => openAt(container, '/work/out', creating)),
      'LOOP',
    );
  });
}

test('a walk through a mount is one round trip, opening one more', () => {
  const source = temporaryFolder();
  mkdirSync(join(source, 'a/b/c'), { recursive: true });
  writeFileSync(join(source, 'a/b/c/file'), '');
  const container = containerOf({ image, mounts: [mountOf(source)] });
  const { directory, taken } = container.files.root.walk(['work', 'a', 'b', 'c', 'file']);
  assert.deepEqual([taken, container.trips], [4, 1]);
  const file = directory.open('file', writing);
  assert.equal(container.trips, 2);
  assert.equal(file.write([Buffer.from('abc')]), 3);
  file.stat();
  file.close();
  assert.equal(container.trips, 2);
  assert.equal(directory.parent?.parent?.parent?.parent?.parent, null);
  assert.equal(container.trips, 2);
});

test('only regular files are handed out, unless the mount was made for more', async () => {
  const source = temporaryFolder();
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(source, 'fifo')]);
  const server = createServer().listen(join(source, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  const container = containerOf({
    image,
    mounts: [mountOf(source), mountOf(source, { id: 2, path: '/all', special: true })],
  });
  assert.equal(
    outcome(() => openAt(container, '/work/fifo', reading)),
    'ACCES',
  );
  assert.equal(
    outcome(() => openAt(container, '/work/fifo', writing)),
    'ACCES',
  );
  assert.equal(
    outcome(() => openAt(container, '/work/socket', writing)),
    'NXIO',
  );
  assert.equal(
    outcome(() => openAt(container, '/all/socket', writing)),
    'NXIO',
  );
  const pipe = openAt(container, '/all/fifo', writing);
  assert.equal(pipe.seekable, false);
  pipe.close();
  server.close();
});

test('a read-only mount refuses every change, also under a handed out file', () => {
  const source = temporaryFolder();
  writeFileSync(join(source, 'file'), 'kept');
  mkdirSync(join(source, 'there'));
  const container = containerOf({ image, mounts: [mountOf(source, { read_only: true })] });
  const work = directoryAt(container, '/work');
  const file = openAt(container, '/work/file', reading);
  assert.equal(readAll(file).toString(), 'kept');
  for (const act of [
    () => file.setTimes({ mtim: 1n }),
    () => work.open('file', writing),
    () => work.open('file', { ...reading, truncate: true }),
    () => work.open('new', creating),
    () => work.makeDirectory('new'),
    () => work.removeDirectory('there'),
    () => work.unlink('file'),
    () => work.symlink('x', 'new'),
    () => work.rename('file', work, 'other'),
    () => work.link('file', work, 'other'),
    () => work.setChildTimes('file', { mtim: 1n }),
    () => work.setTimes({ mtim: 1n }),
  ])
    assert.equal(outcome(act), 'ROFS');
  assert.equal(
    outcome(() => work.makeDirectory('there')),
    'EXIST',
  );
  assert.equal(
    outcome(() => work.open('file', { ...reading, create: true }).close()),
    'SUCCESS',
  );
  assert.throws(() => file.setSize(0n));
  assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'kept');
});

test('a mounted file is the file that was mounted, whatever takes its name on the host', () => {
  const folder = temporaryFolder();
  const source = join(folder, 'hosts');
  writeFileSync(source, 'the mount');
  const mounts = [
    mountOf(source, { path: '/etc/hosts', kind: 'file' }),
    mountOf(source, { id: 2, path: '/fresh/config', kind: 'file', read_only: true }),
  ];
  const container = containerOf({ image, mounts });
  const etc = directoryAt(container, '/etc');
  assert.equal(readText(container, '/etc/hosts'), 'the mount');
  assert.equal(readText(container, '/fresh/config'), 'the mount');
  assert.deepEqual(namesIn(etc), ['hosts']);
  assert.deepEqual(namesIn(directoryAt(container, '/fresh')), ['config']);
  assert.deepEqual(namesIn(container.files.root), ['app', 'etc', 'fresh', 'tmp', 'var']);
  assert.equal(
    outcome(() => etc.unlink('hosts')),
    'BUSY',
  );
  assert.equal(
    outcome(() => etc.rename('hosts', etc, 'x')),
    'BUSY',
  );
  assert.equal(
    outcome(() => container.files.root.walk(['etc', 'hosts', 'x']).stopped?.type),
    'SUCCESS',
  );
  assert.equal(
    outcome(() => openAt(container, '/fresh/config', writing)),
    'ROFS',
  );
  renameSync(source, `${source}.old`);
  writeFileSync(source, 'another');
  writeText(container, '/etc/hosts', 'changed', { ...writing, truncate: true });
  etc.setChildTimes('hosts', { mtim: 1_000_000_000n });
  assert.equal(readFileSync(`${source}.old`, 'utf8'), 'changed');
  assert.equal(etc.statChild('hosts').mtim, 1_000_000_000n);
  assert.equal(readFileSync(source, 'utf8'), 'another');
});

test('mounts lie in mounts, in places the image has not, and behind its symlinks', () => {
  const [outer, inner, run] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
  writeFileSync(join(outer, 'o'), 'outer');
  writeFileSync(join(inner, 'i'), 'inner');
  writeFileSync(join(run, 'r'), 'run');
  const container = containerOf({
    image,
    mounts: [
      mountOf(inner, { id: 2, path: '/app/deep/node_modules' }),
      mountOf(outer, { path: '/app' }),
      mountOf(run, { id: 3, path: '/var/run/x' }),
    ],
  });
  assert.equal(readText(container, '/app/o'), 'outer');
  assert.equal(readText(container, '/app/deep/node_modules/i'), 'inner');
  assert.equal(readText(container, '/run/x/r'), 'run');
  assert.deepEqual(namesIn(directoryAt(container, '/app')), ['deep', 'o']);
  assert.deepEqual(namesIn(directoryAt(container, '/app/deep')), ['node_modules']);
  const modules = directoryAt(container, '/app/deep/node_modules');
  assert.equal(modules.parent?.parent?.stat().ino, directoryAt(container, '/app').stat().ino);
  assert.equal(
    outcome(() => directoryAt(container, '/app').rename('o', modules, 'o')),
    'XDEV',
  );
  assert.equal(
    outcome(() => directoryAt(container, '/app').link('o', modules, 'o')),
    'XDEV',
  );
  assert.equal(
    outcome(() => directoryAt(container, '/app').removeDirectory('deep')),
    'BUSY',
  );
  assert.ok(!existsSync(join(outer, 'deep')));
  const visible = directoryAt(container, '/').walk(['app', 'readme']);
  assert.equal(visible.stopped, null);
});

test('an open directory follows its own renames and ends with its removal', () => {
  const source = temporaryFolder();
  const container = containerOf({ image, mounts: [mountOf(source)] });
  const work = directoryAt(container, '/work');
  work.makeDirectory('a');
  directoryAt(container, '/work/a').makeDirectory('b');
  const b = directoryAt(container, '/work/a/b');
  work.rename('a', work, 'z');
  b.open('file', creating).close();
  assert.ok(existsSync(join(source, 'z/b/file')));
  b.unlink('file');
  b.parent?.removeDirectory('b');
  work.makeDirectory('a');
  directoryAt(container, '/work/a').makeDirectory('b');
  for (const act of [() => b.stat(), () => b.list(0n), () => b.open('x', creating), () => b.makeDirectory('x')])
    assert.equal(outcome(act), 'NOENT');
});

test('cookies of a large directory go on where they were, while entries go', () => {
  const source = temporaryFolder();
  for (let i = 0; i < 3000; i++) writeFileSync(join(source, `file-with-a-rather-long-name-${i}`), '');
  const work = directoryAt(containerOf({ image, mounts: [mountOf(source)] }), '/work');
  const seen = new Set<string>();
  for (let entries = work.list(0n); entries.length > 0; entries = work.list(entries.at(-1)!.next)) {
    for (const { name } of entries) {
      assert.ok(!seen.has(name));
      seen.add(name);
      if (name.startsWith('file')) work.unlink(name);
    }
  }
  assert.equal(seen.size, 3002);
  assert.deepEqual(namesIn(work), []);
});

test('new files have the modes that a container gives them, not those of our own', () => {
  const source = temporaryFolder();
  const before = setUmask(0o077);
  try {
    const container = containerOf({ image, mounts: [mountOf(source)] });
    writeText(container, '/work/file', '');
    directoryAt(container, '/work').makeDirectory('d');
    assert.equal(setUmask(0o077), 0o077);
  } finally {
    setUmask(before);
  }
  assert.equal(statSync(join(source, 'file')).mode & 0o777, 0o644);
  assert.equal(statSync(join(source, 'd')).mode & 0o777, 0o755);
});

test('under root the host judges the container user', { skip: !as_root && 'only root can act as others' }, () => {
  const source = temporaryFolder();
  writeFileSync(join(source, 'roots'), 'secret', { mode: 0o600 });
  writeFileSync(join(source, 'own'), 'own', { mode: 0o600 });
  chownSync(join(source, 'own'), 4321, 4321);
  linkSync(join(source, 'roots'), join(source, 'hosts'));
  chmodSync(source, 0o755);
  const mounts = [mountOf(source), mountOf(join(source, 'own'), { id: 2, path: '/etc/hosts', kind: 'file' })];
  const user = { uid: 4321, gid: 4321, groups: [] };
  const container = containerOf({ image, mounts, user });
  assert.equal(readText(container, '/work/own'), 'own');
  assert.equal(readText(container, '/etc/hosts'), 'own');
  assert.equal(
    outcome(() => openAt(container, '/work/roots', reading)),
    'ACCES',
  );
  assert.equal(
    outcome(() => openAt(container, '/work/new', creating)),
    'ACCES',
  );
  assert.equal(
    outcome(() => at(container, '/work/own')[0].unlink('own')),
    'ACCES',
  );
  chmodSync(source, 0o777);
  writeText(container, '/work/new', 'x');
  assert.equal(statSync(join(source, 'new')).uid, 4321);
});
