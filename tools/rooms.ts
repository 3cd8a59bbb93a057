/**
 * The rooms under `src/`, in order, and what follows from that order: which room may import which. Run, it writes the
 * rules into `.oxlintrc.json`; with `--check` it fails if they are not what this table says, or if the folders are not.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Room {
  readonly name: string;
  /** The rooms it may import, by their doors; without it every room above it in the table. */
  readonly imports?: readonly string[];
  /** A second door, for what is loaded only when it is first needed. */
  readonly later?: string;
  /** Runs in a browser's page as well: imports nothing but rooms and knows no name of Node. */
  readonly page?: true;
}

export const rooms: readonly Room[] = [
  { name: 'errors', page: true },
  { name: 'limits', page: true },
  { name: 'wasm', page: true },
  { name: 'wasi', page: true },
  { name: 'shell', page: true },
  { name: 'oci', page: true },
  { name: 'os' },
  { name: 'vfs' },
  { name: 'vnet' },
  { name: 'wire', imports: ['errors', 'limits', 'os'], later: 'services.ts' },
  { name: 'guest' },
  { name: 'shim' },
  { name: 'core' },
  { name: 'trust' },
  { name: 'engine' },
  { name: 'api' },
  { name: 'daemon' },
  { name: 'client', imports: ['errors'] },
  { name: 'cli', imports: ['client', 'errors'] },
  { name: 'compare', imports: ['client', 'errors'] },
];

/** Folders beside `src/` that import rooms by their doors; no room imports them. */
export const outside: readonly string[] = ['bench', 'e2e', 'examples', 'tools', 'web'];

const node_names = ['Buffer', 'process', 'require', 'global', 'setImmediate', 'clearImmediate', '__dirname'];

/** The rooms that `room` may import. */
export function mayImport(room: Room): readonly string[] {
  return room.imports ?? rooms.slice(0, rooms.indexOf(room)).map(({ name }) => name);
}

interface Override {
  readonly files: readonly string[];
  readonly excludeFiles?: readonly string[];
  readonly rules: Readonly<Record<string, readonly [string, ...unknown[]]>>;
}

interface Pattern {
  readonly regex: string;
  readonly message: string;
}

/**
 * One override a room, and for a page-pure one a second for its tests, which may use Node. The linter applies only the
 * last override that sets a rule, so each has the whole rule; it has neither lookahead nor a negation that holds, so
 * each pattern says plainly what is forbidden.
 */
export function overrides(): readonly Override[] {
  const all = rooms.flatMap((room): Override[] => {
    const patterns = directionOf(room);
    const code = `src/${room.name}/**/*.ts`;
    const tests = `src/${room.name}/**/*.test.ts`;
    if (room.page !== true) return [{ files: [code], rules: restrictedImports(patterns) }];
    const message = `${room.name}/ runs in a page: what is Node's enters it through an interface.`;
    const pure: Override = {
      files: [code],
      excludeFiles: [tests],
      rules: {
        ...restrictedImports([...patterns, { regex: '^[^.]', message }]),
        'no-restricted-globals': ['error', ...node_names.map((name) => ({ name, message }))],
      },
    };
    return [pure, { files: [tests], rules: restrictedImports(patterns) }];
  });
  const door = pastTheDoor('(?:^|/)src/[^/]+');
  return [...all, { files: outside.map((folder) => `${folder}/**/*.ts`), rules: restrictedImports([door]) }];
}

function directionOf(room: Room): readonly Pattern[] {
  const allowed = mayImport(room);
  const forbidden = rooms.map(({ name }) => name).filter((name) => name !== room.name && !allowed.includes(name));
  const list = allowed.length === 0 ? 'nothing' : allowed.map((name) => `${name}/`).join(', ');
  return [
    { regex: `${outOf(forbidden)}(?:/|$)`, message: `${room.name}/ may import ${list}; tools/rooms.ts has the table.` },
    { regex: `${outOf(outside)}(?:/|$)`, message: `What ships is in src/ and imports nothing beside it.` },
    pastTheDoor(outOf([room.name, ...allowed])),
  ];
}

/**
 * A relative path that climbs and then enters one of the folders `names`. A folder inside a room that is called as a
 * room is raises a false alarm when its neighbours import it, and never hides a true one.
 */
function outOf(names: readonly string[]): string {
  return `(?:^|/)\\.\\./(?:src/)?(?:${names.join('|')})`;
}

/** The files a room is entered by. */
const doors: readonly string[] = ['index.ts', ...rooms.flatMap(({ later }) => (later === undefined ? [] : [later]))];

/** Anything in the folder that `folder` matches, but its doors. */
function pastTheDoor(folder: string): Pattern {
  return { regex: `${folder}(?:$|/${otherThan(doors)})`, message: 'The only door of a room is its index.ts.' };
}

/** A regular expression without lookahead for every text but `words`, none of which begins another, to the end. */
function otherThan(words: readonly string[]): string {
  if (words.includes('')) return '.+$';
  const letters = [...new Set(words.map((word) => word[0]!))];
  const further = letters.map((letter) => {
    const rest = words.filter((word) => word.startsWith(letter)).map((word) => word.slice(1));
    return `${letter.replace('.', '\\.')}${otherThan(rest)}`;
  });
  return `(?:$|[^${letters.map((letter) => letter.replace('.', '\\.')).join('')}].*$|${further.join('|')})`;
}

function restrictedImports(patterns: readonly Pattern[]): Override['rules'] {
  const message = 'A module is imported, never required: require is not seen by the rules of the rooms.';
  const paths = [{ name: 'node:module', importNames: ['createRequire'], message }];
  return { 'no-restricted-imports': ['error', { paths, patterns }] };
}

/** The configuration in `text` with the rooms' overrides in place of those it had; others stay, and stay before. */
export function withRooms(text: string): string {
  const config = JSON.parse(text) as { overrides?: readonly Override[] };
  const others = (config.overrides ?? []).filter(({ rules }) => rules['no-restricted-imports'] === undefined);
  return `${JSON.stringify({ ...config, overrides: [...others, ...overrides()] }, undefined, 2)}\n`;
}

/** What is wrong with the files of the checkout at `root`, a sentence each. */
export function faults(root: string): readonly string[] {
  const found: string[] = [];
  const names = new Set(rooms.map(({ name }) => name));
  const files = globSync('src/**/*.ts', { cwd: root });
  if (files.length === 0) found.push('There is no TypeScript file under src/: nothing was checked.');
  const folders = new Set<string>();
  for (const file of files) {
    const [, room = '', ...inner] = file.split('/');
    // src/page.d.ts and the like belong to no room.
    if (inner.length > 0) folders.add(room);
    // The one form of import that the linter does not read.
    if (/\bimport\s*\(\s*`/.test(readFileSync(join(root, file), 'utf8'))) {
      found.push(`${file}: import() of a template is hidden from the rules of the rooms; use a quoted string.`);
    }
  }
  for (const folder of folders) {
    if (!names.has(folder)) found.push(`src/${folder}/ is not in the table of tools/rooms.ts.`);
    // A program that nothing imports needs no door.
    else if (!['index.ts', 'main.ts'].some((file) => existsSync(join(root, 'src', folder, file)))) {
      found.push(`src/${folder}/ has no door, index.ts.`);
    }
  }
  return found;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..');
  const path = join(root, '.oxlintrc.json');
  const text = readFileSync(path, 'utf8');
  const wanted = withRooms(text);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, wanted);
    execFileSync(join(root, 'node_modules/.bin/oxfmt'), [path]);
  } else {
    const found = [...faults(root)];
    // Compared as what it says: how it is laid out is the formatter's.
    if (JSON.stringify(JSON.parse(text)) !== JSON.stringify(JSON.parse(wanted))) {
      found.push('.oxlintrc.json is not what tools/rooms.ts makes it: run `node tools/rooms.ts`.');
    }
    for (const fault of found) console.error(fault);
    if (found.length > 0) process.exitCode = 1;
  }
}
