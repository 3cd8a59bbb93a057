import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Breach } from './breach.ts';
import { Reader, Writer } from './codec.ts';
import { outcome } from './testing.ts';

test('what is written is read again', () => {
  const writer = new Writer(100)
    .u8(255)
    .u16(65_535)
    .u32(4_294_967_295)
    .u64(2n ** 64n - 1n)
    .u64(-5n)
    .text('größer')
    .text('');
  const reader = new Reader(writer.bytes);
  assert.deepEqual([reader.u8(), reader.u16(), reader.u32()], [255, 65_535, 4_294_967_295]);
  assert.deepEqual([reader.u64(), reader.i64(), reader.text(), reader.text()], [2n ** 64n - 1n, -5n, 'größer', '']);
  assert.ok(reader.ended);
  assert.throws(() => reader.u8(), Breach);
});

test('a message that does not fit is NAMETOOLONG for whoever writes it', () => {
  const writer = new Writer(10);
  assert.equal(
    outcome(() => writer.text('123456789')),
    'NAMETOOLONG',
  );
  assert.equal(
    outcome(() => writer.reset().text('12345678')),
    'SUCCESS',
  );
  assert.equal(writer.room, 0);
});
