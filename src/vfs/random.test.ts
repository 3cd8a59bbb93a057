import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';

import { type Directory, filetype } from '../wasi/index.ts';
import {
  type Container,
  containerOf,
  creating,
  directoryAt,
  imageOf,
  outcome,
  readAll,
  reading,
  temporaryFolder,
} from './testing.ts';

type Operation =
  | {
      readonly do: 'mkdir' | 'rmdir' | 'unlink' | 'read' | 'list' | 'readlink' | 'stat';
      readonly path: readonly string[];
    }
  | { readonly do: 'rename' | 'link'; readonly path: readonly string[]; readonly to: readonly string[] }
  | { readonly do: 'write' | 'append' | 'symlink'; readonly path: readonly string[]; readonly text: string };

const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 });
const text = fc.constantFrom('one', 'longer text', 'a/b');
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('mkdir' as const, 'rmdir' as const, 'unlink' as const), path }),
    fc.record({ do: fc.constantFrom('read' as const, 'list' as const, 'readlink' as const, 'stat' as const), path }),
    fc.record({ do: fc.constantFrom('rename' as const, 'link' as const), path, to: path }),
    fc.record({ do: fc.constantFrom('write' as const, 'append' as const, 'symlink' as const), path, text }),
  ),
  { minLength: 5, maxLength: 30 },
);

/** The directory above the last name. A stop is told as what stands in the way. */
function above(root: Directory, names: readonly string[]): Directory {
  const wanted = names.slice(0, -1);
  const { directory, taken, stopped } = root.walk(wanted);
  if (taken === wanted.length) return directory;
  throw new Stopped(stopped === null ? 'NOENT' : stopped?.target === undefined ? 'NOTDIR' : 'LINK');
}

class Stopped extends Error {}

/** Does one operation and gives what a guest would see of it. */
function perform(root: Directory, operation: Operation): string {
  let seen = '';
  try {
    const directory = above(root, operation.path);
    const name = operation.path.at(-1)!;
    const failed = outcome(() => {
      seen = performIn(root, directory, name, operation);
    });
    return failed === 'SUCCESS' ? seen : failed;
  } catch (error) {
    if (error instanceof Stopped) return error.message;
    throw error;
  }
}

function performIn(root: Directory, directory: Directory, name: string, operation: Operation): string {
  switch (operation.do) {
    case 'mkdir':
      directory.makeDirectory(name);
      return '';
    case 'rmdir':
      directory.removeDirectory(name);
      return '';
    case 'unlink':
      directory.unlink(name);
      return '';
    case 'read': {
      const file = directory.open(name, reading);
      const found = readAll(file).toString();
      file.close();
      return found;
    }
    case 'list': {
      const { directory: found, taken } = directory.walk([name]);
      return taken === 0 ? 'none' : listing(found);
    }
    case 'readlink':
      return directory.readlink(name);
    case 'stat': {
      const { type, size } = directory.statChild(name);
      return type === filetype.directory ? 'directory' : `${type} ${size}`;
    }
    case 'rename':
      directory.rename(name, above(root, operation.to), operation.to.at(-1)!);
      return '';
    case 'link':
      directory.link(name, above(root, operation.to), operation.to.at(-1)!);
      return '';
    case 'write':
    case 'append': {
      const append = operation.do === 'append';
      const file = directory.open(name, { ...creating, truncate: !append, append });
      assert.equal(file.write([Buffer.from(operation.text)]), operation.text.length);
      file.close();
      return '';
    }
    case 'symlink':
      directory.symlink(operation.text, name);
      return '';
  }
}

function listing(directory: Directory): string {
  const found: string[] = [];
  for (let entries = directory.list(0n); entries.length > 0; entries = directory.list(entries.at(-1)!.next)) {
    for (const { name, type } of entries) found.push(`${name}:${type}`);
  }
  return found.sort().join(' ');
}

/** All that is below a directory, as lines. */
function wholeOf(directory: Directory, prefix = ''): string[] {
  const lines: string[] = [];
  for (const each of listing(directory).split(' ')) {
    const [name, type] = each.split(':') as [string, string];
    if (name.startsWith('.')) continue;
    const line = `${prefix}${name}`;
    if (Number(type) === filetype.directory) lines.push(line, ...wholeOf(directory.walk([name]).directory, `${line}/`));
    else if (Number(type) === filetype.symbolic_link) lines.push(`${line} -> ${directory.readlink(name)}`);
    else lines.push(`${line} = ${perform(directory, { do: 'read', path: [name] })}`);
  }
  return lines;
}

const tree = [
  { name: 'r/a/b/c', data: 'image abc' },
  { name: 'r/a/c', data: 'image ac' },
  { name: 'r/b/a/', type: 'directory' as const },
  { name: 'r/b/c', type: 'symlink' as const, linkname: '../a' },
  { name: 'r/c', data: 'image c' },
];
const image = await imageOf(tree);

function makeSame(folder: string): void {
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  mkdirSync(join(folder, 'b/a'), { recursive: true });
  writeFileSync(join(folder, 'a/b/c'), 'image abc');
  writeFileSync(join(folder, 'a/c'), 'image ac');
  writeFileSync(join(folder, 'c'), 'image c');
  fs.symlinkSync('../a', join(folder, 'b/c'));
}

test('image and writable layer together behave as one directory of the host', () => {
  fc.assert(
    fc.property(operations, (list) => {
      const source = temporaryFolder();
      makeSame(source);
      const mounts = [{ id: 1, path: '/work', source, read_only: false, kind: 'bind' as const }];
      const container = containerOf({ image, mounts });
      const union = directoryAt(container, '/r');
      const host = directoryAt(container, '/work');
      for (const operation of list) {
        assert.equal(perform(union, operation), perform(host, operation), JSON.stringify(operation));
        assert.deepEqual(wholeOf(union), wholeOf(host), JSON.stringify(operation));
      }
      const later: Container = containerOf({ image, upper: container.upper });
      assert.deepEqual(wholeOf(directoryAt(later, '/r')), wholeOf(host));
      for (const { broker } of [container, later]) broker.close();
    }),
    { numRuns: 60 },
  );
});

/** The same operation by Node's own functions. */
function performByNode(folder: string, operation: Operation): string {
  const place = join(folder, ...operation.path);
  try {
    switch (operation.do) {
      case 'mkdir':
        fs.mkdirSync(place);
        return '';
      case 'rmdir':
        fs.rmdirSync(place);
        return '';
      case 'unlink':
        fs.unlinkSync(place);
        return '';
      case 'read':
        return fs.readFileSync(place, { encoding: 'utf8', flag: fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW });
      case 'readlink':
        return fs.readlinkSync(place);
      case 'stat': {
        const stat = fs.lstatSync(place);
        if (stat.isDirectory()) return 'directory';
        return `${stat.isFile() ? filetype.regular_file : filetype.symbolic_link} ${stat.size}`;
      }
      case 'rename':
        fs.renameSync(place, join(folder, ...operation.to));
        return '';
      case 'link':
        fs.linkSync(place, join(folder, ...operation.to));
        return '';
      case 'write':
      case 'append': {
        const { O_CREAT, O_RDWR, O_TRUNC, O_APPEND, O_NOFOLLOW } = fs.constants;
        const last = operation.do === 'write' ? O_TRUNC : O_APPEND;
        fs.writeFileSync(place, operation.text, { flag: (O_CREAT | O_RDWR | O_NOFOLLOW | last) as never });
        return '';
      }
      case 'symlink':
        fs.symlinkSync(operation.text, place);
        return '';
      case 'list':
        return 'listed';
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code!.slice(1);
  }
}

function wholeByNode(folder: string, prefix = ''): string[] {
  const lines: string[] = [];
  for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const place = join(folder, entry.name);
    const line = `${prefix}${entry.name}`;
    if (entry.isDirectory()) lines.push(line, ...wholeByNode(place, `${line}/`));
    else if (entry.isSymbolicLink()) lines.push(`${line} -> ${fs.readlinkSync(place)}`);
    else lines.push(`${line} = ${fs.readFileSync(place, 'utf8')}`);
  }
  return lines;
}

test('a bind mount behaves as the directory it is', () => {
  fc.assert(
    fc.property(operations, (list) => {
      const [source, same] = [temporaryFolder(), temporaryFolder()];
      makeSame(source);
      makeSame(same);
      const mounts = [{ id: 1, path: '/work', source, read_only: false, kind: 'bind' as const }];
      const container = containerOf({ image, mounts, upper: null });
      const work = directoryAt(container, '/work');
      for (const operation of list) {
        const seen = perform(work, operation);
        // A path through a symlink is the resolver's to follow, and its walk says so here.
        if (seen === 'LINK' || operation.do === 'list') continue;
        const node = performByNode(same, operation);
        if ('to' in operation && (seen === 'NOENT' || seen === 'NOTDIR') && node !== '') continue;
        assert.equal(seen, node, JSON.stringify(operation));
      }
      assert.deepEqual(wholeOf(work), wholeByNode(same));
      container.broker.close();
    }),
    { numRuns: 100 },
  );
});
