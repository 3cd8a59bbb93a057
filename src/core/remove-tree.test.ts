import assert from 'node:assert/strict';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { removeTree } from './remove-tree.ts';
import { temporaryFolder } from './testing/temporary.ts';

/** Directories in each other, made from the innermost, so that no path is too long while they are. */
function deepTree(folder: string): string {
  const name = 'd'.repeat(200);
  const [tree, next] = [join(folder, 'tree'), join(folder, 'next')];
  mkdirSync(tree);
  for (let i = 0; i < 60; i++) {
    mkdirSync(next);
    writeFileSync(join(next, 'leaf'), '');
    renameSync(tree, join(next, name));
    renameSync(next, tree);
  }
  return tree;
}

test('a tree deeper than any path is removed', async (t) => {
  const folder = temporaryFolder(t);
  const tree = deepTree(folder);
  await assert.rejects(rm(tree, { recursive: true, force: true }), { code: 'ENAMETOOLONG' });
  await removeTree(tree);
  assert.ok(!existsSync(tree));
});
