import assert from 'node:assert/strict';
import { test } from 'node:test';

import { iovecs_max, path_bytes_max } from '../limits/index.ts';
import { creat, Guest, scratch, writing } from './testing.ts';

const size = 4 * 65_536;

test('pointers and lengths that leave the memory are FAULT, whichever call they are for', () => {
  const guest = new Guest();
  guest.write('file', 'content');
  const fd = guest.open('file');
  assert.equal(guest.call('clock_time_get', 0, 0n, size - 7), 'FAULT');
  assert.equal(guest.call('clock_time_get', 0, 0n, -1), 'FAULT');
  assert.equal(guest.call('random_get', size - 1, 2), 'FAULT');
  assert.equal(guest.call('random_get', 0, -1), 'FAULT');
  assert.equal(guest.call('fd_fdstat_get', 1, size - 23), 'FAULT');
  assert.equal(guest.call('fd_filestat_get', fd, size - 63), 'FAULT');
  assert.equal(guest.call('fd_read', fd, size - 7, 1, 0), 'FAULT');
  assert.equal(guest.call('fd_readdir', 3, size - 1, 2, 0n, 0), 'FAULT');
  assert.equal(guest.call('path_open', 3, 0, size - 1, 2, 0, 2n, 0n, 0, 0), 'FAULT');
  assert.equal(guest.call('poll_oneoff', size - 47, 0, 1, 0), 'FAULT');
  assert.equal(guest.call('args_get', size, 0), 'FAULT');
});

test('a result that has no place is refused before anything happens', () => {
  const guest = new Guest();
  assert.equal(guest.path('path_open', 3, 0, 'new', creat, writing, 0n, 0, size), 'FAULT');
  assert.equal(guest.read('new'), 'NOENT');
});

test('iovecs are counted, their sum and their ends checked', () => {
  const guest = new Guest();
  const vector = (i: number, at: number, length: number): void => {
    guest.view.setUint32(scratch + i * 8, at, true);
    guest.view.setUint32(scratch + i * 8 + 4, length, true);
  };
  vector(0, 0, 10);
  assert.equal(guest.call('fd_write', 1, scratch, iovecs_max + 1, 0), 'INVAL');
  vector(0, size - 1, 2);
  assert.equal(guest.call('fd_write', 1, scratch, 1, 0), 'FAULT');
  vector(0, 0xffff_ffff, 0xffff_ffff);
  assert.equal(guest.call('fd_write', 1, scratch, 1, 0), 'FAULT');
  // An empty one may point anywhere.
  vector(0, 0xffff_ffff, 0);
  assert.equal(guest.call('fd_write', 1, scratch, 1, 0), 'SUCCESS');
  guest.bytes(0, 4).set(new TextEncoder().encode('abcd'));
  vector(0, 0, 2);
  vector(1, 0, 0);
  vector(2, 2, 2);
  assert.equal(guest.call('fd_write', 1, scratch, 3, 1024), 'SUCCESS');
  assert.equal(guest.view.getUint32(1024, true), 4);
  assert.equal(guest.stdout.text(), 'abcd');
});

test('lengths whose sum is no u32 are INVAL', () => {
  const guest = new Guest();
  for (let i = 0; i < iovecs_max; i++) {
    guest.view.setUint32(scratch + i * 8, 0, true);
    guest.view.setUint32(scratch + i * 8 + 4, size, true);
  }
  assert.equal(guest.call('fd_write', 1, scratch, iovecs_max, 0), 'SUCCESS');
  guest.view.setUint32(scratch + 4, 0xffff_ffff, true);
  assert.notEqual(guest.call('fd_write', 1, scratch, iovecs_max, 0), 'SUCCESS');
});

test('memory that the guest grew is used at once', () => {
  const guest = new Guest();
  assert.equal(guest.call('random_get', size, 4), 'FAULT');
  guest.memory.grow(1);
  assert.equal(guest.call('random_get', size, 4), 'SUCCESS');
  assert.deepEqual([...guest.bytes(size, 4)], [7, 7, 7, 7]);
  guest.write('file', 'after');
  guest.memory.grow(1);
  assert.equal(guest.read('file'), 'after');
});

test('paths that are none have an errno each', () => {
  const guest = new Guest();
  assert.equal(guest.read(''), 'NOENT');
  assert.equal(guest.read('a\0b'), 'INVAL');
  assert.equal(guest.read('x'.repeat(256)), 'NAMETOOLONG');
  assert.equal(guest.read('ä'.repeat(128)), 'NAMETOOLONG');
  assert.equal(guest.read('ä'.repeat(127)), 'NOENT');
  assert.equal(guest.read('a/'.repeat(path_bytes_max / 2)), 'NOENT');
  assert.equal(guest.read('a/'.repeat(path_bytes_max / 2) + 'a'), 'NAMETOOLONG');
  guest.bytes(scratch, 2).set([0xc3, 0x28]);
  assert.equal(guest.call('path_open', 3, 0, scratch, 2, 0, 2n, 0n, 0, 0), 'ILSEQ');
  assert.equal(guest.path('path_symlink', 'a\0b', 3, 'x'), 'INVAL');
  assert.equal(guest.path('path_symlink', '', 3, 'x'), 'NOENT');
});
