/** House style that no linter knows. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { test } from 'node:test';

import { faults, outside } from './rooms.ts';

const root = join(import.meta.dirname, '..');
const source_lines_max = 500;

const folders = ['src', 'docs', ...outside].map((folder) => `${folder}/**/*`);
const text_extensions = new Set([
  '.ts',
  '.md',
  '.json',
  '.jsonc',
  '.sh',
  '.c',
  '.proto',
  '.yaml',
  '.yml',
  '.sql',
  '.html',
  '',
]);

/** Every file a person wrote, with its text. What is generated or only tested with is not. */
const files: readonly { readonly path: string; readonly text: string }[] = globSync(
  ['*', '.ci/**/*', '.github/**/*', ...folders],
  {
    cwd: root,
    exclude: ['node_modules', 'dist', 'src/wire/gen', 'package-lock.json', '**/testdata', '**/recordings'],
    withFileTypes: true,
  },
)
  .filter((entry) => entry.isFile() && text_extensions.has(extname(entry.name)))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path: path.slice(root.length + 1), text: readFileSync(path, 'utf8') }));

const sources = files.filter(({ path }) => path.startsWith('src/') && path.endsWith('.ts'));
const themselves = 'tools/tidy.test.ts';

const paths = (found: readonly { readonly path: string }[]): string[] => found.map(({ path }) => path);

test('there is something to look at', () => {
  assert.ok(sources.length > 50, `${sources.length} sources found`);
  for (const path of [themselves, 'package.json', 'docs/dependencies.md', 'wherry']) {
    assert.ok(paths(files).includes(path), path);
  }
});

test('every room is in the table and has its door', () => {
  assert.deepEqual(faults(root), []);
});

test('nothing is left for later', () => {
  const left = files.filter(({ path, text }) => path !== themselves && /\b(?:TODO|FIXME)\b/.test(text));
  assert.deepEqual(paths(left), []);
});

test('a source can be read in one sitting', () => {
  const long = sources.filter(({ text }) => text.split('\n').length - 1 > source_lines_max);
  assert.deepEqual(paths(long), []);
});

test('a file says what it is about', () => {
  const vague = /^(?:utils?|helpers?|common|misc|shared|stuff)$/;
  const named = files.filter(({ path }) =>
    [basename(path).split('.')[0] ?? '', ...dirname(path).split('/')].some((name) => vague.test(name)),
  );
  assert.deepEqual(paths(named), []);
});

test('no file knows where somebody keeps a checkout, or what lies beside it', () => {
  const places = [`${root}/`, join(root, '..', 'shared'), '../shared/'];
  const telling = files.filter(({ path, text }) => path !== themselves && places.some((place) => text.includes(place)));
  assert.deepEqual(paths(telling), []);
});

test('no test is skipped or left alone with `only`', () => {
  const tests = files.filter(({ path }) => path.endsWith('.test.ts') && path !== themselves);
  const switched = tests.filter(({ text }) => /\b(?:test|it|describe|suite)\.(?:skip|todo|only)\(/.test(text));
  assert.deepEqual(paths(switched), []);
});

test('docs/dependencies.md has a line for each dependency and for nothing else', () => {
  const page = files.find(({ path }) => path === 'docs/dependencies.md');
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, object | undefined>;
  const wanted = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((kind) =>
    Object.keys(manifest[kind] ?? {}),
  );
  const rows = page?.text.split('\n').filter((line) => line.startsWith('| `')) ?? [];
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1]));
  assert.deepEqual(named.sort(), wanted.sort());
});
