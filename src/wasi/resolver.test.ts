import assert from 'node:assert/strict';
import { test } from 'node:test';

import { symlinks_followed_max } from '../limits/index.ts';
import { creat, directory, everything, Guest, trunc, walking, writing } from './testing.ts';

function withTree(): Guest {
  const guest = new Guest();
  guest.files.makeDirectories('/a/b/c');
  guest.write('top', 'top');
  guest.write('a/file', 'in a');
  guest.write('a/b/file', 'in b');
  guest.path('path_symlink', 'a/b', 3, 'to-b');
  guest.path('path_symlink', '../file', 3, 'a/b/up');
  guest.path('path_symlink', '/a/file', 3, 'a/b/absolute');
  guest.path('path_symlink', '..', 3, 'out');
  guest.path('path_symlink', 'nowhere', 3, 'dangling');
  return guest;
}

test('`..` leaves the directory that was reached, not the name that was written', () => {
  const guest = withTree();
  assert.equal(guest.read('to-b/../file'), 'in a');
  assert.equal(guest.read('./a//b/.././file'), 'in a');
  assert.equal(guest.read('missing/../top'), 'NOENT');
  assert.equal(guest.read('top/../top'), 'NOTDIR');
});

test('nothing leads above the root: not `..`, not a symlink, not an absolute path', () => {
  const guest = withTree();
  for (const path of ['..', '../top', 'a/../../top', 'out', 'out/top', 'out/', 'to-b/../../../x', '/top', '/'])
    assert.equal(guest.read(path), 'NOTCAPABLE', path);
  assert.equal(guest.tryOpen('out/new', { oflags: creat, rights: writing }), 'NOTCAPABLE');
  assert.equal(guest.path('path_create_directory', 3, '../new'), 'NOTCAPABLE');
  assert.equal(guest.path('path_rename', 3, 'top', 3, '../top'), 'NOTCAPABLE');
  assert.equal(guest.path('path_link', 3, 0, 'top', 3, 'out/top'), 'NOTCAPABLE');
  assert.equal(guest.path('path_symlink', 'x', 3, 'out/x'), 'NOTCAPABLE');
});

test('symlinks are followed, relative ones from where they stand, absolute ones from the root', () => {
  const guest = withTree();
  assert.equal(guest.read('to-b/file'), 'in b');
  assert.equal(guest.read('to-b/up'), 'in a');
  assert.equal(guest.read('to-b/absolute'), 'in a');
});

test('a path through a directory that the guest opened stays below it, whatever links lie in it', () => {
  const guest = withTree();
  const b = guest.open('a/b', { oflags: directory, rights: walking, inheriting: everything });
  assert.equal(guest.read('file', { fd: b }), 'in b');
  assert.equal(guest.read('c/../file', { fd: b }), 'in b');
  for (const path of ['..', '../file', 'c/../../file', 'up', 'absolute']) {
    assert.equal(guest.read(path, { fd: b }), 'NOTCAPABLE', path);
  }
});

test('a slash at the end asks for a directory and follows the symlink before it', () => {
  const guest = withTree();
  assert.equal(guest.read('top/'), 'NOTDIR');
  assert.equal(guest.read('top/.'), 'NOTDIR');
  assert.equal(guest.stat('top/'), 'NOTDIR');
  assert.equal(guest.stat('dangling/', false), 'NOENT');
  const followed = guest.stat('to-b/', false);
  assert.ok(typeof followed === 'object' && followed.type === 3);
  const link = guest.stat('to-b', false);
  assert.ok(typeof link === 'object' && link.type === 7);
  assert.equal(guest.tryOpen('new/', { oflags: creat, rights: writing }), 'ISDIR');
});

test('a chain of links ends: as many as the limit are followed, one more and a loop are LOOP', () => {
  const guest = new Guest();
  guest.write('link0', 'reached');
  for (let i = 1; i <= symlinks_followed_max + 1; i++) guest.path('path_symlink', `link${i - 1}`, 3, `link${i}`);
  assert.equal(guest.read(`link${symlinks_followed_max}`), 'reached');
  assert.equal(guest.read(`link${symlinks_followed_max + 1}`), 'LOOP');
  guest.path('path_symlink', 'loop', 3, 'loop');
  assert.equal(guest.read('loop'), 'LOOP');
  assert.equal(guest.read('loop/x'), 'LOOP');
  assert.equal(guest.read('loop', { follow: false }), 'LOOP');
});

test('creating through a dangling symlink makes its target, and never outside', () => {
  const guest = withTree();
  guest.open('dangling', { oflags: creat, rights: writing });
  assert.equal(guest.read('nowhere'), '');
  guest.path('path_symlink', '../outside', 3, 'escape');
  assert.equal(guest.tryOpen('escape', { oflags: creat | trunc, rights: writing }), 'NOTCAPABLE');
  assert.equal(guest.tryOpen('escape', { oflags: creat, rights: writing, follow: false }), 'LOOP');
});
