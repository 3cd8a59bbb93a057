import assert from 'node:assert/strict';
import { test } from 'node:test';

import { duration, parseDuration, parseSize, size } from './human.ts';

test('times are worded as Docker words them', () => {
  const cases: [number, string][] = [
    [0.5, 'Less than a second'],
    [1, '1 second'],
    [59, '59 seconds'],
    [60, 'About a minute'],
    [150, '2 minutes'],
    [3600, 'About an hour'],
    [7200, '2 hours'],
    [47 * 3600, '47 hours'],
    [48 * 3600, '2 days'],
    [20 * 86_400, '2 weeks'],
    [100 * 86_400, '3 months'],
    [800 * 86_400, '2 years'],
  ];
  for (const [seconds, text] of cases) assert.equal(duration(seconds), text);
});

test('sizes are decimal and short', () => {
  assert.equal(size(0), '0B');
  assert.equal(size(999), '999B');
  assert.equal(size(24_123), '24.1kB');
  assert.equal(size(20_500_000), '20.5MB');
  assert.equal(size(1_230_000_000), '1.23GB');
});

test('what users write is read, and what is no size or duration is said to be none', () => {
  assert.equal(parseSize('64m'), 64 * 1024 * 1024);
  assert.equal(parseSize('1.5g'), 1.5 * 1024 ** 3);
  assert.equal(parseSize('100KB'), 102_400);
  assert.equal(parseSize('x'), null);
  assert.equal(parseDuration('1m30s'), 90);
  assert.equal(parseDuration('500ms'), 0.5);
  assert.equal(parseDuration('10'), null);
});
