import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { limitsPage, page_path, source_path } from './limits-page.ts';

const source = readFileSync(source_path, 'utf8');

test('docs/limits.md is what src/limits/index.ts says', () => {
  const kept = readFileSync(page_path, 'utf8').split('\n');
  const made = limitsPage(source).split('\n');
  const at = made.findIndex((line, i) => line !== kept[i]);
  assert.equal(kept[at], made[at], `line ${at + 1} of docs/limits.md differs: run \`node tools/limits-page.ts\``);
  assert.equal(kept.length, made.length);
});

test('a bound without a comment over its group is not passed over', () => {
  const [, first] = /^export const (\w+)/m.exec(source)!;
  const without = source.replace(new RegExp(`^export const ${first}.*$`, 'm'), '');
  assert.throws(() => limitsPage(without), new RegExp(`${first} stands in no group`));
  assert.throws(() => limitsPage(`${without}\n\nexport const ${first}: number = 1;\n`), /no comment over/);
});
