/**
 * The WASI test suite (preview 1) through containers: each program as the entrypoint of a fresh one, with either way of
 * starting guests. The suite is looked for where `WHERRY_SHARED` says, else in `shared` beside the checkout.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { test } from 'node:test';

import expected_failures from './wasi-expected-failures.json' with { type: 'json' };
import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { imageArchive, type ImageFile } from './image.ts';

const suite = join(process.env['WHERRY_SHARED'] ?? join(checkout, '../shared'), 'testdata/wasi-testsuite');
const in_ci = (process.env['CI'] ?? '') !== '';
const known: Readonly<Record<string, string>> = expected_failures;
const at_once = 4;
/** What a container has without being asked; `-e NAME` takes each away again. */
const defaults = ['PATH', 'HOSTNAME', 'HOME', 'PWD'];

interface Case {
  /** Language and name, as in `rust/path_link`. */
  readonly name: string;
  readonly language: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly root?: string;
  readonly stdout?: string;
  readonly exit_code?: number;
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

/** Programs as `/bin/LANGUAGE/NAME.wasm`, what they work on as `/t/LANGUAGE`. */
function readFiles(languages: ReadonlySet<string>): ImageFile[] {
  return [...languages].flatMap((language) => {
    const folder = join(suite, language);
    const programs = readdirSync(folder)
      .filter((name) => name.endsWith('.wasm'))
      .map((name) => ({ path: `bin/${language}/${name}`, bytes: readFileSync(join(folder, name)), mode: 0o755 }));
    const root = join(folder, 'fs-tests.dir');
    const data: ImageFile[] = existsSync(root)
      ? readdirSync(root, { recursive: true, withFileTypes: true })
          .filter((entry) => !entry.name.endsWith('.cleanup'))
          .map((entry) => {
            const from = join(entry.parentPath, entry.name);
            const path = `t/${language}/${relative(root, from)}`;
            return entry.isDirectory() ? { path, dir: true } : { path, bytes: readFileSync(from) };
          })
      : [];
    return [...programs, { path: `t/${language}`, dir: true }, ...data];
  });
}

/** Why the case fails; null when it passes. */
async function run(daemon: Daemon, { name, language, args = [], env = {}, ...expected }: Case): Promise<string | null> {
  const variables = [...defaults, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)].flatMap((each) => [
    '-e',
    each,
  ]);
  const command = [
    'run',
    '--rm',
    '-w',
    `/t/${language}`,
    ...variables,
    '--entrypoint',
    `/bin/${name}.wasm`,
    'suite',
    ...args,
  ];
  const { code, stdout, stderr } = await daemon.docker(command, { env: {} });
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
    const daemon = await startDaemon({ way });
    try {
      const files = readFiles(new Set(cases.map(({ language }) => language)));
      await daemon.ok(['load'], { input: await imageArchive({ tag: 'suite', files }) });
      const failures = new Map<string, string>();
      const waiting = [...cases];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          const why = await run(daemon, next);
          if (why !== null) failures.set(next.name, why);
        }
      };
      await Promise.all(Array.from({ length: at_once }, worker));

      console.log(`wasi: ${cases.length - failures.size} of ${cases.length} pass (${way})`);
      assert.ok(cases.length >= 57, 'the suite is whole');
      const surprises = [...failures].filter(([name]) => !(name in known)).map(([name, why]) => `${name}: ${why}`);
      assert.deepEqual(surprises, [], 'only what is listed in e2e/wasi-expected-failures.json fails');
      const passing = Object.keys(known).filter((name) => !failures.has(name));
      assert.deepEqual(passing, [], 'what passes is taken out of e2e/wasi-expected-failures.json');
    } finally {
      await daemon.stop();
    }
  });
