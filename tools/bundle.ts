/**
 * Bundles each program into one file under `dist/`: what runs hot starts faster from one file, and a running process is
 * not hurt when an update replaces the files it came from. Does nothing when no source is newer than the bundles.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import type { Plugin } from 'esbuild';

/** Each program with the file it begins in; those that do not exist are passed over. */
const programs: Readonly<Record<string, string>> = {
  cli: 'src/cli/main.ts',
  daemon: 'src/daemon/main.ts',
  shim: 'src/shim/main.ts',
  guest: 'src/guest/inside/main.ts',
  shell: 'src/shell/main.ts',
  'image-modules': 'src/shim/containerd/image-modules.ts',
};

/** Of every program. */
const settings = {
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  legalComments: 'none',
  logLevel: 'silent',
  get plugins(): Plugin[] {
    return [builtins];
  },
} as const;

/** Of what a guest's process evaluates: its value is what it exports. */
const script = { format: 'iife', globalName: 'wherry_shell', footer: { js: 'wherry_shell;' }, minify: true } as const;

export interface Bundled {
  /** Programs that were written. */
  readonly built: readonly string[];
  /** Programs that could not be, with the reason as esbuild prints it; what was in `dist/` for them is still there. */
  readonly failed: Readonly<Record<string, string>>;
}

/** Brings `dist/` of the checkout at `root` up to date. A program appears there whole or not at all. */
export async function bundle(root: string): Promise<Bundled> {
  const dist = join(root, 'dist');
  const newest_ms = newestSource(root);
  const due = Object.entries(programs).filter(
    ([name, entry]) => existsSync(join(root, entry)) && modified(join(dist, `${name}.js`)) < newest_ms,
  );
  const built: string[] = [];
  const failed: Record<string, string> = {};
  if (due.length === 0) return { built, failed };
  // Loaded only now: finding that there is nothing to do must stay cheap.
  const { build } = await import('esbuild');
  mkdirSync(dist, { recursive: true });
  copyNative(root, dist);
  await Promise.all(
    due.map(async ([name, entry]) => {
      const path = join(dist, `${name}.js`);
      const partial = `${path}.${process.pid}`;
      const began = new Date();
      try {
        await build({
          ...settings,
          ...(name === 'shell' ? script : {}),
          absWorkingDir: root,
          entryPoints: [entry],
          outfile: partial,
        });
        // As old as what it was made from: a source saved meanwhile is newer.
        utimesSync(partial, began, began);
        renameSync(partial, path);
        built.push(name);
      } catch (thrown) {
        rmSync(partial, { force: true });
        failed[name] = thrown instanceof Error ? thrown.message : String(thrown);
      }
    }),
  );
  return { built, failed };
}

/** What is not JavaScript lies beside the bundles that use it; and which Node it is that they are run by. */
function copyNative(root: string, dist: string): void {
  const folder = join(root, 'native');
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const is_program = name.endsWith(`-${process.arch}`);
    if (!is_program && !name.endsWith(`-${process.arch}.node`)) continue;
    const to = join(dist, is_program ? name.slice(0, -process.arch.length - 1) : name);
    copyFileSync(join(folder, name), `${to}.new`);
    renameSync(`${to}.new`, to);
  }
  writeFileSync(join(dist, 'shim-node.new'), `${process.execPath}\n`);
  renameSync(join(dist, 'shim-node.new'), join(dist, 'shim-node'));
}

/**
 * Bundles one program that does not ship from `entry` of the checkout at `root` into `outfile`; `define` gives names in
 * it their values.
 */
export async function bundleForTest(options: {
  readonly root: string;
  readonly entry: string;
  readonly outfile: string;
  readonly define: Readonly<Record<string, unknown>>;
}): Promise<void> {
  const { root, entry, outfile } = options;
  const { build } = await import('esbuild');
  const define = Object.fromEntries(
    Object.entries(options.define).map(([name, value]) => [name, JSON.stringify(value)]),
  );
  await build({ ...settings, absWorkingDir: root, entryPoints: [entry], outfile, define });
}

const builtin_names = new Set(builtinModules);

/**
 * Takes Node's own modules by `process.getBuiltinModule`. As ES modules all their lazy parts would be evaluated to find
 * the names they export: with `node:http` that is half of a small program's start.
 */
const builtins: Plugin = {
  name: 'builtins',
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?[a-z_/0-9]+$/ }, ({ path }) => {
      if (!path.startsWith('node:') && !builtin_names.has(path)) return undefined;
      return { path: path.replace(/^(?:node:)?/, 'node:'), namespace: 'builtin' };
    });
    build.onLoad({ filter: /^node:/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** When the newest of all that a bundle is made from changed, in milliseconds. Folders count: a file may be gone. */
function newestSource(root: string): number {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => !path.endsWith('.test.ts') && !path.includes('testdata/'))
    .map((path) => join('src', path));
  const native = join(root, 'native');
  const parts = existsSync(native) ? readdirSync(native).map((name) => join('native', name)) : [];
  const all = ['src', ...sources, ...parts, 'tools/bundle.ts', 'package-lock.json'];
  return Math.max(...all.map((path) => modified(join(root, path))));
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}

if (import.meta.main) {
  const { built, failed } = await bundle(join(import.meta.dirname, '..'));
  if (built.length > 0) console.error(`bundled ${built.join(', ')}`);
  for (const [name, why] of Object.entries(failed)) console.error(`Cannot bundle ${name}: ${why}`);
  if (Object.keys(failed).length > 0) process.exitCode = 1;
}
