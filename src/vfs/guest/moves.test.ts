import assert from 'node:assert/strict';
import { test } from 'node:test';

import { directory_moves_remembered_max } from '../../limits/index.ts';
import { Moves } from './moves.ts';

test('a path follows the renames of what it lies in', () => {
  const moves = new Moves();
  moves.add(1, 'a', 'b');
  moves.add(2, 'b', 'elsewhere');
  moves.add(1, 'b/x', 'c');
  assert.equal(moves.follow(1, 'a/x/y', 0), 'c/y');
  assert.equal(moves.follow(1, 'a/xx', 0), 'b/xx');
  assert.equal(moves.follow(1, 'a/x', 1), 'a/x');
  assert.equal(moves.follow(1, '', 0), '');
});

test('what was removed or replaced is gone, whatever has its name later', () => {
  const moves = new Moves();
  moves.add(1, 'a', null);
  moves.add(1, 'b', 'c');
  assert.equal(moves.follow(1, 'a/x', 0), null);
  assert.equal(moves.follow(1, 'c', 0), null);
  assert.equal(moves.follow(1, 'a/x', 1), 'a/x');
});

test('who was not asked for longer than is remembered is gone', () => {
  const moves = new Moves();
  for (let i = 0; i <= directory_moves_remembered_max; i++) moves.add(1, `a${i}`, `b${i}`);
  assert.equal(moves.follow(1, 'x', 0), null);
  assert.equal(moves.follow(1, 'x', moves.count - 1), 'x');
});
