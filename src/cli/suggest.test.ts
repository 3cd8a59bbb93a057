import assert from 'node:assert/strict';
import { test } from 'node:test';

import { suggestion } from './suggest.ts';

const known = ['run', 'ps', 'logs', 'images', 'stop', 'version'];

test('a slip of the fingers finds the command, nonsense finds none', () => {
  assert.equal(suggestion('rnu', known), 'run');
  assert.equal(suggestion('imges', known), 'images');
  assert.equal(suggestion('ver', known), 'version');
  assert.equal(suggestion('frobnicate', known), null);
});
