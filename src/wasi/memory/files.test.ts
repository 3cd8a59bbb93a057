import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMemoryFiles, fail, type OpenOptions } from '../index.ts';
import { Guest, reading, writing } from '../testing.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

const options: OpenOptions = {
  read: true,
  write: true,
  create: true,
  exclusive: false,
  truncate: false,
  append: false,
  nonblock: false,
  dsync: false,
  sync: false,
};

const refuses = (act: () => unknown, name: Parameters<typeof fail>[0]): void =>
  assert.throws(act, (thrown) => thrown === fail(name));

test('an unlinked file can be used until it is closed, and its bytes come back then', () => {
  const { root } = createMemoryFiles({ bytes_max: 4096 });
  const file = root.open('file', options);
  assert.equal(file.write([new Uint8Array(3000)]), 3000);
  root.unlink('file');
  assert.equal(file.pread([new Uint8Array(4000)], 0n), 3000);
  assert.equal(file.stat().nlink, 0n);
  const other = root.open('other', options);
  assert.ok((other.write([new Uint8Array(3000)]) as number) < 3000);
  other.close();
  root.unlink('other');
  file.close();
  assert.equal(root.open('other', options).write([new Uint8Array(3000)]), 3000);
});

test('what is full takes as much as fits and then NOSPC, also for a size that is only claimed', () => {
  const { root } = createMemoryFiles({ bytes_max: 2000 });
  const file = root.open('file', options);
  const fit = file.write([new Uint8Array(5000)]) as number;
  assert.ok(fit > 0 && fit < 2000);
  refuses(() => file.write([new Uint8Array(1)]), 'NOSPC');
  refuses(() => file.setSize(2n ** 40n), 'NOSPC');
  refuses(() => file.setSize(2n ** 60n), 'FBIG');
  refuses(() => {
    for (let i = 0; ; i++) root.symlink('target', `link${i}`);
  }, 'NOSPC');
  file.setSize(0n);
  assert.equal(file.pwrite([new Uint8Array(8)], 0n), 8);
});

test('a hole reads as zeros', () => {
  const { root } = createMemoryFiles();
  const file = root.open('file', options);
  file.pwrite([text('end')], 10n);
  const into = new Uint8Array(13).fill(9);
  assert.equal(file.pread([into], 0n), 13);
  assert.deepEqual([...into.subarray(0, 10)], Array(10).fill(0));
  file.setSize(4n);
  file.setSize(20n);
  const after = new Uint8Array(20).fill(9);
  assert.equal(file.pread([after], 0n), 20);
  assert.deepEqual([...after], Array(20).fill(0));
});

test('a removed directory that is still open has nothing in it and takes nothing', () => {
  const files = createMemoryFiles();
  files.makeDirectories('/sub');
  const { directory } = files.root.walk(['sub']);
  files.root.removeDirectory('sub');
  assert.deepEqual(directory.list(0n), []);
  refuses(() => directory.makeDirectory('x'), 'NOENT');
  refuses(() => directory.open('x', options), 'NOENT');
  files.put('/file', text(''));
  refuses(() => files.root.rename('file', directory, 'file'), 'NOENT');
  refuses(() => files.root.link('file', directory, 'file'), 'NOENT');
});

test('links count: of directories their subdirectories, of files their names', () => {
  const files = createMemoryFiles();
  files.makeDirectories('/a/b');
  assert.equal(files.root.statChild('a').nlink, 3n);
  files.put('/file', text('x'));
  files.root.link('file', files.root, 'second');
  assert.equal(files.root.statChild('file').nlink, 2n);
  files.root.rename('file', files.root, 'second');
  assert.equal(files.root.statChild('file').nlink, 2n, 'two names of one file stay as they are');
  files.put('/third', text('y'));
  files.root.rename('third', files.root, 'second');
  assert.equal(files.root.statChild('file').nlink, 1n);
});

test('two trees do not mix', () => {
  const [one, two] = [createMemoryFiles(), createMemoryFiles()];
  one.put('/file', text('x'));
  refuses(() => one.root.rename('file', two.root, 'file'), 'XDEV');
  refuses(() => one.root.link('file', two.root, 'file'), 'XDEV');
});

test('a moved directory leads up to where it is now', () => {
  const files = createMemoryFiles();
  files.makeDirectories('/a/inner');
  files.makeDirectories('/b');
  files.put('/b/marker', text('in b'));
  const guest = new Guest({ files });
  assert.equal(guest.path('path_rename', 3, 'a/inner', 3, 'b/inner'), 'SUCCESS');
  assert.equal(guest.read('b/inner/../marker'), 'in b');
});

test('two descriptors on a file see each other, and have a place of their own', () => {
  const guest = new Guest();
  const writer = guest.open('file', { oflags: 1, rights: writing });
  const reader = guest.open('file', { rights: reading });
  guest.writeTo(writer, 'one');
  assert.equal(guest.readFrom(reader), 'one');
  guest.writeTo(writer, 'two');
  assert.equal(guest.readFrom(reader), 'two');
});
