import assert from 'node:assert/strict';
import { test } from 'node:test';

import { touched_directories_max } from '../../limits/index.ts';
import { Announcements } from '../broker/announcements.ts';
import { Touched } from './touched.ts';

test('a directory is touched by itself, a replaced one with all that is below', () => {
  const touched = new Touched(['', 'a/b', 'c/']);
  assert.deepEqual(
    ['', 'a', 'a/b', 'a/b/c', 'c', 'c/d/e', 'cc'].map((path) => touched.has(path)),
    [true, false, true, false, true, true, false],
  );
  assert.deepEqual([touched.isReplaced('a/b'), touched.isReplaced('c/d')], [false, true]);
});

test('more than can be remembered means everything, on both sides', () => {
  const announcements = new Announcements([]);
  const touched = new Touched([]);
  for (let i = 0; i <= touched_directories_max; i++) announcements.touch(`d${i}`);
  assert.deepEqual(announcements.all, ['/']);
  for (const path of announcements.all) touched.add(path);
  assert.ok(touched.has('') && touched.has('any/where') && touched.isReplaced('x'));
  for (let i = 0; i <= touched_directories_max; i++) new Touched([]).add(`d${i}`);
});

test('what was told is not told again, unless something is gone', () => {
  const announcements = new Announcements(['a']);
  assert.deepEqual(announcements.take(), []);
  announcements.touch('a');
  announcements.touch('b');
  assert.deepEqual(announcements.take(), ['b']);
  announcements.removed('a');
  assert.deepEqual(announcements.take(), ['a']);
  assert.deepEqual(announcements.all, ['a', 'b']);
});
