/**
 * The WASI test suite (preview 1) through containers: each program as the entrypoint of a fresh one, with either way of
 * starting guests, and its files in turn in the image, in a folder of the host, in a volume and in a tmpfs. The suite is
 * looked for where `WHERRY_SHARED` says, else in `shared` beside the checkout.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { test } from 'node:test';

import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { imageArchive, type ImageFile } from './image.ts';

const suite = join(process.env['WHERRY_SHARED'] ?? join(checkout, '../shared'), 'testdata/wasi-testsuite');
const in_ci = (process.env['CI'] ?? '') !== '';
const at_once = 4;
/** What a container has without being asked; `-e NAME` takes each away again. */
const defaults = ['PATH', 'HOSTNAME', 'HOME', 'PWD'];

interface Case {
  /** Language and name, as in `rust/path_link`. */
  readonly name: string;
  readonly language: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The folder whose files the program works on. */
  readonly root?: string;
  readonly stdout?: string;
  readonly exit_code?: number;
}

/** Where a program's files lie. */
interface Backend {
  readonly name: string;
  readonly takes: (each: Case) => boolean;
  /** The options of `docker run` that put them at `/t`; a folder of this container alone to use. */
  readonly options: (each: Case, folder: string) => readonly string[];
}

const backends: readonly Backend[] = [
  { name: 'image', takes: () => true, options: () => [] },
  {
    name: 'bind',
    takes: ({ root }) => root !== undefined,
    options(each, folder) {
      for (const entry of entriesOf(rootOf(each)))
        if (entry.isDirectory) mkdirSync(join(folder, entry.path));
        else writeFileSync(join(folder, entry.path), readFileSync(entry.from));
      return ['-v', `${folder}:/t`];
    },
  },
  // An empty volume is filled with what the image has at its place.
  { name: 'volume', takes: ({ root }) => root !== undefined, options: () => ['-v', '/t'] },
  { name: 'tmpfs', takes: (each) => each.root !== undefined && isEmpty(each), options: () => ['--tmpfs', '/t'] },
];

function rootOf({ language, root }: Case): string {
  return join(suite, language, root!);
}

/** Whether nothing but hidden files, which keep a folder in a repository, lie in the program's root. */
function isEmpty(each: Case): boolean {
  return readdirSync(rootOf(each)).every((name) => name.startsWith('.'));
}

function readCases(): Case[] {
  const languages = readdirSync(suite).filter((name) => statSync(join(suite, name)).isDirectory());
  return languages.flatMap((language) =>
    readdirSync(join(suite, language))
      .filter((name) => name.endsWith('.wasm'))
      .map((file) => {
        const name = basename(file, '.wasm');
        const described = join(suite, language, `${name}.json`);
        const rest = existsSync(described) ? (JSON.parse(readFileSync(described, 'utf8')) as Partial<Case>) : {};
        return { ...rest, name: `${language}/${name}`, language };
      }),
  );
}

interface Entry {
  readonly from: string;
  /** Below the folder. */
  readonly path: string;
  readonly isDirectory: boolean;
}

/** What lies in a folder, each directory before what is in it, without what earlier runs of a suite left behind. */
function entriesOf(folder: string): Entry[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.name.endsWith('.cleanup'))
    .map((entry) => {
      const from = join(entry.parentPath, entry.name);
      return { from, path: relative(folder, from), isDirectory: entry.isDirectory() };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Programs as `/bin/NAME.wasm`, what they work on as `/t`. */
function readFiles(language: string): ImageFile[] {
  const folder = join(suite, language);
  const programs = readdirSync(folder)
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => ({ path: `bin/${name}`, bytes: readFileSync(join(folder, name)), mode: 0o755 }));
  const root = join(folder, 'fs-tests.dir');
  const data = (existsSync(root) ? entriesOf(root) : []).map(({ from, isDirectory, path }): ImageFile =>
    isDirectory ? { path: `t/${path}`, dir: true } : { path: `t/${path}`, bytes: readFileSync(from) },
  );
  return [...programs, { path: 't', dir: true }, ...data];
}

/** Why the case fails; null when it passes. */
async function run(daemon: Daemon, backend: Backend, each: Case): Promise<string | null> {
  const { name, language, args = [], env = {}, ...expected } = each;
  const variables = [...defaults, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)];
  const folder = join(daemon.folder, 't', backend.name, name);
  mkdirSync(folder, { recursive: true });
  const command = [
    'run',
    '--rm',
    '-w',
    '/t',
    ...backend.options(each, folder),
    ...variables.flatMap((variable) => ['-e', variable]),
    '--entrypoint',
    `/bin/${basename(name)}.wasm`,
    language,
    ...args,
  ];
  const { code, stdout, stderr } = await daemon.docker(command, { env: {} });
  rmSync(folder, { recursive: true, force: true });
  if (code !== (expected.exit_code ?? 0)) return `exit code ${code}: ${stderr.trim().slice(0, 400)}`;
  if (expected.stdout !== undefined && stdout.toString() !== expected.stdout)
    return `stdout ${JSON.stringify(stdout.toString())}`;
  return null;
}

for (const way of ['fork', 'spawn'] as const)
  test(`the WASI test suite passes in containers, started by ${way}`, async (t) => {
    if (!existsSync(suite)) {
      assert.ok(!in_ci, `the WASI test suite is not at ${suite}: set WHERRY_SHARED to the folder that holds testdata/`);
      t.skip(`the WASI test suite is not at ${suite}`);
      return;
    }
    const cases = readCases();
    assert.ok(cases.length >= 57, 'the suite is whole');
    const daemon = await startDaemon({ way });
    try {
      for (const language of new Set(cases.map((each) => each.language)))
        await daemon.ok(['load'], { input: await imageArchive({ tag: language, files: readFiles(language) }) });
      const failures: string[] = [];
      for (const backend of backends) {
        const taken = cases.filter(backend.takes);
        const waiting = [...taken];
        const failures_before = failures.length;
        const worker = async (): Promise<void> => {
          for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
            const why = await run(daemon, backend, next);
            if (why !== null) failures.push(`${backend.name}, ${next.name}: ${why}`);
          }
        };
        await Promise.all(Array.from({ length: at_once }, worker));
        const passed = taken.length - (failures.length - failures_before);
        console.log(`wasi: ${passed} of ${taken.length} pass, files in: ${backend.name} (${way})`);
      }
      assert.deepEqual(failures, []);
    } finally {
      await daemon.stop();
    }
  });
