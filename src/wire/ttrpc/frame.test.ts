import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { ttrpc_message_bytes_max } from '../../limits/index.ts';
import { type Frame, frame_header_bytes, FrameReader, FrameType, writeFrameHeader } from './frame.ts';

function frameOf(streamId: number, type: number, flags: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frame_header_bytes + payload.length);
  frame.set(payload, frame_header_bytes);
  writeFrameHeader(frame, streamId, type, flags);
  return frame;
}

/** Cuts `bytes` at the given places, in any order, doubles and all. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  // Copies: a chunk of a connection shares its memory with no other.
  return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
}

test('a header is ten bytes, big-endian: length without the header, stream, type, flags', () => {
  const frame = frameOf(0x01020304, FrameType.request, 2, new Uint8Array([9, 9, 9]));
  assert.deepEqual([...frame], [0, 0, 0, 3, 1, 2, 3, 4, 1, 2, 9, 9, 9]);
});

test('frames come out as they went in, wherever the connection cuts them', () => {
  const frame = fc.record({
    streamId: fc.nat(0xffffffff),
    type: fc.nat(255),
    flags: fc.nat(255),
    payload: fc.uint8Array({ maxLength: 300 }),
  });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(3000), { maxLength: 40 }), (sent, places) => {
      const bytes = Buffer.concat(sent.map((one) => frameOf(one.streamId, one.type, one.flags, one.payload)));
      const reader = new FrameReader();
      const got = cut(bytes, places).flatMap((chunk) => reader.push(chunk));
      assert.deepEqual(
        got.map((one) => ({ ...one, payload: [...(one.payload ?? [])] })),
        sent.map((one) => ({ ...one, length: one.payload.length, payload: [...one.payload] })),
      );
    }),
  );
});

test('a frame over the limit is skipped byte for byte and the next one is read', () => {
  const length = ttrpc_message_bytes_max + 1;
  const long = frameOf(1, FrameType.request, 0, new Uint8Array(length));
  const next = frameOf(3, FrameType.request, 0, new Uint8Array([7]));
  for (const step of [1_000_003, length + frame_header_bytes, length + frame_header_bytes + 5]) {
    const reader = new FrameReader();
    const bytes = Buffer.concat([long, next]);
    const got: Frame[] = [];
    for (let at = 0; at < bytes.length; at += step) got.push(...reader.push(bytes.subarray(at, at + step)));
    assert.deepEqual(
      got.map(({ streamId, length: size, payload }) => [streamId, size, payload === null ? null : [...payload]]),
      [
        [1, length, null],
        [3, 1, [7]],
      ],
    );
  }
});

test('a frame of exactly the limit is taken', () => {
  const [frame] = new FrameReader().push(frameOf(1, FrameType.request, 0, new Uint8Array(ttrpc_message_bytes_max)));
  assert.equal(frame?.payload?.length, ttrpc_message_bytes_max);
});

test('a claim of four gigabytes makes the reader hold nothing', () => {
  const reader = new FrameReader();
  assert.deepEqual(reader.push(new Uint8Array([255, 255, 255, 255, 0, 0, 0, 1, 1, 0])), []);
  assert.deepEqual(reader.push(new Uint8Array(1_000_000)), []);
});
