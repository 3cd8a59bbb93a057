import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMemoryFiles } from './index.ts';
import { creat, directory, excl, Guest, trunc, writing } from './testing.ts';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

function inWork(): Guest {
  const files = createMemoryFiles();
  files.put('/etc/config', text('system'));
  files.put('/both', text('of root'));
  files.put('/srv/both', text('of work'));
  files.put('/srv/own', text('own'));
  files.put('/srv/sub/file', text('below'));
  files.makeDirectories('/shared');
  files.makeDirectories('/srv/shared/deep');
  return new Guest({ files, working_directory: '/srv' });
}

test('a path is found from the root, and from the working directory when the root has nothing there', () => {
  const guest = inWork();
  assert.equal(guest.read('etc/config'), 'system');
  assert.equal(guest.read('both'), 'of root');
  assert.equal(guest.read('own'), 'own');
  assert.equal(guest.read('sub/file'), 'below');
  assert.equal(guest.read('srv/own'), 'own');
  assert.equal(guest.read('nowhere'), 'NOENT');
});

test('only what is missing is looked for again: another error stands', () => {
  const guest = inWork();
  assert.equal(guest.read('both/x'), 'NOTDIR');
});

test('`.` is the working directory', () => {
  const guest = inWork();
  for (const path of ['.', './', './.']) {
    const fd = guest.open(path, { oflags: directory });
    assert.deepEqual(guest.names(fd), ['.', '..', 'both', 'own', 'sub', 'shared'], path);
  }
});

test('the descriptor of the preopen lists the root', () => {
  const guest = inWork();
  assert.deepEqual(guest.names(3), ['.', '..', 'etc', 'both', 'srv', 'shared']);
});

test('a new single name goes to the working directory, one that the root has does not', () => {
  const guest = inWork();
  guest.write('new', 'made');
  assert.equal(guest.read('srv/new'), 'made');
  guest.write('both', 'changed');
  assert.equal(guest.read('both'), 'changed');
  assert.equal(guest.read('srv/both'), 'of work');
  assert.equal(guest.path('path_create_directory', 3, 'made'), 'SUCCESS');
  assert.equal(guest.tryOpen('srv/made', { oflags: directory }) !== 'NOENT', true);
  assert.equal(guest.path('path_create_directory', 3, 'etc'), 'EXIST');
});

test('a new name in a directory goes where that directory is, to the root when it is in both', () => {
  const guest = inWork();
  guest.write('sub/new', 'made');
  assert.equal(guest.read('srv/sub/new'), 'made');
  guest.write('etc/new', 'made');
  assert.equal(guest.read('srv/etc/new'), 'NOENT');
  guest.write('shared/new', 'made');
  assert.equal(guest.read('srv/shared/new'), 'NOENT');
  assert.equal(guest.tryOpen('neither/new', { oflags: creat, rights: writing }), 'NOENT');
});

test('what exists in the working directory is opened, emptied and refused there', () => {
  const guest = inWork();
  guest.open('own', { oflags: creat | trunc, rights: writing });
  assert.equal(guest.read('srv/own'), '');
  assert.equal(guest.tryOpen('own', { oflags: creat | excl, rights: writing }), 'EXIST');
  assert.equal(guest.path('path_create_directory', 3, 'shared/deep'), 'EXIST');
});

test('renaming, linking, removing find their names by the same rule', () => {
  const guest = inWork();
  assert.equal(guest.path('path_rename', 3, 'own', 3, 'renamed'), 'SUCCESS');
  assert.equal(guest.read('srv/renamed'), 'own');
  assert.equal(guest.path('path_link', 3, 0, 'renamed', 3, 'sub/linked'), 'SUCCESS');
  assert.equal(guest.read('srv/sub/linked'), 'own');
  assert.equal(guest.path('path_symlink', 'renamed', 3, 'symbolic'), 'SUCCESS');
  assert.equal(guest.read('srv/symbolic'), 'own');
  assert.equal(guest.path('path_unlink_file', 3, 'renamed'), 'SUCCESS');
  assert.equal(guest.read('srv/renamed'), 'NOENT');
});

test('`..` does not leave the working directory, a symlink in it may', () => {
  const guest = inWork();
  assert.equal(guest.read('../own'), 'NOTCAPABLE');
  assert.equal(guest.read('sub/../own'), 'own');
  assert.equal(guest.read('sub/../../etc/config'), 'NOTCAPABLE');
  guest.path('path_symlink', '../etc/config', 3, 'srv/config');
  assert.equal(guest.read('config'), 'system');
});

test('a raw absolute path is refused', () => {
  assert.equal(inWork().read('/srv/own'), 'NOTCAPABLE');
});

test('a working directory that is not there leaves the root usable', () => {
  const files = createMemoryFiles();
  files.put('/file', text('content'));
  const guest = new Guest({ files, working_directory: '/missing/deep' });
  assert.equal(guest.read('file'), 'content');
  assert.equal(guest.read('other'), 'NOENT');
  assert.equal(guest.tryOpen('.', { oflags: directory }), 'NOENT');
});

test('a working directory that is a symlink is the directory it leads to', () => {
  const files = createMemoryFiles();
  files.put('/data/v1/file', text('content'));
  files.root.symlink('data/v1', 'current');
  const guest = new Guest({ files, working_directory: '/current' });
  assert.equal(guest.read('file'), 'content');
  guest.write('new', 'made');
  assert.equal(guest.read('data/v1/new'), 'made');
});
