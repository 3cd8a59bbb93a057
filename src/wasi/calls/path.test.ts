import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createMemoryFiles, fail } from '../index.ts';
import { creat, directory, everything, excl, Guest, reading, scratch, trunc, walking, writing } from '../testing.ts';

test('opening creates, empties and refuses as its flags say', () => {
  const guest = new Guest();
  assert.equal(guest.tryOpen('file'), 'NOENT');
  guest.write('file', 'content');
  assert.equal(guest.tryOpen('file', { oflags: creat | excl, rights: writing }), 'EXIST');
  guest.open('file', { oflags: creat, rights: writing });
  assert.equal(guest.read('file'), 'content');
  guest.open('file', { oflags: trunc, rights: writing });
  assert.equal(guest.read('file'), '');
  assert.equal(guest.tryOpen('file', { oflags: directory }), 'NOTDIR');
  assert.equal(guest.tryOpen('file', { oflags: directory | creat }), 'INVAL');
  assert.equal(guest.tryOpen('file', { oflags: 16 }), 'INVAL');
  assert.equal(guest.tryOpen('file', { fd: 1 }), 'NOTDIR');
  assert.equal(guest.tryOpen('file', { fd: 77 }), 'BADF');
});

test('a directory cannot be written, created over or emptied', () => {
  const guest = new Guest();
  guest.files.makeDirectories('/sub');
  assert.equal(guest.tryOpen('sub', { rights: writing }), 'ISDIR');
  assert.equal(guest.tryOpen('sub', { oflags: directory, rights: writing }), 'ISDIR');
  assert.equal(guest.tryOpen('sub', { oflags: creat }), 'ISDIR');
  assert.equal(guest.tryOpen('sub', { oflags: trunc }), 'ISDIR');
  assert.equal(guest.tryOpen('sub', { oflags: creat | excl }), 'EXIST');
  const fd = guest.open('sub');
  assert.equal(guest.readFrom(fd), 'BADF');
});

test('a symlink at the end that is not to be followed is LOOP, a taken name for something new', () => {
  const guest = new Guest();
  guest.write('file', 'content');
  guest.path('path_symlink', 'file', 3, 'link');
  assert.equal(guest.tryOpen('link', { follow: false }), 'LOOP');
  assert.equal(guest.tryOpen('link', { oflags: creat | excl, rights: writing }), 'EXIST');
  assert.equal(guest.read('link'), 'content');
});

test('emptying a file takes what writing takes, whatever rights the descriptor is to have', () => {
  const asked: boolean[] = [];
  const files = createMemoryFiles();
  files.put('/file', new TextEncoder().encode('content'));
  const open = files.root.open.bind(files.root);
  files.root.open = (name, options) => {
    asked.push(options.write);
    if (options.write) throw fail('ROFS');
    return open(name, options);
  };
  const guest = new Guest({ files });
  assert.equal(guest.tryOpen('file', { oflags: trunc, rights: reading }), 'ROFS');
  assert.equal(guest.read('file'), 'content');
  assert.deepEqual(asked, [true, false]);
});

test('reading asks for no more than reading, even with the right to set sizes', () => {
  const files = createMemoryFiles();
  files.put('/file', new TextEncoder().encode('content'));
  const open = files.root.open.bind(files.root);
  files.root.open = (name, options) => {
    if (options.write) throw fail('ROFS');
    return open(name, options);
  };
  const guest = new Guest({ files });
  const fd = guest.open('file', { rights: reading | 0x40_0100n });
  assert.equal(guest.readFrom(fd), 'content');
  assert.equal(guest.call('fd_filestat_set_size', fd, 0n), 'INVAL');
  assert.equal(guest.tryOpen('file', { rights: 0x40_0000n }), 'ROFS');
});

test('without the right to set sizes by path nothing is emptied', () => {
  const guest = new Guest();
  guest.write('file', 'content');
  const fd = guest.open('.', { oflags: directory, rights: walking & ~0x8_0000n, inheriting: everything });
  assert.equal(guest.tryOpen('file', { fd, oflags: trunc, rights: 0n }), 'NOTCAPABLE');
  assert.equal(guest.read('file'), 'content');
});

test('directories: made once, removed when empty, never through `.` or a file', () => {
  const guest = new Guest();
  assert.equal(guest.path('path_create_directory', 3, 'sub/'), 'SUCCESS');
  assert.equal(guest.path('path_create_directory', 3, 'sub'), 'EXIST');
  assert.equal(guest.path('path_create_directory', 3, 'sub/.'), 'EXIST');
  assert.equal(guest.path('path_create_directory', 3, 'no/sub'), 'NOENT');
  assert.equal(guest.path('path_create_directory', 3, 'no/.'), 'NOENT');
  assert.equal(guest.path('path_create_directory', 3, '.'), 'EXIST');
  guest.write('sub/file', '');
  assert.equal(guest.path('path_remove_directory', 3, 'sub'), 'NOTEMPTY');
  assert.equal(guest.path('path_remove_directory', 3, 'sub/file'), 'NOTDIR');
  assert.equal(guest.path('path_remove_directory', 3, 'sub/.'), 'INVAL');
  assert.equal(guest.path('path_remove_directory', 3, 'sub/..'), 'NOTEMPTY');
  assert.equal(guest.path('path_unlink_file', 3, 'sub/file'), 'SUCCESS');
  guest.path('path_symlink', 'sub', 3, 'link');
  assert.equal(guest.path('path_remove_directory', 3, 'link/'), 'NOTDIR');
  assert.equal(guest.path('path_remove_directory', 3, 'sub/'), 'SUCCESS');
  assert.equal(guest.path('path_remove_directory', 3, 'sub'), 'NOENT');
});

test('unlinking takes names of files and symlinks only, and a slash makes them none', () => {
  const guest = new Guest();
  guest.write('file', '');
  guest.files.makeDirectories('/sub');
  guest.path('path_symlink', 'sub', 3, 'link');
  assert.equal(guest.path('path_unlink_file', 3, 'file/'), 'NOTDIR');
  assert.equal(guest.path('path_unlink_file', 3, 'link/'), 'NOTDIR');
  assert.equal(guest.path('path_unlink_file', 3, 'sub'), 'ISDIR');
  assert.equal(guest.path('path_unlink_file', 3, 'sub/'), 'ISDIR');
  assert.equal(guest.path('path_unlink_file', 3, '.'), 'ISDIR');
  assert.equal(guest.path('path_unlink_file', 3, 'link'), 'SUCCESS');
  assert.equal(guest.path('path_unlink_file', 3, 'file'), 'SUCCESS');
  assert.equal(guest.path('path_unlink_file', 3, 'file'), 'NOENT');
});

test('renaming: files over files, directories over empty ones, slashes only where a directory comes', () => {
  const guest = new Guest();
  guest.write('one', '1');
  guest.write('two', '2');
  guest.files.makeDirectories('/dir/deep');
  guest.files.makeDirectories('/empty');
  const rename = (from: string, to: string) => guest.path('path_rename', 3, from, 3, to);
  assert.equal(rename('one', 'two'), 'SUCCESS');
  assert.equal(guest.read('two'), '1');
  assert.equal(rename('two', 'dir'), 'ISDIR');
  assert.equal(rename('two', 'new/'), 'NOTDIR');
  assert.equal(rename('two/', 'new'), 'NOTDIR');
  assert.equal(rename('dir', 'two'), 'NOTDIR');
  assert.equal(rename('empty', 'dir'), 'NOTEMPTY');
  assert.equal(rename('dir', 'dir/deep/inside'), 'INVAL');
  assert.equal(rename('.', 'x'), 'BUSY');
  assert.equal(rename('dir', '.'), 'BUSY');
  assert.equal(rename('none', 'x'), 'NOENT');
  assert.equal(rename('dir', 'empty/'), 'SUCCESS');
  assert.equal(rename('empty/', 'moved/'), 'SUCCESS');
  assert.ok(typeof guest.stat('moved/deep') === 'object');
});

test('hard links are one file, never made of directories or over names', () => {
  const guest = new Guest();
  guest.write('file', 'content');
  guest.files.makeDirectories('/sub');
  const link = (from: string, to: string, flags = 0) => guest.path('path_link', 3, flags, from, 3, to);
  assert.equal(link('file', 'sub/link'), 'SUCCESS');
  const [one, two] = [guest.stat('file'), guest.stat('sub/link')];
  assert.ok(typeof one === 'object' && typeof two === 'object');
  assert.equal(one.ino, two.ino);
  assert.equal(two.nlink, 2n);
  assert.equal(link('file', 'sub'), 'EXIST');
  assert.equal(link('file', 'new/'), 'NOENT');
  assert.equal(link('file/', 'new'), 'NOTDIR');
  assert.equal(link('sub', 'new'), 'PERM');
  assert.equal(link('none', 'new'), 'NOENT');
  guest.path('path_symlink', 'file', 3, 'symbolic');
  assert.equal(link('symbolic', 'second'), 'SUCCESS');
  assert.equal((guest.stat('second', false) as { type: number }).type, 7);
  assert.equal(link('symbolic', 'third', 1), 'SUCCESS');
  assert.equal((guest.stat('third', false) as { type: number }).type, 4);
});

test('symlinks are read as they were made, cut off where the buffer ends', () => {
  const guest = new Guest();
  const readlink = (path: string, length: number): string => {
    const got = guest.path('path_readlink', 3, path, scratch, length, scratch + 1000);
    return got === 'SUCCESS' ? guest.text(scratch, guest.view.getUint32(scratch + 1000, true)) : got;
  };
  assert.equal(guest.path('path_symlink', '/some/target', 3, 'link'), 'SUCCESS');
  assert.equal(readlink('link', 100), '/some/target');
  assert.equal(readlink('link', 5), '/some');
  assert.equal(readlink('link', 0), '');
  guest.write('file', '');
  assert.equal(readlink('file', 100), 'INVAL');
  assert.equal(readlink('.', 100), 'INVAL');
  assert.equal(readlink('none', 100), 'NOENT');
  assert.equal(guest.path('path_symlink', 'x', 3, 'file'), 'EXIST');
  assert.equal(guest.path('path_symlink', 'x', 3, 'new/'), 'NOENT');
});

test('times are set by path, of the symlink itself or of what it leads to', () => {
  const guest = new Guest();
  guest.write('file', '');
  guest.path('path_symlink', 'file', 3, 'link');
  const mtime = (path: string): bigint => {
    guest.stat(path, false);
    return guest.view.getBigUint64(scratch + 48, true);
  };
  assert.equal(guest.path('path_filestat_set_times', 3, 1, 'link', 0n, 11n, 4), 'SUCCESS');
  assert.equal(mtime('file'), 11n);
  assert.equal(guest.path('path_filestat_set_times', 3, 0, 'link', 0n, 22n, 4), 'SUCCESS');
  assert.deepEqual([mtime('file'), mtime('link')], [11n, 22n]);
  assert.equal(guest.path('path_filestat_set_times', 3, 0, '.', 0n, 33n, 4), 'SUCCESS');
  assert.equal(mtime('.'), 33n);
  assert.equal(guest.path('path_filestat_set_times', 3, 0, 'file/', 0n, 1n, 4), 'NOTDIR');
});
