import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { bundle } from './bundle.ts';

const root = mkdtempSync(join(tmpdir(), 'wherry-bundle-'));
after(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** As if the file had been saved a while from now. */
function touch(path: string): void {
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(root, path), later, later);
}

function run(program: string): string {
  const { stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist', `${program}.js`)], { encoding: 'utf8' });
  assert.equal(stderr, '');
  return stdout.trim();
}

write('package.json', '{ "type": "module" }');
write('README.md', '');
write('src/os/index.test.ts', '');
write('src/os/index.ts', `import { sep as separator } from 'node:path';\nexport const sep: string = separator;\n`);
write(
  'src/shim/main.ts',
  `import path, { basename } from 'node:path';
import { readFile } from 'fs/promises';
import { sep } from '../os/index.ts';
interface Read { readonly type: string }
const read = JSON.parse(await readFile(path.join(import.meta.dirname, '../package.json'), 'utf8')) as Read;
console.log(basename('/a/b') + sep + read.type);
`,
);

test('a program becomes one file, with what it imports and what it awaits', async () => {
  assert.deepEqual(await bundle(root), { built: ['shim'], failed: {} });
  assert.equal(run('shim'), 'b/module');
  assert.deepEqual(readdirSync(join(root, 'dist')), ['shim.js']);
  assert.doesNotMatch(readFileSync(join(root, 'dist/shim.js'), 'utf8'), /^import |from "/m);
});

test('nothing is written while no source is newer', async () => {
  touch('src/os/index.test.ts');
  touch('README.md');
  assert.deepEqual(await bundle(root), { built: [], failed: {} });
});

test('a changed source makes it new, and a broken one leaves the program that was', async () => {
  write('src/os/index.ts', `export const sep: string = '+';\n`);
  touch('src/os/index.ts');
  assert.deepEqual((await bundle(root)).built, ['shim']);
  assert.equal(run('shim'), 'b+module');
  write('src/os/index.ts', `export const sep: string = ;\n`);
  write('src/cli/main.ts', `console.log('cli');\n`);
  const { built, failed } = await bundle(root);
  assert.deepEqual(built, ['cli']);
  assert.match(failed['shim'] ?? '', /src\/os\/index\.ts:1:27: ERROR: Unexpected ";"/);
  assert.equal(run('shim'), 'b+module');
  assert.deepEqual(readdirSync(join(root, 'dist')).sort(), ['cli.js', 'shim.js']);
});
