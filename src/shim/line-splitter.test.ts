import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { LineSplitter } from './line-splitter.ts';

function split(chunks: readonly Buffer[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter();
  for (const chunk of chunks) splitter.push(chunk, (line) => lines.push(line.toString('latin1')));
  splitter.flush((line) => lines.push(line.toString('latin1')));
  return lines;
}

test('lines keep their newline, and what has none comes at the end', () => {
  assert.deepEqual(split([Buffer.from('a\nb'), Buffer.from('c\n\nd')]), ['a\n', 'bc\n', '\n', 'd']);
});

test('a long line comes in pieces of 16 KiB, the newline only on the last', () => {
  const lines = split([Buffer.from(`${'x'.repeat(40_000)}\nend\n`)]);
  assert.deepEqual(
    lines.map((line) => line.length),
    [16_384, 16_384, 40_000 - 32_768 + 1, 4],
  );
});

test('however a stream is chunked, the same bytes come out in the same lines', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 50, unit: fc.constantFrom('a', 'b', '\n') })), (parts) => {
      const whole = parts.join('');
      const lines = split(parts.map((part) => Buffer.from(part)));
      assert.equal(lines.join(''), whole);
      assert.deepEqual(lines, whole.match(/[^\n]*\n|[^\n]+$/g) ?? []);
    }),
  );
});
