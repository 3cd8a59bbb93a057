import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { demultiplex } from './index.ts';

function framed(stream: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

test('frames come apart the same however the connection cuts them', () => {
  const whole = Buffer.concat([framed(1, 'out'), framed(2, ''), framed(2, 'err'), framed(1, 'more')]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
      const got = { 1: '', 2: '', 3: '' };
      const push = demultiplex((stream, bytes) => (got[stream] += bytes.toString()));
      for (let at = 0, i = 0; at < whole.length; i++) {
        const size = sizes[i % sizes.length]!;
        push(whole.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(got, { 1: 'outmore', 2: 'err', 3: '' });
    }),
  );
});
