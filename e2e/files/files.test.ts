import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareFiles, excused_share_max, showComparison } from './compare.ts';
import { rules } from './excused.ts';

const sequences = 400;
const seed = 1;

test('image with writable layer, bind mount, volume, tmpfs and memory behave as a directory of the kernel', async () => {
  const comparison = await compareFiles(sequences, seed);
  showComparison(comparison);
  assert.ok(rules.length <= 20);
  assert.ok(comparison.excused <= excused_share_max * sequences, `${comparison.excused} sequences needed a rule`);
});
