import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { AT_FDCWD, attribute, close, openAt as openHost, userId } from '../../os/index.ts';
import type { Directory } from '../../wasi/index.ts';
import {
  at,
  type Container,
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
  writeText,
  writing,
} from '../testing.ts';

const big = Buffer.from(Array.from({ length: 200_000 }, (_, i) => i % 251));
const image = await imageOf([
  { name: 'etc/', type: 'directory', mode: 0o755, mtime: new Date(1_000_000_000_000) },
  { name: 'etc/config', data: 'of the image', mode: 0o640, uid: 3, gid: 4, mtime: new Date(1_000_000_000_000) },
  { name: 'etc/big', data: big, mode: 0o4755 },
  { name: 'etc/link', type: 'symlink', linkname: 'config' },
  { name: 'usr/lib/deep/a', data: 'a' },
  { name: 'usr/lib/deep/b', data: 'b' },
  { name: 'empty/', type: 'directory', mode: 0o755 },
  { name: 'locked/', type: 'directory', mode: 0o755 },
  { name: 'locked/file', data: 'x', mode: 0o644 },
  { name: 'open/', type: 'directory', mode: 0o1777 },
  { name: 'open/roots', data: 'x', mode: 0o666 },
]);

function again(container: Container): Container {
  container.broker.close();
  return containerOf({ image, upper: container.upper });
}

test('writing to a file of the image copies it up, whole, with mode and times', () => {
  const container = containerOf({ image });
  const { upper } = container;
  const old = openAt(container, '/etc/config', reading);
  const file = openAt(container, '/etc/config', writing);
  assert.equal(statSync(join(upper!, 'etc/config')).mtimeMs, 1_000_000_000_000);
  assert.equal(statSync(join(upper!, 'etc')).mtimeMs, 1_000_000_000_000);
  file.pwrite([Buffer.from('OF')], 0n);
  assert.equal(readText(container, '/etc/config'), 'OF the image');
  assert.equal(readAll(old).toString(), 'of the image');
  openAt(container, '/etc/big', writing).close();
  assert.deepEqual(readFileSync(join(upper!, 'etc/big')), big);
  assert.deepEqual(readdirSync(join(upper!, 'etc')).sort(), ['big', 'config']);
  assert.equal(readText(again(container), '/etc/config'), 'OF the image');
});

test('set-id bits and owners are kept beside the file and are not real on the host', () => {
  const container = containerOf({ image });
  openAt(container, '/etc/big', writing).close();
  openAt(container, '/etc/config', writing).close();
  const path = join(container.upper!, 'etc/big');
  assert.equal(statSync(path).mode & 0o7000, 0);
  const fd = openHost(AT_FDCWD, path, 0);
  assert.equal(attribute(fd, 'user.wherry.mode')?.toString(), '4755');
  close(fd);
  const config = openHost(AT_FDCWD, join(container.upper!, 'etc/config'), 0);
  if (userId() === 0) assert.equal(statSync(join(container.upper!, 'etc/config')).uid, 3);
  else assert.equal(attribute(config, 'user.wherry.owner')?.toString(), '3:4');
  close(config);
});

test('truncating a file of the image copies nothing of it', async () => {
  const damaged = await imageOf([{ name: 'a', data: big }]);
  const fd = openSync(damaged.tars[0]!, 'r+');
  writeSync(fd, Buffer.from([255]), 0, 1, 70_000);
  closeSync(fd);
  const container = containerOf({ image: damaged });
  assert.equal(
    outcome(() => openAt(container, '/a', writing)),
    'IO',
  );
  assert.deepEqual(readdirSync(container.upper!), []);
  writeText(container, '/a', 'new', { ...writing, truncate: true });
  assert.equal(readText(container, '/a'), 'new');
});

test('what is removed stays removed, and comes back only as something new', () => {
  let container = containerOf({ image });
  const etc = directoryAt(container, '/etc');
  etc.unlink('config');
  etc.unlink('link');
  assert.deepEqual(namesIn(etc), ['big']);
  assert.equal(
    outcome(() => etc.statChild('config')),
    'NOENT',
  );
  assert.deepEqual(readdirSync(join(container.upper!, 'etc')).sort(), ['.wh.config', '.wh.link']);
  writeText(container, '/etc/config', 'mine');
  assert.deepEqual(readdirSync(join(container.upper!, 'etc')).sort(), ['.wh.link', 'config']);
  container = again(container);
  assert.deepEqual(namesIn(directoryAt(container, '/etc')), ['big', 'config']);
  assert.equal(readText(container, '/etc/config'), 'mine');
});

test('a directory of the image that is removed and made again shows nothing of the image', () => {
  let container = containerOf({ image });
  const lib = directoryAt(container, '/usr/lib');
  assert.equal(
    outcome(() => lib.removeDirectory('deep')),
    'NOTEMPTY',
  );
  const deep = directoryAt(container, '/usr/lib/deep');
  deep.unlink('a');
  deep.unlink('b');
  lib.removeDirectory('deep');
  assert.equal(
    outcome(() => deep.list(0n)),
    'NOENT',
  );
  lib.makeDirectory('deep');
  assert.equal(
    outcome(() => deep.list(0n)),
    'NOENT',
  );
  assert.deepEqual(readdirSync(join(container.upper!, 'usr/lib/deep')), ['.wh..wh..opq']);
  assert.deepEqual(namesIn(directoryAt(container, '/usr/lib/deep')), []);
  container = again(container);
  assert.deepEqual(namesIn(directoryAt(container, '/usr/lib/deep')), []);
  assert.deepEqual(namesIn(directoryAt(container, '/usr/lib')), ['deep']);
});

test('renaming: files go, and directories with all that is in them', () => {
  let container = containerOf({ image });
  const root = directoryAt(container, '/');
  const etc = directoryAt(container, '/etc');
  etc.rename('config', root, 'moved');
  assert.equal(readText(container, '/moved'), 'of the image');
  assert.equal(
    outcome(() => etc.statChild('config')),
    'NOENT',
  );
  root.makeDirectory('own');
  writeText(container, '/own/file', 'inside');
  assert.equal(
    outcome(() => root.rename('own', etc, 'big')),
    'NOTDIR',
  );
  assert.equal(
    outcome(() => root.rename('moved', root, 'own')),
    'ISDIR',
  );
  assert.equal(
    outcome(() => root.rename('own', root, 'usr')),
    'NOTEMPTY',
  );
  assert.equal(
    outcome(() => root.rename('own', directoryAt(container, '/own'), 'x')),
    'INVAL',
  );
  const own = directoryAt(container, '/own');
  root.rename('own', root, 'empty');
  assert.deepEqual(namesIn(own), ['file']);
  container = again(container);
  assert.deepEqual(namesIn(directoryAt(container, '/empty')), ['file']);
  assert.equal(readText(container, '/empty/file'), 'inside');
  assert.deepEqual(namesIn(directoryAt(container, '/')), ['empty', 'etc', 'locked', 'moved', 'open', 'tmp', 'usr']);
});

test('a directory of the image is renamed with what is in it, seen and hidden', () => {
  let container = containerOf({ image });
  const root = directoryAt(container, '/');
  const deep = directoryAt(container, '/usr/lib/deep');
  deep.unlink('a');
  writeText(container, '/usr/lib/deep/new', 'of the guest');
  const { mtim } = deep.stat();
  root.rename('usr', directoryAt(container, '/etc'), 'moved');
  assert.deepEqual(namesIn(deep), ['b', 'new']);
  assert.deepEqual(namesIn(root), ['empty', 'etc', 'locked', 'open', 'tmp']);
  root.makeDirectory('usr');
  for (let i = 0; i < 2; i++) {
    assert.equal(readText(container, '/etc/moved/lib/deep/b'), 'b');
    assert.equal(readText(container, '/etc/moved/lib/deep/new'), 'of the guest');
    assert.deepEqual(namesIn(directoryAt(container, '/etc/moved/lib/deep')), ['b', 'new']);
    assert.equal(directoryAt(container, '/etc/moved/lib/deep').stat().mtim, mtim);
    assert.deepEqual(namesIn(directoryAt(container, '/usr')), []);
    container = again(container);
  }
});

test('a directory of the image that holds too much to be copied at once, or a device, is not renamed', async () => {
  const many = Array.from({ length: 1025 }, (_, i) => ({ name: `many/${i}`, data: '' }));
  const container = containerOf({
    image: await imageOf([...many, { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 }]),
  });
  const root = directoryAt(container, '/');
  for (const name of ['many', 'dev'])
    assert.equal(
      outcome(() => root.rename(name, root, 'other')),
      'XDEV',
    );
  assert.deepEqual(readdirSync(container.upper!), []);
});

test('/tmp is there in every image, and is made when it is first needed', () => {
  const container = containerOf({ image });
  assert.deepEqual(namesIn(directoryAt(container, '/tmp')), []);
  assert.equal(
    outcome(() => container.files.root.makeDirectory('tmp')),
    'EXIST',
  );
  assert.deepEqual([container.trips, readdirSync(container.upper!)], [1, []]);
  const { ino } = container.files.root.statChild('tmp');
  writeText(container, '/tmp/x', 'temporary');
  assert.equal(readText(container, '/tmp/x'), 'temporary');
  assert.equal(container.files.root.statChild('tmp').ino, ino);
  assert.equal(directoryAt(container, '/tmp').stat().ino, ino);
  const other = containerOf({ image, user: { uid: 9, gid: 9, groups: [] } });
  writeText(other, '/tmp/x', 'anybody may');
  assert.equal(
    outcome(() => writeText(other, '/x', 'not here')),
    'ACCES',
  );
});

test("names of whiteouts are nobody's", () => {
  const container = containerOf({ image });
  const etc = directoryAt(container, '/etc');
  etc.unlink('config');
  for (const act of [
    () => etc.open('.wh.big', creating),
    () => etc.makeDirectory('.wh.x'),
    () => etc.symlink('x', '.wh..wh..opq'),
    () => etc.rename('big', etc, '.wh.big'),
    () => etc.link('big', etc, '.wh.big'),
  ])
    assert.equal(outcome(act), 'INVAL');
  assert.equal(
    outcome(() => etc.unlink('.wh.config')),
    'NOENT',
  );
  assert.equal(
    outcome(() => etc.statChild('.wh.config')),
    'NOENT',
  );
  assert.equal(etc.walk(['.wh.config']).stopped, null);
});

test('mode bits are judged over both layers, for whoever is not root', () => {
  const upper = containerOf({ image }).upper;
  const mine = containerOf({ image, upper, user: { uid: 9, gid: 9, groups: [] } });
  assert.equal(
    outcome(() => openAt(mine, '/locked/file', writing)),
    'ACCES',
  );
  assert.equal(
    outcome(() => openAt(mine, '/locked/new', creating)),
    'ACCES',
  );
  assert.equal(
    outcome(() => at(mine, '/locked/file')[0].unlink('file')),
    'ACCES',
  );
  assert.equal(
    outcome(() => at(mine, '/locked/file')[0].setChildTimes('file', { mtim: 1n })),
    'PERM',
  );
  assert.equal(
    outcome(() => at(mine, '/open/roots')[0].unlink('roots')),
    'PERM',
  );
  writeText(mine, '/open/roots', 'anybody may write');
  writeText(mine, '/open/mine', 'mine');
  const others = containerOf({ image, upper, user: { uid: 10, gid: 10, groups: [] } });
  assert.equal(readText(others, '/open/mine'), 'mine');
  assert.equal(
    outcome(() => openAt(others, '/open/mine', writing)),
    'ACCES',
  );
  assert.equal(
    outcome(() => at(others, '/open/mine')[0].unlink('mine')),
    'PERM',
  );
  at(mine, '/open/mine')[0].unlink('mine');
});

test('hard links and their times', () => {
  const container = containerOf({ image });
  const etc = directoryAt(container, '/etc');
  etc.link('config', etc, 'second');
  assert.equal(etc.statChild('second').ino, etc.statChild('config').ino);
  assert.equal(etc.statChild('second').nlink, 2n);
  etc.rename('second', etc, 'config');
  assert.deepEqual(namesIn(etc), ['big', 'config', 'link', 'second']);
  etc.setChildTimes('link', { mtim: 77n });
  assert.equal(etc.statChild('link').mtim, 77n);
  etc.setTimes({ mtim: 1_234_567_890n, atim: 5n });
  assert.equal(etc.stat().mtim, 1_234_567_890n);
  assert.equal(directoryAt(again(container), '/etc').stat().mtim, 1_234_567_890n);
});

test('a broker that was killed on the way leaves nothing', () => {
  const container = containerOf({ image });
  writeText(container, '/etc/new', 'x');
  mkdirSync(join(container.upper!, 'etc/.wh..wh.1.2'));
  writeFileSync(join(container.upper!, 'etc/.wh..wh.1.2/.wh.x'), '');
  writeFileSync(join(container.upper!, '.wh..wh.1.3'), 'half');
  const next = again(container);
  assert.deepEqual(readdirSync(next.upper!), ['etc']);
  assert.deepEqual(readdirSync(join(next.upper!, 'etc')), ['new']);
  assert.deepEqual(next.broker.touched, ['etc']);
});

test('the directory above is found without a question, whichever layers it is in', () => {
  const container = containerOf({ image });
  directoryAt(container, '/usr/lib').makeDirectory('new');
  directoryAt(container, '/usr/lib/new').makeDirectory('newer');
  directoryAt(container, '/tmp').makeDirectory('x');
  for (const path of ['/usr/lib/new/newer', '/usr/lib/deep', '/tmp/x']) {
    const directory = directoryAt(container, path);
    const { trips } = container;
    const above: (Directory | null)[] = [];
    for (let each = directory.parent; each !== null; each = each.parent) above.push(each);
    assert.equal(container.trips, trips);
    const names = path.split('/');
    for (const [i, each] of above.entries()) {
      const same = directoryAt(container, names.slice(0, names.length - 1 - i).join('/'));
      assert.deepEqual(namesIn(each!), namesIn(same));
      assert.equal(each!.stat().ino, same.stat().ino);
    }
  }
});

test('round trips: none for what is not touched, one for a walk into what is', () => {
  const container = containerOf({ image });
  writeText(container, '/new', 'the root is touched');
  container.trips = 0;
  readText(container, '/usr/lib/deep/a');
  const first = container.trips;
  readText(container, '/usr/lib/deep/b');
  readText(container, '/etc/config');
  readText(container, '/etc/config');
  assert.deepEqual([first, container.trips], [1, 2]);
});

test('a file of the image in a touched directory is still read from the image', () => {
  const container = containerOf({ image });
  writeText(container, '/etc/new', 'x');
  assert.equal(readText(container, '/etc/config'), 'of the image');
  assert.deepEqual(readdirSync(join(container.upper!, 'etc')), ['new']);
});

test('inode numbers of a listing are those of stat, in both layers', () => {
  const container = containerOf({ image });
  writeText(container, '/etc/new', 'x');
  openAt(container, '/etc/config', writing).close();
  directoryAt(container, '/usr/lib').makeDirectory('new');
  for (const path of ['/', '/etc', '/usr', '/usr/lib']) {
    const directory = directoryAt(container, path);
    for (let entries = directory.list(0n); entries.length > 0; entries = directory.list(entries.at(-1)!.next)) {
      for (const { name, ino } of entries) {
        if (name === '.') assert.equal(ino, directory.stat().ino);
        else if (name !== '..') assert.equal(ino, directory.statChild(name).ino, `${path} ${name}`);
      }
    }
  }
});
