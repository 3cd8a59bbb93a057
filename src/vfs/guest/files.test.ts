import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { test } from 'node:test';

import { filetype } from '../../wasi/index.ts';
import {
  at,
  containerOf,
  directoryAt,
  imageOf,
  namesIn,
  openAt,
  outcome,
  readAll,
  reading,
  readText,
  writing,
} from '../testing.ts';

const big = Buffer.alloc(300_000, 'wherry');
const image = await imageOf(
  [
    { name: 'bin/', type: 'directory', mode: 0o755 },
    { name: 'bin/tool', mode: 0o755, data: 'tool', mtime: new Date(1_600_000_000_123) },
    { name: 'lib/big', data: big },
    { name: 'lib/gone', data: 'x' },
    { name: 'lib/link', type: 'symlink', linkname: '/bin/tool' },
    { name: 'private/', type: 'directory', mode: 0o700, uid: 7, gid: 7 },
    { name: 'private/file', data: 'secret', mode: 0o640, uid: 7, gid: 8 },
    { name: 'shared/', type: 'directory', mode: 0o755 },
    { name: 'shared/group', data: 'group', mode: 0o640, uid: 7, gid: 8 },
    { name: 'shared/null', type: 'character-device', devmajor: 1, devminor: 3 },
  ],
  [
    { name: 'lib/.wh.gone', data: '' },
    { name: 'lib/new', data: 'second layer' },
  ],
);

test('files of the image are read without a word to the broker', () => {
  const container = containerOf({ image });
  assert.equal(readText(container, '/bin/tool'), 'tool');
  assert.equal(readText(container, '/lib/new'), 'second layer');
  assert.deepEqual(readAll(openAt(container, '/lib/big', reading)), big);
  assert.deepEqual(namesIn(directoryAt(container, '/lib')), ['big', 'link', 'new']);
  assert.deepEqual(namesIn(container.files.root), ['bin', 'lib', 'private', 'shared', 'tmp']);
  const stat = at(container, '/bin/tool')[0].statChild('tool');
  assert.equal(stat.size, 4n);
  assert.equal(stat.mtim, 1_600_000_000_000_000_000n);
  assert.equal(
    outcome(() => openAt(container, '/lib/gone', reading)),
    'NOENT',
  );
  assert.equal(container.trips, 0);
});

test('a walk stops at what is no directory and says what is there', () => {
  const { root } = containerOf({ image }).files;
  assert.deepEqual(root.walk(['lib', 'link', 'x']).stopped, {
    type: filetype.symbolic_link,
    target: '/bin/tool',
    absolute_links: 'from-root',
  });
  const file = root.walk(['bin', 'tool', 'x']);
  assert.deepEqual([file.taken, file.stopped], [1, { type: filetype.regular_file }]);
  const missing = root.walk(['lib', 'nothing', 'x']);
  assert.deepEqual([missing.taken, missing.stopped], [1, null]);
  assert.equal(missing.directory.parent?.stat().ino, root.stat().ino);
  assert.equal(root.parent, null);
});

test('a listing goes on from every cookie, and its inode numbers are those of stat', () => {
  const directory = directoryAt(containerOf({ image }), '/lib');
  const all = directory.list(0n);
  const whole = [...all, ...directory.list(all.at(-1)!.next)];
  assert.deepEqual(
    whole.map(({ name }) => name),
    ['.', '..', 'big', 'link', 'new'],
  );
  for (const [i, { name, next, ino }] of whole.entries()) {
    const rest = [];
    for (let e = directory.list(next); e.length > 0; e = directory.list(e.at(-1)!.next)) rest.push(...e);
    assert.deepEqual(
      rest.map((entry) => entry.name),
      whole.slice(i + 1).map((entry) => entry.name),
    );
    if (name.startsWith('.')) continue;
    assert.equal(ino, directory.statChild(name).ino);
  }
});

test('the mode bits of the image hold for everybody but root', () => {
  const user = { uid: 5, gid: 5, groups: [] };
  const other = containerOf({ image, user });
  assert.equal(
    outcome(() => other.files.root.walk(['private', 'file'])),
    'ACCES',
  );
  assert.equal(
    outcome(() => openAt(other, '/shared/group', reading)),
    'ACCES',
  );
  assert.equal(
    outcome(() => directoryAt(other, '/private').list(2n)),
    'ACCES',
  );
  const member = containerOf({ image, user: { ...user, groups: [8] } });
  assert.equal(readText(member, '/shared/group'), 'group');
  assert.equal(readText(containerOf({ image, user: { uid: 7, gid: 7, groups: [] } }), '/private/file'), 'secret');
  assert.equal(readText(containerOf({ image }), '/private/file'), 'secret');
});

test('a device of the image is inert', () => {
  const container = containerOf({ image });
  assert.equal(
    outcome(() => openAt(container, '/shared/null', reading)),
    'ACCES',
  );
  assert.equal(
    outcome(() => openAt(container, '/shared/null', writing)),
    'ACCES',
  );
});

test('a read-only container has no broker for its root, and says ROFS', () => {
  const container = containerOf({ image, upper: null });
  const { root } = container.files;
  const lib = directoryAt(container, '/lib');
  assert.equal(readText(container, '/lib/new'), 'second layer');
  assert.deepEqual(namesIn(root), ['bin', 'lib', 'private', 'shared']);
  assert.equal(
    outcome(() => root.makeDirectory('lib')),
    'EXIST',
  );
  assert.equal(
    outcome(() => root.makeDirectory('fresh')),
    'ROFS',
  );
  assert.equal(
    outcome(() => lib.unlink('new')),
    'ROFS',
  );
  assert.equal(
    outcome(() => lib.open('new', writing)),
    'ROFS',
  );
  assert.equal(
    outcome(() => lib.open('new', { ...reading, create: true }).close()),
    'SUCCESS',
  );
  assert.equal(
    outcome(() => lib.setChildTimes('new', { mtim: 'now' })),
    'ROFS',
  );
  assert.equal(container.trips, 0);
});

test('a flipped byte of a layer never comes through: IO, with the layer and the place of it', async () => {
  const damaged_image = await imageOf([{ name: 'a', data: big }]);
  const tar = damaged_image.tars[0]!;
  const place = readFileSync(tar).indexOf('wherry', 150_000);
  const fd = openSync(tar, 'r+');
  writeSync(fd, 'W', place);
  closeSync(fd);
  const found: unknown[] = [];
  const container = containerOf({ image: damaged_image, damaged: (damage) => found.push(damage) });
  const file = openAt(container, '/a', reading);
  const piece = Buffer.alloc(1000);
  assert.equal(file.pread([piece], 0n), 1000);
  assert.equal(
    outcome(() => file.pread([piece], BigInt(place - 512))),
    'IO',
  );
  assert.deepEqual(found[0], { layer: 'layer 1', offset: Math.floor(place / 65536) * 65536 });
  assert.equal(
    outcome(() => readAll(file)),
    'IO',
  );
  assert.equal(
    outcome(() => openAt(container, '/a', writing)),
    'IO',
  );
  assert.deepEqual(namesIn(container.files.root), ['a', 'tmp']);
});

test('an image file has an offset of its own and knows no writing', () => {
  const container = containerOf({ image });
  const file = openAt(container, '/lib/big', reading);
  assert.equal(file.seek(-3n, 2), BigInt(big.length - 3));
  const two = [Buffer.alloc(2), Buffer.alloc(5)];
  assert.equal(file.read(two), 3);
  assert.equal(Buffer.concat(two).toString('utf8', 0, 3), 'rry');
  assert.equal(file.read(two), 0);
  assert.equal(
    outcome(() => file.seek(-1n, 0)),
    'INVAL',
  );
  assert.equal(
    outcome(() => file.write([Buffer.from('x')])),
    'BADF',
  );
  assert.equal(file.pread([Buffer.alloc(10)], 1n << 62n), 0);
});

test('times set on an open image file go to its name', () => {
  const container = containerOf({ image });
  const file = openAt(container, '/bin/tool', reading);
  file.setTimes({ mtim: 5n });
  assert.equal(file.stat().mtim, 5n);
  assert.equal(at(container, '/bin/tool')[0].statChild('tool').mtim, 5n);
});
