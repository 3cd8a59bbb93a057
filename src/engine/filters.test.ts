import assert from 'node:assert/strict';
import { test } from 'node:test';

import { booleanFilter, checkFilters, matchesLabels, matchesPattern, parseFilters, untilFilter } from './filters.ts';

test('both spellings of filters mean the same', () => {
  assert.deepEqual(parseFilters('{"label":["a","b=c"]}'), parseFilters('{"label":{"a":true,"b=c":true,"d":false}}'));
  assert.equal(parseFilters('').size, 0);
});

test('what is no filter is refused in Docker’s words', () => {
  for (const text of ['{', '[]', '"x"', '{"a":1}', '{"a":[1]}', '{"a":{"b":1}}']) {
    assert.throws(() => parseFilters(text), { class: 'InvalidArgument', message: 'invalid filter' });
  }
  assert.throws(() => checkFilters(parseFilters('{"bogus":["x"]}'), ['label']), { message: "invalid filter 'bogus'" });
});

test('a true-or-false filter takes either but not both', () => {
  assert.equal(booleanFilter(parseFilters('{"dangling":["1"]}'), 'dangling', false), true);
  assert.equal(booleanFilter(parseFilters('{"dangling":["false"]}'), 'dangling', true), false);
  assert.equal(booleanFilter(parseFilters('{}'), 'dangling', true), true);
  for (const values of ['["maybe"]', '["true","false"]']) {
    assert.throws(() => booleanFilter(parseFilters(`{"dangling":${values}}`), 'dangling', true), {
      message: /^invalid filter 'dangling=\[/,
    });
  }
});

test('all labels must hold, and none of those ruled out', () => {
  const labels = { a: '1', b: '2' };
  assert.ok(matchesLabels(parseFilters('{"label":["a","b=2"]}'), labels));
  assert.ok(!matchesLabels(parseFilters('{"label":["a=2"]}'), labels));
  assert.ok(!matchesLabels(parseFilters('{"label!":["a"]}'), labels));
  assert.ok(!matchesLabels(parseFilters('{"label":["toString"]}'), labels));
});

test('names match as text or as an expression', () => {
  assert.ok(matchesPattern(['^dat'], 'data'));
  assert.ok(matchesPattern(['['], '['));
  assert.ok(!matchesPattern(['['], 'data'));
});

test('until is a time, a date, or how long ago', () => {
  const now = new Date('2026-01-02T03:04:05Z');
  const until = (text: string): string | undefined => untilFilter(new Map([['until', [text]]]), now)?.toISOString();
  assert.equal(until('1h30m'), '2026-01-02T01:34:05.000Z');
  assert.equal(until('1700000000.5'), '2023-11-14T22:13:20.500Z');
  assert.equal(until('2025-12-31T23:59:59.123456789Z'), '2025-12-31T23:59:59.123Z');
  assert.equal(until('2025-12-31T23:59+01:00'), '2025-12-31T22:59:00.000Z');
  assert.throws(() => until('yesterday'), { class: 'InvalidArgument' });
  assert.throws(() => untilFilter(new Map([['until', ['1h', '2h']]]), now), {
    message: 'more than one until filter specified',
  });
});
