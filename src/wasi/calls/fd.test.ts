import assert from 'node:assert/strict';
import { test } from 'node:test';

import { descriptors_per_guest_max } from '../../limits/index.ts';
import { creat, directory, everything, Guest, reading, scratch, walking, writing } from '../testing.ts';

const right_seek = 0x4n;
const right_write = 0x40n;
const append = 1;

function rightsOf(guest: Guest, fd: number): { type: number; flags: number; base: bigint; inheriting: bigint } {
  assert.equal(guest.call('fd_fdstat_get', fd, scratch), 'SUCCESS');
  const { view } = guest;
  return {
    type: view.getUint8(scratch),
    flags: view.getUint16(scratch + 2, true),
    base: view.getBigUint64(scratch + 8, true),
    inheriting: view.getBigUint64(scratch + 16, true),
  };
}

function seek(guest: Guest, fd: number, offset: bigint, whence: number): bigint | string {
  const got = guest.call('fd_seek', fd, offset, whence, scratch);
  return got === 'SUCCESS' ? guest.view.getBigUint64(scratch, true) : got;
}

test('a place in a file moves with reading, writing and seeking, and never before the start', () => {
  const guest = new Guest();
  guest.write('file', '0123456789');
  const fd = guest.open('file');
  assert.equal(guest.readFrom(fd, 4), '0123');
  assert.equal(guest.tell(fd), 4n);
  assert.equal(seek(guest, fd, 2n, 1), 6n);
  assert.equal(seek(guest, fd, -1n, 2), 9n);
  assert.equal(guest.readFrom(fd), '9');
  assert.equal(seek(guest, fd, -1n, 0), 'INVAL');
  assert.equal(seek(guest, fd, 0n, 3), 'INVAL');
  assert.equal(seek(guest, fd, 100n, 0), 100n);
  assert.equal(guest.readFrom(fd), '');
});

test('what has no place in it cannot be sought', () => {
  const guest = new Guest();
  assert.equal(seek(guest, 1, 0n, 0), 'SPIPE');
  assert.equal(guest.tell(1), 'NOTCAPABLE');
  const fd = guest.open('.', { oflags: directory, rights: everything & ~right_write });
  assert.equal(seek(guest, fd, 0n, 0), 'BADF');
  assert.equal(rightsOf(guest, fd).base & right_seek, 0n);
});

test('appending goes to the end, as on Linux at whatever offset, and writing at an offset does not move the place', () => {
  const guest = new Guest();
  guest.write('file', 'one');
  const fd = guest.open('file', { rights: writing, flags: append });
  guest.writeTo(fd, 'two');
  assert.equal(guest.tell(fd), 6n);
  assert.equal(guest.pwriteTo(fd, 'O', 0n), 'SUCCESS');
  assert.equal(guest.tell(fd), 6n);
  assert.equal(guest.read('file'), 'onetwoO');
  assert.equal(guest.pwriteTo(fd, 'x', -1n), 'INVAL');
});

test('flags are seen, and can be changed', () => {
  const guest = new Guest();
  guest.write('file', 'one');
  const fd = guest.open('file', { rights: writing, flags: append | 4 });
  assert.equal(rightsOf(guest, fd).flags, append | 4);
  assert.equal(guest.call('fd_fdstat_set_flags', fd, 16), 'SUCCESS');
  assert.equal(rightsOf(guest, fd).flags, 16);
  guest.writeTo(fd, 'ZZ');
  assert.equal(guest.read('file'), 'ZZe');
  assert.equal(guest.call('fd_fdstat_set_flags', fd, 32), 'INVAL');
});

test('rights only shrink, and those that are gone are refused', () => {
  const guest = new Guest();
  const fd = guest.open('file', { oflags: creat, rights: writing });
  const { base } = rightsOf(guest, fd);
  assert.equal(guest.call('fd_fdstat_set_rights', fd, base & ~right_write, 0n), 'SUCCESS');
  assert.equal(guest.writeTo(fd, 'x'), 'NOTCAPABLE');
  assert.equal(guest.call('fd_fdstat_set_rights', fd, base, 0n), 'NOTCAPABLE');
  assert.equal(guest.call('fd_fdstat_set_rights', fd, 0n, 1n), 'NOTCAPABLE');
});

test('what is opened has at most the rights its directory passes on', () => {
  const guest = new Guest();
  guest.files.makeDirectories('/sub');
  guest.write('sub/file', 'x');
  const read_only = guest.open('sub', { oflags: directory, rights: walking, inheriting: reading });
  assert.equal(guest.tryOpen('file', { fd: read_only, rights: writing }), 'NOTCAPABLE');
  assert.equal(guest.read('file', { fd: read_only }), 'x');
  const fd = guest.open('file', { fd: read_only });
  assert.equal(guest.writeTo(fd, 'y'), 'NOTCAPABLE');
  const blind = guest.open('sub', { oflags: directory, rights: 0x4000n, inheriting: everything });
  assert.equal(guest.tryOpen('file', { fd: blind }), 'NOTCAPABLE');
});

test('the lowest free number is given, and no more than the limit', () => {
  const guest = new Guest();
  guest.write('file', '');
  assert.deepEqual([guest.open('file'), guest.open('file')], [4, 5]);
  assert.equal(guest.call('fd_close', 4), 'SUCCESS');
  assert.equal(guest.call('fd_close', 4), 'BADF');
  assert.equal(guest.open('file'), 4);
  for (let fd = 6; fd < descriptors_per_guest_max; fd++) guest.open('file');
  assert.equal(guest.tryOpen('file'), 'NFILE');
  assert.equal(guest.tryOpen('other', { oflags: creat, rights: writing }), 'NFILE');
  assert.equal(guest.stat('other'), 'NOENT');
});

test('renumbering closes the target and frees the old number; a preopen keeps its own', () => {
  const guest = new Guest();
  guest.write('one', 'first');
  guest.write('two', 'second');
  const one = guest.open('one');
  const two = guest.open('two');
  assert.equal(guest.call('fd_renumber', one, two), 'SUCCESS');
  assert.equal(guest.readFrom(two), 'first');
  assert.equal(guest.readFrom(one), 'BADF');
  assert.equal(guest.call('fd_renumber', two, two), 'SUCCESS');
  assert.equal(guest.call('fd_renumber', two, 99), 'BADF');
  assert.equal(guest.call('fd_renumber', 99, two), 'BADF');
  assert.equal(guest.call('fd_renumber', two, -1), 'BADF');
  assert.equal(guest.call('fd_renumber', 3, two), 'NOTSUP');
});

test('a preopen tells its name with its slash, until it is closed', () => {
  const guest = new Guest();
  assert.equal(guest.call('fd_prestat_get', 3, scratch), 'SUCCESS');
  assert.equal(guest.view.getUint32(scratch + 4, true), 1);
  assert.equal(guest.call('fd_prestat_dir_name', 3, scratch, 0), 'NAMETOOLONG');
  assert.equal(guest.call('fd_prestat_dir_name', 3, scratch, 1), 'SUCCESS');
  assert.equal(guest.text(scratch, 1), '/');
  assert.equal(guest.call('fd_prestat_get', 4, scratch), 'BADF');
  assert.equal(guest.call('fd_close', 3), 'SUCCESS');
  assert.equal(guest.call('fd_prestat_get', 3, scratch), 'BADF');
});

test('a directory is listed with any buffer, `.` and `..` first, with the inodes that stat tells', () => {
  const guest = new Guest();
  const names = ['a', 'bb', 'a longer name than the others'];
  for (const name of names) guest.write(name, '');
  for (const length of [64, 65, 100, 4096]) assert.deepEqual(guest.names(3, length), ['.', '..', ...names]);
  const found = guest.stat('a');
  assert.ok(typeof found === 'object');
  assert.equal(guest.call('fd_readdir', 3, scratch, 4096, 2n, 0), 'SUCCESS');
  assert.equal(guest.view.getBigUint64(scratch + 8, true), found.ino);
  assert.equal(guest.view.getUint8(scratch + 20), 4);
});

test('cookies continue at the same place while other names come and go', () => {
  const guest = new Guest();
  for (let i = 0; i < 40; i++) guest.write(`f${i}`, '');
  guest.call('fd_readdir', 3, scratch, 4096, 0n, 0);
  // The cookie after f9: entries have 24 bytes and their name.
  let at = scratch;
  for (let i = 0; i < 11; i++) at += 24 + guest.view.getUint32(at + 16, true);
  const cookie = guest.view.getBigUint64(at, true);
  for (let i = 0; i < 30; i++) guest.path('path_unlink_file', 3, `f${i}`);
  guest.write('new', '');
  guest.call('fd_readdir', 3, scratch, 4096, cookie, 0);
  assert.equal(guest.text(scratch + 24, guest.view.getUint32(scratch + 16, true)), 'f30');
});

test('a listing is cut off where the buffer ends', () => {
  const guest = new Guest();
  guest.write('name', '');
  guest.call('fd_readdir', 3, scratch, 10, 0n, 0);
  assert.equal(guest.view.getUint32(0, true), 10);
  guest.call('fd_readdir', 3, scratch, 0, 0n, 0);
  assert.equal(guest.view.getUint32(0, true), 0);
});

test('times are kept to the nanosecond; what contradicts itself is INVAL', () => {
  const guest = new Guest();
  guest.write('file', '');
  const fd = guest.open('file', { rights: reading | 0x80_0000n });
  assert.equal(guest.call('fd_filestat_set_times', fd, 1_000_000_001n, 2_000_000_003n, 1 | 4), 'SUCCESS');
  guest.call('fd_filestat_get', fd, scratch);
  assert.equal(guest.view.getBigUint64(scratch + 40, true), 1_000_000_001n);
  assert.equal(guest.view.getBigUint64(scratch + 48, true), 2_000_000_003n);
  assert.equal(guest.call('fd_filestat_set_times', fd, 0n, 0n, 1 | 2), 'INVAL');
  assert.equal(guest.call('fd_filestat_set_times', fd, 0n, 0n, 4 | 8), 'INVAL');
  assert.equal(guest.call('fd_filestat_set_times', fd, 0n, 0n, 16), 'INVAL');
});

test('sizes grow with zeros and shrink; a file open for reading keeps its size', () => {
  const guest = new Guest();
  guest.write('file', 'abc');
  const fd = guest.open('file', { rights: writing | 0x100n });
  assert.equal(guest.call('fd_filestat_set_size', fd, 5n), 'SUCCESS');
  assert.equal(guest.read('file'), 'abc\0\0');
  assert.equal(guest.call('fd_filestat_set_size', fd, 2n), 'SUCCESS');
  assert.equal(guest.call('fd_allocate', fd, 0n, 4n), 'SUCCESS');
  assert.equal(guest.read('file'), 'ab\0\0');
  assert.equal(guest.call('fd_allocate', fd, 0n, 0n), 'INVAL');
  assert.equal(guest.call('fd_allocate', fd, 0x7fff_ffff_ffff_ffffn, 1n), 'FBIG');
  assert.equal(guest.call('fd_filestat_set_size', fd, -1n), 'INVAL');
  assert.equal(guest.call('fd_filestat_set_size', guest.open('file'), 0n), 'NOTCAPABLE');
});

test('advice is taken when it is one', () => {
  const guest = new Guest();
  guest.write('file', 'abc');
  const fd = guest.open('file', { rights: reading | 0x80n });
  assert.equal(guest.call('fd_advise', fd, 0n, 10n, 5), 'SUCCESS');
  assert.equal(guest.call('fd_advise', fd, 0n, 10n, 6), 'INVAL');
  assert.equal(guest.call('fd_advise', fd, 0n, -1n, 0), 'INVAL');
});

test('a terminal is told from a device by the right to seek', () => {
  const guest = new Guest();
  assert.notEqual(rightsOf(guest, 1).type, 2);
});
