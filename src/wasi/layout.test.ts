import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Guest, scratch } from './testing.ts';

const module = 'wasi_unstable';

test('wasi_unstable seeks from the current place with 0, the end with 1, the start with 2', () => {
  const guest = new Guest({ module });
  guest.write('file', '0123456789');
  const fd = guest.open('file');
  guest.readFrom(fd, 4);
  const seek = (offset: bigint, whence: number): bigint => {
    assert.equal(guest.call('fd_seek', fd, offset, whence, scratch), 'SUCCESS');
    return guest.view.getBigUint64(scratch, true);
  };
  assert.deepEqual([seek(2n, 0), seek(-3n, 1), seek(1n, 2)], [6n, 7n, 1n]);
});

test('its filestat is 56 bytes with a u32 of links', () => {
  const guest = new Guest({ module });
  guest.write('file', '12345');
  guest.path('path_link', 3, 0, 'file', 3, 'second');
  guest.bytes(scratch, 64).fill(0xee);
  assert.equal(guest.path('path_filestat_get', 3, 0, 'file', scratch), 'SUCCESS');
  const { view } = guest;
  assert.equal(view.getUint8(scratch + 16), 4);
  assert.equal(view.getUint32(scratch + 20, true), 2);
  assert.equal(view.getBigUint64(scratch + 24, true), 5n);
  assert.notEqual(view.getBigUint64(scratch + 48, true), 0xeeee_eeee_eeee_eeeen);
  assert.equal(view.getBigUint64(scratch + 56, true), 0xeeee_eeee_eeee_eeeen);
});

test('its subscriptions are 56 bytes, a clock has a userdata of its own', () => {
  const guest = new Guest({ module });
  guest.bytes(scratch, 112).fill(0);
  const { view } = guest;
  for (const [i, timeout] of [3_600_000_000_000n, 1_000_000n].entries()) {
    const at = scratch + i * 56;
    view.setBigUint64(at, BigInt(i + 1), true);
    view.setBigUint64(at + 16, 0xffff_ffff_ffff_ffffn, true);
    view.setUint32(at + 24, 1, true);
    view.setBigUint64(at + 32, timeout, true);
  }
  assert.equal(guest.call('poll_oneoff', scratch, scratch + 1024, 2, 0), 'SUCCESS');
  assert.equal(view.getUint32(0, true), 1);
  assert.equal(view.getBigUint64(scratch + 1024, true), 2n);
});
