/** Guests of one rule each, kept in `e2e/corpus`, on every kind of files, without a container around them. */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  createBlockingClock,
  createCapture,
  createHost,
  createMemoryFiles,
  createSource,
  type Directory,
  run,
} from '../wasi/index.ts';
import { type Container, containerOf, imageOf, temporaryFolder } from './testing.ts';

const corpus = join(import.meta.dirname, '../../e2e/corpus');
const guests = globSync('*/*.wasm', { cwd: corpus }).sort();

const image = await imageOf([
  { name: 't/file', data: 'hello' },
  { name: 't/dir/inner', data: 'inner' },
  { name: 't/empty/', type: 'directory' },
  { name: 't/link', type: 'symlink', linkname: 'file' },
  { name: 't/dirlink', type: 'symlink', linkname: 'dir' },
  { name: 't/dangling', type: 'symlink', linkname: 'nowhere' },
  { name: 't/loop', type: 'symlink', linkname: 'loop' },
]);
const empty_image = await imageOf([]);

interface Opened {
  readonly root: Directory;
  readonly container?: Container;
}

/** A folder of the host with what the image has. */
function folderOfHost(): string {
  const folder = temporaryFolder();
  for (const name of ['dir', 'empty']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'file'), 'hello');
  writeFileSync(join(folder, 'dir/inner'), 'inner');
  for (const [target, name] of [
    ['file', 'link'],
    ['dir', 'dirlink'],
    ['nowhere', 'dangling'],
    ['loop', 'loop'],
  ] as const)
    symlinkSync(target, join(folder, name));
  return folder;
}

function contained(container: Container): Opened {
  return { root: container.files.root, container };
}

const kinds: Readonly<Record<string, () => Opened>> = {
  memory: () => ({ root: createMemoryFiles().root }),
  image: () => contained(containerOf({ image })),
  'folder of the host': () => {
    const mount = { id: 1, path: '/t', source: folderOfHost(), read_only: false, kind: 'bind' as const };
    return contained(containerOf({ image: empty_image, mounts: [mount] }));
  },
};

function outcomeOf(module: WebAssembly.Module, root: Directory): string {
  const stderr = createCapture();
  const host = createHost({
    args: ['/guest.wasm', 'one', 'two words'],
    env: ['GIVEN=a value'],
    preopens: [{ name: '/', directory: root }],
    stdin: createSource({ content: new Uint8Array(0) }),
    stdout: createCapture(),
    stderr,
    clock: createBlockingClock(),
    random: (into) => crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
  });
  const { code, trap } = run(host, new WebAssembly.Instance(module, host.imports(module)));
  host.close();
  return code === 0 ? '' : `${code}: ${stderr.text()}${trap ?? ''}`;
}

for (const [kind, open] of Object.entries(kinds))
  test(`every rule of the corpus holds, files in: ${kind}`, () => {
    assert.ok(guests.length >= 250, 'the corpus is whole');
    const failures: string[] = [];
    for (const guest of guests) {
      const module = new WebAssembly.Module(readFileSync(join(corpus, guest)));
      const { root, container } = open();
      const outcome = outcomeOf(module, root);
      if (outcome !== '') failures.push(`${guest} ends with ${outcome}`);
      container?.broker.close();
    }
    assert.deepEqual(failures, []);
  });
