import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { limitsPage, page_path, source_path } from './limits-page.ts';

const source = readFileSync(source_path, 'utf8');

test('docs/limits.md is what src/limits/index.ts says; else run `node tools/limits-page.ts`', () => {
  assert.equal(readFileSync(page_path, 'utf8'), limitsPage(source));
});

test('a bound without a comment over its group is not passed over', () => {
  const [, first] = /^export const (\w+)/m.exec(source)!;
  const without = source.replace(new RegExp(`^export const ${first}.*$`, 'm'), '');
  assert.throws(() => limitsPage(without), new RegExp(`${first} stands in no group`));
  assert.throws(() => limitsPage(`${without}\n\nexport const ${first}: number = 1;\n`), /no comment over/);
});
