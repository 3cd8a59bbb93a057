import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { faults, mayImport, outside, overrides, type Room, rooms, withRooms } from './rooms.ts';

const root = join(import.meta.dirname, '..');
const copy = mkdtempSync(join(tmpdir(), 'wherry-rooms-'));
after(() => rmSync(copy, { recursive: true }));

const made = new Set<string>();

function plant(path: string, text: string): void {
  const folder = join(copy, dirname(path));
  if (!made.has(folder)) mkdirSync(folder, { recursive: true });
  made.add(folder);
  writeFileSync(join(copy, path), text);
}

/** Every way to import. */
const kinds: Readonly<Record<string, (from: string) => string>> = {
  import: (from) => `import { value } from '${from}';\nexport const other: number = value;\n`,
  namespace: (from) => `import * as all from '${from}';\nexport const other: number = all.value;\n`,
  effect: (from) => `import '${from}';\n`,
  export: (from) => `export { value } from '${from}';\n`,
  'export-all': (from) => `export * from '${from}';\n`,
  type: (from) => `import type { Value } from '${from}';\nexport type Other = Value;\n`,
  'export-type': (from) => `export type { Value } from '${from}';\n`,
  'type-annotation': (from) => `export type Other = import('${from}').Value;\n`,
  dynamic: (from) => `export const other: Promise<unknown> = import('${from}');\n`,
};

const content = 'export const value: number = 1;\nexport type Value = number;\n';

interface Planted {
  readonly path: string;
  readonly forbidden: boolean;
  /** The rule that has to report it. */
  readonly rule: string;
}

const direction = 'eslint(no-restricted-imports)';
const names = 'eslint(no-restricted-globals)';
/** Whatever it leads to: there is `import type` for it. */
const annotation = 'typescript(consistent-type-imports)';

/** Plants a file in `room` for every kind of import of `from`, and one more a folder down. */
function plantKinds(planted: Planted[], room: string, label: string, from: string, forbidden: boolean): void {
  for (const [kind, text] of Object.entries(kinds)) {
    const annotated = kind === 'type-annotation';
    if (annotated && !forbidden) continue;
    const path = `src/${room}/${label}-${kind}.ts`;
    plant(path, text(from));
    planted.push({ path, forbidden, rule: annotated ? annotation : direction });
  }
  const winding = { below: `../${from}`, dot: `./${from}`, wound: `../below/../${from}` };
  for (const [form, path_from] of Object.entries(winding)) {
    const path = `src/${room}/${form === 'dot' ? '' : 'below/'}${label}-${form}.ts`;
    plant(path, kinds['import']!(path_from));
    planted.push({ path, forbidden, rule: direction });
  }
}

function plantEverything(): Planted[] {
  const planted: Planted[] = [];
  for (const { name } of rooms) {
    plant(`src/${name}/index.ts`, content);
    plant(`src/${name}/deep.ts`, content);
    plant(`src/${name}/below/index.ts`, content);
  }
  for (const room of rooms) {
    for (const other of rooms) {
      if (other.name === room.name) continue;
      const forbidden = !mayImport(room).includes(other.name);
      plantKinds(planted, room.name, other.name, `../${other.name}/index.ts`, forbidden);
      if (!forbidden) {
        plantKinds(planted, room.name, `${other.name}-deep`, `../${other.name}/deep.ts`, true);
        plantKinds(planted, room.name, `${other.name}-below`, `../${other.name}/below/index.ts`, true);
      }
    }
    for (const folder of outside) plantKinds(planted, room.name, folder, `../../${folder}/x.ts`, true);
    const own = `src/${room.name}/below/own.ts`;
    plant(own, kinds['import']!('../deep.ts'));
    planted.push({ path: own, forbidden: false, rule: direction });
    plantPurity(planted, room);
  }
  for (const folder of outside) {
    plant(`${folder}/door.ts`, kinds['import']!('../src/os/index.ts'));
    plant(`${folder}/deep.ts`, kinds['import']!('../src/os/deep.ts'));
    planted.push({ path: `${folder}/door.ts`, forbidden: false, rule: direction });
    planted.push({ path: `${folder}/deep.ts`, forbidden: true, rule: direction });
  }
  return planted;
}

function plantPurity(planted: Planted[], room: Room): void {
  const uses: Readonly<Record<string, string>> = {
    module: `import { join } from 'node:path';\nexport const other: string = join('a', 'b');\n`,
    dynamic: `export const other: Promise<unknown> = import('node:path');\n`,
    package: `import type { Dispatcher } from 'undici';\nexport type Other = Dispatcher;\n`,
    buffer: `export const other: number = Buffer.byteLength('a');\n`,
    process: `export const other: string = process.platform;\n`,
  };
  for (const [use, text] of Object.entries(uses)) {
    const path = `src/${room.name}/pure-${use}.ts`;
    const rule = use === 'buffer' || use === 'process' ? names : direction;
    plant(path, text);
    planted.push({ path, forbidden: room.page === true, rule });
    plant(path.replace('.ts', '.test.ts'), text);
    planted.push({ path: path.replace('.ts', '.test.ts'), forbidden: false, rule });
  }
  const required = `src/${room.name}/pure-require.ts`;
  plant(required, `import { createRequire } from 'node:module';\nexport const other: unknown = createRequire('/');\n`);
  planted.push({ path: required, forbidden: true, rule: direction });
}

/** What the linter reports, as `rule path`, and how many files it read. */
function lint(): { readonly reported: ReadonlySet<string>; readonly count: number } {
  const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as Record<string, unknown>;
  // What needs types is not under test here, and there are no types in the copy.
  plant('.oxlintrc.json', JSON.stringify({ ...config, options: {} }));
  const linter = join(root, 'node_modules/.bin/oxlint');
  const { stdout, stderr } = spawnSync(linter, ['--format', 'json'], {
    cwd: copy,
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
  });
  assert.match(stdout, /^\s*\{/, stderr);
  const result = JSON.parse(stdout) as {
    readonly number_of_files: number;
    readonly diagnostics: readonly { readonly filename: string; readonly code: string }[];
  };
  return {
    reported: new Set(result.diagnostics.map(({ filename, code }) => `${code} ${filename}`)),
    count: result.number_of_files,
  };
}

test('the linter catches every forbidden import, in every form, and leaves the allowed ones alone', () => {
  const planted = plantEverything();
  const { reported, count } = lint();
  assert.ok(count >= planted.length, `the linter read ${count} of ${planted.length} planted files`);
  const missed = planted.filter(({ path, forbidden, rule }) => forbidden && !reported.has(`${rule} ${path}`));
  const accused = planted.filter(
    ({ path, forbidden }) => !forbidden && [direction, names].some((rule) => reported.has(`${rule} ${path}`)),
  );
  assert.deepEqual(
    missed.map(({ path }) => path),
    [],
    'forbidden, but not reported',
  );
  assert.deepEqual(
    accused.map(({ path }) => path),
    [],
    'allowed, but reported',
  );
  const pairs = rooms.length * (rooms.length - 1);
  const allowed = rooms.reduce((sum, room) => sum + mayImport(room).length, 0);
  assert.ok(planted.filter(({ forbidden }) => forbidden).length > (pairs - allowed) * Object.keys(kinds).length);
});

test('the configuration in the repository is what the table makes', () => {
  const text = readFileSync(join(root, '.oxlintrc.json'), 'utf8');
  assert.deepEqual(JSON.parse(text), JSON.parse(withRooms(text)));
});

test('a room has one override, a page-pure one a second for its tests', () => {
  for (const room of rooms) {
    const own = overrides().filter(({ files }) => files.some((glob) => glob.startsWith(`src/${room.name}/`)));
    assert.equal(own.length, room.page === true ? 2 : 1, room.name);
  }
});

test('folders that the table does not know, lack a door or hide an import are found', () => {
  const place = mkdtempSync(join(tmpdir(), 'wherry-faults-'));
  after(() => rmSync(place, { recursive: true }));
  assert.match(faults(place).join('\n'), /nothing was checked/);
  for (const [path, text] of [
    ['src/cellar/index.ts', ''],
    ['src/core/store.ts', ''],
    ['src/os/index.ts', 'export const x = import(`../core/index.ts`);'],
  ] as const) {
    mkdirSync(join(place, dirname(path)), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  assert.deepEqual([...faults(place)].sort(), [
    'src/cellar/ is not in the table of tools/rooms.ts.',
    'src/core/ has no door, index.ts.',
    'src/os/index.ts: import() of a template is hidden from the rules of the rooms; use a quoted string.',
  ]);
});
